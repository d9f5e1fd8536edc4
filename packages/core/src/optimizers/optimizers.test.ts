/**
 * Optimizers against PyTorch: tools/oracles/optimizers.json has gradients as a table and the trajectories that
 * PyTorch's own optimizers give for them, in float64.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { BatchProgram } from '../training/batch-program.js'
import { parameter } from '../training/module.js'
import { mul, sub } from '../ops/elementwise.js'
import { sum } from '../ops/reduction.js'
import { evaluate } from '../reference/reference.js'
import { FieldError } from '../errors.js'
import { cosine, exponentialDecay, stepDecay, type LearningRate } from '../training/schedules.js'
import { defineModel, type Batch } from '../training/model.js'
import { train } from '../training/train.js'
import {
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  rmsprop,
  sgd,
  updateRule,
  type Clip,
  type Optimizer,
  type UpdateRule,
} from './index.js'
import { parseOptimizer } from '../engine/index.js'

interface OracleCase {
  readonly name: string
  readonly optimizer: 'sgd' | 'adam' | 'adamw' | 'rmsprop'
  readonly lr: number
  readonly momentum?: number
  readonly nesterov?: boolean
  readonly weightDecay?: number
  readonly beta1?: number
  readonly beta2?: number
  readonly alpha?: number
  readonly eps?: number
  readonly clip?: { readonly kind: 'norm' | 'value'; readonly max: number }
  readonly schedule?:
    | {
        readonly kind: 'cosine'
        readonly warmupSteps: number
        readonly totalSteps: number
        readonly min: number
      }
    | { readonly kind: 'exponential'; readonly gamma: number }
    | { readonly kind: 'step'; readonly stepSize: number; readonly gamma: number }
  readonly trajectory: Readonly<Record<string, readonly number[]>>
}

interface Oracle {
  readonly steps: number
  readonly initial: readonly number[]
  readonly gradients: readonly (readonly number[])[]
  readonly cases: readonly OracleCase[]
}

const oracleFile = new URL('../../../../tools/oracles/optimizers.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

/** A parameter whose gradient is the batch: the loss is their scalar product. */
function follow(optimizer: Optimizer | UpdateRule, clip?: Clip): BatchProgram {
  const product = defineModel({
    params: { weight: parameter([5], 'heNormal') },
    step: ({ weight }, { gradient }: Batch<'gradient'>) => ({ loss: sum(mul(weight, gradient)) }),
  })
  return train(product, {
    optimizer,
    ...(clip && { clip }),
    batchSize: 1,
    data: { fields: { gradient: { dtype: 'f32', shape: [5] } }, numExamples: 1 },
  })
}

function* trajectoryOf({ program }: BatchProgram): Generator<readonly number[]> {
  let state: Readonly<Record<string, ArrayLike<number>>> = { weight: oracle.initial }
  for (const [step, gradient] of oracle.gradients.entries()) {
    const next = evaluate(program, { state, batch: { gradient }, step })
    state = next.state
    yield [...(next.state.weight ?? [])]
  }
}

function optimizerOf(fields: OracleCase): Optimizer {
  const { lr, momentum = 0, nesterov = false, weightDecay = 0, schedule } = fields
  let learningRate: LearningRate = lr
  if (schedule?.kind === 'cosine') {
    const { warmupSteps, totalSteps, min } = schedule
    learningRate = cosine({ learningRate: lr, warmupSteps, totalSteps, final: min })
  } else if (schedule?.kind === 'exponential') {
    learningRate = exponentialDecay({ learningRate: lr, rate: schedule.gamma })
  } else if (schedule?.kind === 'step') {
    learningRate = stepDecay({
      learningRate: lr,
      rate: schedule.gamma,
      decaySteps: schedule.stepSize,
    })
  }
  const { beta1 = 0.9, beta2 = 0.999, eps: epsilon = 1e-8, alpha: decay = 0.99, clip } = fields
  const clips = { norm: clipByGlobalNorm, value: clipByValue }
  const common = { learningRate, ...(clip && { clip: clips[clip.kind](clip.max) }) }
  switch (fields.optimizer) {
    case 'sgd':
      return sgd({ ...common, momentum, nesterov, weightDecay })
    case 'adam':
      return adam({ ...common, beta1, beta2, epsilon })
    case 'adamw':
      return adamw({ ...common, beta1, beta2, epsilon, weightDecay })
    case 'rmsprop':
      return rmsprop({ ...common, decay, momentum, epsilon })
  }
}

describe('the trajectories of PyTorch', () => {
  test.each(oracle.cases)('$name', (fields) => {
    let step = 0
    let recorded = 0
    for (const weight of trajectoryOf(follow(optimizerOf(fields)))) {
      step += 1
      const expected = fields.trajectory[String(step)]
      if (!expected) continue
      recorded += 1
      expected.forEach((value, i) => {
        // Constants are f32: an error of some 1e-6 of the way that the weight has gone, and one ulp of the weight.
        const way = Math.max(Math.abs(value - (oracle.initial[i] ?? 0)), fields.lr)
        const bound = 2e-6 * way + 2 ** -23 * Math.abs(value)
        expect(Math.abs((weight[i] ?? NaN) - value)).toBeLessThan(bound)
      })
    }
    expect(recorded).toBe(Object.keys(fields.trajectory).length)
  })
})

describe('optimizers as data', () => {
  test('are frozen and plain JSON', () => {
    for (const optimizer of [sgd(), adam(), adamw(), rmsprop()]) {
      expect(Object.isFrozen(optimizer)).toBe(true)
      expect(JSON.parse(JSON.stringify(optimizer))).toEqual(optimizer)
    }
    expect(adam()).toEqual({
      kind: 'adam',
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    })
  })

  test('refuse nesterov without momentum', () => {
    const sentence = 'sgd: nesterov needs a momentum above 0, such as momentum: 0.9'
    expect(() => sgd({ nesterov: true })).toThrow(sentence)
    expect(() => parseOptimizer({ kind: 'sgd', nesterov: true, momentum: 0 })).toThrow(sentence)
    expect(sgd({ nesterov: true, momentum: 0.5 }).nesterov).toBe(true)
  })

  test('have the default where a field is undefined', () => {
    // As a program without types may give it.
    const unsaid = { learningRate: undefined, clip: undefined } as object
    for (const optimizer of [sgd, adam, adamw, rmsprop]) {
      expect(optimizer(unsaid)).toStrictEqual(optimizer())
    }
  })

  test('a number or a schedule is the learning rate', () => {
    for (const optimizer of [sgd, adam, adamw, rmsprop]) {
      expect(optimizer(2e-4)).toEqual(optimizer({ learningRate: 2e-4 }))
      expect(optimizer(cosine(2e-4))).toEqual(optimizer({ learningRate: cosine(2e-4) }))
    }
  })

  test('are read from data of any origin', () => {
    expect(parseOptimizer({ kind: 'sgd', momentum: 0.5 })).toEqual(sgd({ momentum: 0.5 }))
    const problem = (data: unknown) => {
      try {
        parseOptimizer(data)
      } catch (error) {
        return error instanceof FieldError ? [error.field, error.problem] : error
      }
      return undefined
    }
    expect(problem({ kind: 'adan' })).toEqual([
      'kind',
      "must be 'sgd', 'adam', 'adamw', 'rmsprop' or 'groups', not 'adan'",
    ])
    expect(problem({ kind: 'adam', learningRate: { kind: 'cosine', learningRate: 'x' } })).toEqual([
      'learningRate.learningRate',
      "must be a number of at least 0, not 'x'",
    ])
    expect(problem({ kind: 'sgd', nesterov: 1 })).toEqual(['nesterov', 'must be true or false, not 1'])
    expect(problem({ kind: 'sgd', lr: 1 })).toEqual([
      '',
      "has no field 'lr'; its fields are learningRate, momentum, nesterov, weightDecay, clip",
    ])
    expect(problem(null)).toEqual(['', 'must be an object, as adam() gives'])
  })

  test('a schedule without an end ends with the training', () => {
    const rate = (optimizer: Optimizer, totalSteps: number) => {
      const model = defineModel({
        params: { weight: parameter([1], 'heNormal') },
        step: ({ weight }, { gradient }: Batch<'gradient'>) => ({
          loss: sum(mul(weight, gradient)),
        }),
      })
      const data = { fields: { gradient: { dtype: 'f32', shape: [1] } }, numExamples: 1 } as const
      return train(model, { optimizer, batchSize: 1, data, totalSteps }).program.hash
    }
    expect(rate(adam(cosine(0.1)), 7)).toBe(rate(adam(cosine({ learningRate: 0.1, totalSteps: 7 })), 9))
    expect(rate(adam(cosine(0.1)), 7)).not.toBe(rate(adam(cosine(0.1)), 8))
  })

  test('can be made from the data of another', () => {
    const base = adam({ learningRate: 0.1 })
    expect(adam({ ...base, beta1: 0.8 })).toEqual({ ...base, beta1: 0.8 })
    expect(adamw(base)).toEqual({ ...base, kind: 'adamw', weightDecay: 0.01 })
  })

  test.each([
    [
      () => adam({ lr: 0.5 } as object),
      "adam has no field 'lr'; its fields are learningRate, beta1, beta2, epsilon, clip",
    ],
    [() => adam(sgd()), "adam has no field 'momentum'; its fields are learningRate, beta1, beta2, epsilon, clip"],
    [
      () => sgd({ toString: 1 } as object),
      "sgd has no field 'toString'; its fields are learningRate, momentum, nesterov, weightDecay, clip",
    ],
    [() => adam({ beta1: 1 }), 'adam: beta1 must be a number of at least 0 and below 1, not 1'],
    [() => adam({ epsilon: -1 }), 'adam: epsilon must be a number of at least 0, not -1'],
    [() => adamw({ weightDecay: NaN }), 'adamw: weightDecay must be a number of at least 0, not NaN'],
    [() => sgd({ learningRate: -0.1 }), 'learningRate must be a number of at least 0, not -0.1'],
    [() => sgd({ momentum: 2 }), 'sgd: momentum must be a number of at least 0 and below 1, not 2'],
    [() => rmsprop({ clip: { kind: 'value', max: 0 } }), 'clip.max must be a positive number, not 0'],
    [() => clipByGlobalNorm(Infinity), 'clip.max must be a positive number, not Infinity'],
    [() => sgd({ clip: { kind: 'norm' as 'value', max: 1 } }), "clip.kind must be 'globalNorm' or 'value', not 'norm'"],
    [
      () => follow({ ...adam(), kind: 'lion' as 'adam' }),
      'there is no optimizer of kind "lion"; there are sgd, adam, adamw and rmsprop',
    ],
  ])('refuses what is out of range (%#)', (build, message) => {
    expect(build).toThrow(message)
  })
})

test('a rule of one’s own has its slots in the Program', () => {
  const decaying = updateRule({
    slots: ['sum'],
    shared: ['count'],
    update: ({ shared, parameters }) => ({
      shared: { count: sub(shared.count, -1) },
      parameters: parameters.map(({ weight, gradient, slots }) => ({
        weight: sub(weight, mul(0.1, gradient)),
        slots: { sum: sub(slots.sum, mul(-1, gradient)) },
      })),
    }),
  })
  const { program } = follow(decaying)
  expect(program.updates.map(({ name }) => name)).toEqual(['weight', 'optimizer/sum/weight', 'optimizer/count'])
  const gradient = [1, 2, 3, 4, 5]
  const { state } = evaluate(program, { batch: { gradient } })
  expect([...(state['optimizer/sum/weight'] ?? [])]).toEqual(gradient)
  expect([...(state['optimizer/count'] ?? [])]).toEqual([1])
})

test('the corrections of Adam count 1 - beta^t without cancellation', () => {
  const { program } = follow(adam())
  let state: Readonly<Record<string, ArrayLike<number>>> = {}
  for (let step = 0; step < 20; step++) {
    state = evaluate(program, { state, batch: { gradient: [0, 0, 0, 0, 0] }, step }).state
  }
  expect(state['optimizer/correction1']?.[0]).toBeCloseTo(1 - 0.9 ** 20, 6)
  expect(state['optimizer/correction2']?.[0]).toBeCloseTo(1 - 0.999 ** 20, 6)
})

test('clip of train goes before that of the optimizer', () => {
  const optimizer = sgd({ learningRate: 1, clip: clipByValue(3) })
  const { program } = follow(optimizer, clipByValue(2))
  const { state } = evaluate(program, {
    state: { weight: [0, 0, 0, 0, 0] },
    batch: { gradient: [1, -1, 5, -5, 0] },
  })
  expect([...(state.weight ?? [])]).toEqual([-1, 1, -2, 2, 0])
})

test('a gradient of zero passes the norm clip unharmed', () => {
  const { program } = follow(sgd({ clip: clipByGlobalNorm(1) }))
  const { state } = evaluate(program, {
    state: { weight: oracle.initial },
    batch: { gradient: [0, 0, 0, 0, 0] },
  })
  expect([...(state.weight ?? [])]).toEqual(oracle.initial)
})

describe('the norm clip', () => {
  const stepOf = (gradient: readonly number[], max: number) => {
    const { program } = follow(sgd({ learningRate: 1, clip: clipByGlobalNorm(max) }))
    const { state } = evaluate(program, { state: { weight: [0, 0, 0, 0, 0] }, batch: { gradient } })
    return [...(state.weight ?? [])]
  }

  test.each([1e-13, 0.01, 1, 1e6, 3e13])('computes as without a scale for ordinary gradients, such as %d', (size) => {
    const gradient = [3 * size, -0.4 * size, 0.1 * size, 0, size]
    const norm = Math.sqrt(gradient.reduce((total, g) => total + g * g, 0))
    const max = Math.fround(0.7)
    expect(stepOf(gradient, 0.7)).toEqual(gradient.map((g) => 0 - g * Math.min(max / norm, 1)))
  })

  test.each([1e15, 1e25, 3e38])('holds for gradients whose squares overflow f32, such as %d', (size) => {
    const step = stepOf(
      [3, -4, 0, 0, 0].map((g) => (g / 4) * size),
      10,
    )
    ;[-6, 8, 0, 0, 0].forEach((expected, i) => expect(step[i]).toBeCloseTo(expected, 5))
  })

  test('leaves tiny gradients, and bounds them where it is tinier', () => {
    expect(stepOf([1e-30, 0, 0, 0, 0], 1)[0]).toBeCloseTo(-1e-30, 36)
    expect((stepOf([3e-25, 4e-25, 0, 0, 0], 1e-25)[0] ?? NaN) / -0.6e-25).toBeCloseTo(1, 5)
  })
})

test.each([
  ['sgd', sgd({ momentum: 0.5 }), ['optimizer/momentum/weight']],
  ['adam', adam(), ['optimizer/m/weight', 'optimizer/v/weight']],
  ['rmsprop', rmsprop({ momentum: 0.5 }), ['optimizer/v/weight', 'optimizer/momentum/weight']],
] as const)('the slots of %s never hold denormal numbers', (_, optimizer, names) => {
  const { program } = follow(optimizer)
  let state: Readonly<Record<string, ArrayLike<number>>> = Object.fromEntries(
    names.map((name) => [name, [1e-38, -1e-38, 2e-38, 0, 1]]),
  )
  for (let step = 0; step < 3; step++) {
    state = evaluate(program, { state, batch: { gradient: [0, 0, 0, 0, 0] }, step }).state
    for (const name of names) {
      for (const x of Array.from(state[name] ?? [])) {
        expect(x === 0 || Math.abs(x) >= 2 ** -126).toBe(true)
      }
    }
  }
})
