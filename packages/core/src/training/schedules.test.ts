import { expect, test } from 'vitest'
import { constant } from '../ops/constant.js'
import { evaluate } from '../reference/reference.js'
import {
  cosine,
  cosOfPi,
  exponentialDecay,
  learningRateAt,
  linearDecay,
  oneCycle,
  piecewiseConstant,
  plateau,
  stepDecay,
  type LearningRate,
  untilTheEnd,
  warmRestarts,
} from './schedules.js'
import { traceProgram } from '../tracing/trace.js'

function rates(learningRate: LearningRate, numSteps: number): number[] {
  const program = traceProgram((trace) => {
    trace.result('rate', learningRateAt(learningRate, trace.step()))
  })
  return Array.from({ length: numSteps }, (_, step) => evaluate(program, { step }).results.rate?.[0] ?? NaN)
}

function expectRates(learningRate: LearningRate, expected: readonly number[]): void {
  const actual = rates(learningRate, expected.length)
  expected.forEach((rate, step) => expect(actual[step]).toBeCloseTo(rate, 6))
}

test('a number is the rate of every step', () => {
  expectRates(0.25, [0.25, 0.25, 0.25])
})

test('cosine falls from learningRate to final, and stays there', () => {
  const expected = Array.from({ length: 14 }, (_, step) => {
    const progress = Math.min(step / 10, 1)
    return 0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * progress))
  })
  expectRates(cosine({ learningRate: 1, totalSteps: 10, final: 0.1 }), expected)
})

test('linearDecay falls along a line, after its warm-up', () => {
  const schedule = linearDecay({ learningRate: 1, totalSteps: 6, warmupSteps: 2 })
  expectRates(schedule, [0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0])
})

test('exponentialDecay multiplies by rate every decaySteps', () => {
  expectRates(exponentialDecay({ learningRate: 1, rate: 0.25, decaySteps: 2 }), [1, 0.5, 0.25, 0.125])
})

test('stepDecay falls at multiples of decaySteps only', () => {
  const schedule = stepDecay({ learningRate: 1, rate: 0.5, decaySteps: 3, warmupSteps: 1 })
  expectRates(schedule, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25])
})

test('stepDecay finds the boundaries of far steps', () => {
  const program = traceProgram((trace) => {
    const schedule = stepDecay({ learningRate: 1, rate: 0.5, decaySteps: 999_983 })
    trace.result('rate', learningRateAt(schedule, trace.step()))
  })
  const rate = (step: number) => evaluate(program, { step }).results.rate?.[0]
  expect(rate(9 * 999_983 - 1)).toBeCloseTo(0.5 ** 8, 8)
  expect(rate(9 * 999_983)).toBeCloseTo(0.5 ** 9, 8)
})

test('piecewiseConstant changes at its boundaries', () => {
  const schedule = piecewiseConstant({ boundaries: [2, 3], values: [1, 0.5, 0.1] })
  expectRates(schedule, [1, 1, 0.5, 0.1, 0.1])
  expectRates({ ...schedule, warmupSteps: 2 }, [0.5, 1, 0.5, 0.1, 0.1])
})

test('oneCycle rises and falls along cosines', () => {
  const schedule = oneCycle({ learningRate: 1, totalSteps: 8, rise: 0.5, initial: 0.2, final: 0.1 })
  const along = (from: number, to: number, share: number) => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * share))
  const rises = [0, 0.25, 0.5, 0.75].map((share) => along(0.2, 1, share))
  const falls = [0, 0.25, 0.5, 0.75, 1, 1].map((share) => along(1, 0.1, share))
  expectRates(schedule, [...rises, ...falls])
  expectRates(untilTheEnd(oneCycle({ learningRate: 1, rise: 0, final: 0.1 }), 4), [1, along(1, 0.1, 0.25)])
  const byDefault = rates(untilTheEnd(oneCycle(1), 10), 11)
  expect([0, 2, 3, 10].map((step) => byDefault[step]?.toFixed(6))).toEqual([
    '0.040000',
    '0.760000',
    '1.000000',
    '0.000004',
  ])
})

test('warmRestarts begin anew, after longer and longer cycles', () => {
  const schedule = warmRestarts({ learningRate: 1, period: 2, warmupSteps: 1 })
  expectRates(schedule, [1, 1, 0.5, 1, 0.5, 1, 0.5])
  const [one, two, three] = [Math.SQRT1_2, 0, -Math.SQRT1_2].map((cos) => 0.5 * (1 + cos))
  const longer = warmRestarts({ learningRate: 1, period: 1, factor: 2 })
  expectRates(longer, [1, 1, 0.5, 1, one ?? 0, two ?? 0, three ?? 0, 1])
})

test('warmRestarts find the beginnings of far cycles', () => {
  for (const [period, factor, begins] of [
    [999_983, 1, 16 * 999_983],
    [3, 3, (3 * (3 ** 14 - 1)) / 2],
    [3, 2, 3 * (2 ** 22 - 1)],
  ] as const) {
    const program = traceProgram((trace) => {
      trace.result('rate', learningRateAt(warmRestarts({ learningRate: 1, period, factor }), trace.step()))
    })
    const rate = (step: number) => evaluate(program, { step }).results.rate?.[0]
    expect(rate(begins)).toBeCloseTo(1, 6)
    expect(rate(begins - 1)).toBeCloseTo(0, 6)
  }
})

test('plateau is reduced as often as was counted, after its warm-up', () => {
  const schedule = plateau({ learningRate: 1, factor: 0.5, final: 0.3, warmupSteps: 2 })
  const rate = (reductions: number, step: number) => {
    const program = traceProgram((trace) => {
      trace.result('rate', learningRateAt(schedule, trace.step(), constant(reductions)))
    })
    return evaluate(program, { step }).results.rate?.[0]
  }
  expect([rate(0, 0), rate(0, 1), rate(0, 2), rate(1, 2), rate(2, 2)].map((x) => x?.toFixed(6))).toEqual(
    [0.5, 1, 1, 0.5, 0.3].map((x) => x.toFixed(6)),
  )
  expect(() => rates(schedule, 1)).toThrow('the plateau schedule needs a training of epochs')
})

test('cosOfPi is the cosine to 2e-7', () => {
  const xs = Array.from({ length: 257 }, (_, i) => i / 256)
  const program = traceProgram((trace) => trace.result('cos', cosOfPi(constant(xs))))
  const values = evaluate(program).results.cos ?? []
  xs.forEach((x, i) => {
    expect(Math.abs((values[i] ?? NaN) - Math.cos(Math.PI * x))).toBeLessThan(2e-7)
  })
})

test.each([
  [
    () => cosine({ learningRate: 1, totalSteps: 5, warmupSteps: 5 }),
    'totalSteps must be a whole number of at least 6, not 5',
  ],
  [() => cosine({ learningRate: NaN, totalSteps: 5 }), 'learningRate must be a number of at least 0, not NaN'],
  [() => linearDecay({ learningRate: 1, totalSteps: 2.5 }), 'totalSteps must be a whole number of at least 1, not 2.5'],
  [() => exponentialDecay({ learningRate: 1, rate: 0 }), 'rate must be a positive number, not 0'],
  [
    () => stepDecay({ learningRate: 1, rate: 0.5, decaySteps: 0 }),
    'decaySteps must be a whole number of at least 1, not 0',
  ],
  [
    () => piecewiseConstant({ boundaries: [3, 3], values: [1, 2, 3] }),
    'boundaries[1] must be a whole number of at least 4, not 3',
  ],
  [
    () => piecewiseConstant({ boundaries: [3], values: [1] }),
    'values must have one more entry than boundaries: 1 boundaries, 1 values',
  ],
  [
    () => rates({ kind: 'warp' } as never, 1),
    "learningRate.kind must be 'cosine', 'linearDecay', 'exponentialDecay', 'stepDecay', 'piecewiseConstant', 'oneCycle', 'warmRestarts' or 'plateau', not 'warp'",
  ],
  [() => cosine({ learningRate: '1' as never }), "must be a number of at least 0, not '1'"],
  [
    () => cosine({ learningRate: 1, totalStep: 3 } as never),
    "cosine has no field 'totalStep'; its fields are kind, learningRate, totalSteps, final, warmupSteps",
  ],
  [() => oneCycle({ learningRate: 1, rise: 1 }), 'rise must be a number of at least 0 and below 1, not 1'],
  [
    () => warmRestarts({ learningRate: 1, period: 2, factor: 1.5 }),
    'factor must be a whole number of at least 1, not 1.5',
  ],
  [() => plateau({ learningRate: 1, factor: 1 }), 'factor must be a number above 0 and below 1, not 1'],
  [() => plateau({ learningRate: 1, patience: 0 }), 'patience must be a whole number of at least 1, not 0'],
  [() => rates(oneCycle(1), 1), 'the oneCycle schedule has no totalSteps'],
  [() => rates(cosine(1), 1), 'the cosine schedule has no totalSteps'],
  [() => piecewiseConstant({ boundaries: 3, values: [1] } as never), 'must be a list, not 3'],
])('refuses what cannot be followed (%#)', (build, message) => {
  expect(build).toThrow(message)
})

test('a number is the rate that falls until the end', () => {
  expect(cosine(0.5)).toEqual({ kind: 'cosine', learningRate: 0.5 })
  expectRates(untilTheEnd(linearDecay(1), 4), [1, 0.75, 0.5, 0.25, 0])
  const ending = linearDecay({ learningRate: 1, totalSteps: 2 })
  expect(untilTheEnd(ending, 4)).toBe(ending)
  expect(untilTheEnd(0.5, 4)).toBe(0.5)
  expect(() => untilTheEnd(cosine({ learningRate: 1, warmupSteps: 4 }), 4)).toThrow(
    'warmupSteps of the cosine schedule must be below the number of steps of the training, 4, not 4',
  )
})

test('schedules are frozen data', () => {
  const schedule = cosine({ learningRate: 1, totalSteps: 10 })
  expect(Object.isFrozen(schedule)).toBe(true)
  expect(JSON.parse(JSON.stringify(schedule))).toEqual({
    kind: 'cosine',
    learningRate: 1,
    totalSteps: 10,
  })
})
