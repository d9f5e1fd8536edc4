/**
 * Optimizers against PyTorch and optax: tools/oracles/optimizers.json has gradients as a table and the trajectories
 * that their own optimizers give for them, in float64.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { BatchProgram } from '../training/batch-program.js'
import { frozen, parameter } from '../training/module.js'
import { add, mul, sub } from '../ops/elementwise.js'
import { sum } from '../ops/reduction.js'
import { evaluate } from '../reference/reference.js'
import { FieldError, UserError } from '../errors.js'
import {
  cosine,
  exponentialDecay,
  linearDecay,
  oneCycle,
  plateau,
  stepDecay,
  warmRestarts,
  type LearningRate,
  type Schedule,
} from '../training/schedules.js'
import { defineModel, type Batch } from '../training/model.js'
import type { Program } from '../program/program.js'
import { train, type TrainOptions } from '../training/train.js'
import {
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByValue,
  groups,
  lion,
  muon,
  nadam,
  rmsprop,
  sgd,
  updateRule,
  type SingleOptimizer,
  type Optimizer,
  type UpdateRule,
} from './index.js'
import { parseOptimizer } from '../engine/index.js'

interface OracleCase {
  readonly name: string
  readonly optimizer: 'sgd' | 'adam' | 'adamw' | 'rmsprop' | 'adagrad' | 'nadam' | 'lion' | 'muon'
  readonly matrix?: string
  readonly ema?: number
  readonly lr: number
  readonly momentum?: number
  readonly nesterov?: boolean
  readonly weightDecay?: number
  readonly beta1?: number
  readonly beta2?: number
  readonly alpha?: number
  readonly eps?: number
  readonly momentumDecay?: number
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
    | { readonly kind: 'oneCycle'; readonly totalSteps: number; readonly rise: number }
    | { readonly kind: 'restarts'; readonly period: number; readonly factor: number; readonly min: number }
  readonly learningRates?: readonly number[]
  readonly trajectory: Trajectory
}

type Trajectory = Readonly<Record<string, readonly number[]>>

/** What a parameter begins with, and its gradients step by step. */
interface Followed {
  readonly shape: readonly number[]
  readonly initial: readonly number[]
  readonly gradients: readonly (readonly number[])[]
}

interface Oracle {
  readonly steps: number
  readonly initial: readonly number[]
  readonly gradients: readonly (readonly number[])[]
  readonly cases: readonly OracleCase[]
  readonly groups: {
    readonly first: OracleCase
    readonly rest: OracleCase
    readonly split: number
    readonly trajectory: Trajectory
  }
  readonly matrices: Readonly<Record<string, Followed>>
}

const oracleFile = new URL('../../../../tools/oracles/optimizers.json', import.meta.url)
const oracle = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

const vector: Followed = { ...oracle, shape: [oracle.initial.length] }

/** A parameter whose gradient is the batch: the loss is their scalar product. */
function follow(
  optimizer: Optimizer | UpdateRule,
  more: Pick<TrainOptions, 'clip' | 'ema' | 'accumulate' | 'totalSteps'> = {},
  { shape }: Pick<Followed, 'shape'> = vector,
): BatchProgram {
  const product = defineModel({
    params: { weight: parameter(shape, 'heNormal') },
    step: ({ weight }, { gradient }: Batch<'gradient'>) => ({ loss: sum(mul(weight, gradient)) }),
  })
  return train(product, {
    optimizer,
    ...more,
    batchSize: 1,
    data: { fields: { gradient: { dtype: 'f32', shape } }, numExamples: 1 },
  })
}

function* trajectoryOf(
  { program }: BatchProgram,
  { initial, gradients }: Followed = vector,
): Generator<readonly number[]> {
  let state: Readonly<Record<string, ArrayLike<number>>> = { weight: initial }
  for (const [step, gradient] of gradients.entries()) {
    const next = evaluate(program, { state, batch: { gradient }, step })
    state = next.state
    yield [...(next.state.weight ?? [])]
  }
}

function optimizerOf(fields: OracleCase): SingleOptimizer {
  const { lr, momentum = 0, nesterov = false, weightDecay = 0, schedule } = fields
  let learningRate: LearningRate = lr
  if (schedule?.kind === 'cosine') {
    const { warmupSteps, totalSteps, min } = schedule
    learningRate = cosine({ learningRate: lr, warmupSteps, totalSteps, final: min })
  } else if (schedule?.kind === 'exponential') {
    learningRate = exponentialDecay({ learningRate: lr, rate: schedule.gamma })
  } else if (schedule?.kind === 'oneCycle') {
    const { totalSteps, rise } = schedule
    learningRate = oneCycle({ learningRate: lr, totalSteps, rise })
  } else if (schedule?.kind === 'restarts') {
    const { period, factor, min } = schedule
    learningRate = warmRestarts({ learningRate: lr, period, factor, final: min })
  } else if (schedule?.kind === 'step') {
    learningRate = stepDecay({
      learningRate: lr,
      rate: schedule.gamma,
      decaySteps: schedule.stepSize,
    })
  }
  const { beta1 = 0.9, beta2 = 0.999, eps: epsilon = 1e-8, alpha: decay = 0.99, momentumDecay = 0, clip } = fields
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
    case 'adagrad':
      return adagrad({ ...common, epsilon })
    case 'nadam':
      return nadam({ ...common, beta1, beta2, epsilon, momentumDecay })
    case 'lion':
      return lion({ ...common, beta1, beta2, weightDecay })
    case 'muon':
      return muon({ ...common, momentum, nesterov, weightDecay })
  }
}

/** @param share of the way that a weight has gone by which it may be off, besides one ulp of the weight */
function expectTrajectory(
  actual: Iterable<readonly number[]>,
  {
    expected,
    initial,
    least,
    share,
  }: { expected: Trajectory; initial: readonly number[]; least: number; share: number },
): void {
  let step = 0
  let recorded = 0
  for (const weight of actual) {
    step += 1
    const values = expected[String(step)]
    if (!values) continue
    recorded += 1
    values.forEach((value, i) => {
      const way = Math.max(Math.abs(value - (initial[i] ?? 0)), least)
      expect(Math.abs((weight[i] ?? NaN) - value)).toBeLessThan(share * way + 2 ** -23 * Math.abs(value))
    })
  }
  expect(recorded).toBe(Object.keys(expected).length)
}

describe('the trajectories of PyTorch and optax', () => {
  test.each(oracle.cases)('$name', (fields) => {
    const { ema, matrix, lr: least, trajectory: expected } = fields
    const followed = matrix === undefined ? vector : oracle.matrices[matrix]
    if (followed === undefined) throw new Error(`there is no matrix ${String(matrix)}`)
    const program = follow(optimizerOf(fields), ema === undefined ? {} : { ema }, followed)
    // Constants are f32: an error of some 1e-6 of the way that the weight has gone. Muon's five iterations have a slope
    // of 3.4445 each at a singular value of 0, by which half an ulp of a coefficient grows.
    const share = matrix === undefined ? 2e-6 : 3.4445 ** 5 * 2 ** -25
    expectTrajectory(trajectoryOf(program, followed), { expected, initial: followed.initial, least, share })
  })

  test('groups, one of them under a schedule', () => {
    const { first, rest, split, trajectory: expected } = oracle.groups
    const part = (begin: number, end?: number) => parameter([oracle.initial.slice(begin, end).length], 'heNormal')
    const model = defineModel({
      params: { first: part(0, split), rest: part(split) },
      step: ({ first, rest }, { a, b }: Batch<'a' | 'b'>) => ({ loss: add(sum(mul(first, a)), sum(mul(rest, b))) }),
    })
    const optimizer = groups({ first: optimizerOf(first), '*': optimizerOf(rest) })
    const fields = {
      a: { dtype: 'f32', shape: [split] },
      b: { dtype: 'f32', shape: [oracle.initial.length - split] },
    } as const
    const { program } = train(model, { optimizer, batchSize: 1, data: { fields, numExamples: 1 } })
    function* followed(): Generator<readonly number[]> {
      const { initial } = oracle
      let state: Readonly<Record<string, ArrayLike<number>>> = {
        first: initial.slice(0, split),
        rest: initial.slice(split),
      }
      for (const [step, row] of oracle.gradients.entries()) {
        state = evaluate(program, { state, batch: { a: row.slice(0, split), b: row.slice(split) }, step }).state
        yield [...Array.from(state.first ?? []), ...Array.from(state.rest ?? [])]
      }
    }
    expectTrajectory(followed(), { expected, initial: oracle.initial, least: first.lr, share: 2e-6 })
  })
})

type Maker = (options?: number | Schedule | { readonly learningRate: LearningRate }) => SingleOptimizer
const MAKERS: readonly Maker[] = [sgd, adam, adamw, nadam, rmsprop, adagrad, lion, muon]

describe('optimizers as data', () => {
  test('are frozen and plain JSON', () => {
    for (const optimizer of MAKERS.map((make) => make())) {
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
    for (const optimizer of MAKERS) {
      expect(optimizer(unsaid as { readonly learningRate: LearningRate })).toStrictEqual(optimizer())
    }
  })

  test('a number or a schedule is the learning rate', () => {
    for (const optimizer of MAKERS) {
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
      "must be 'sgd', 'adam', 'adamw', 'nadam', 'rmsprop', 'adagrad', 'lion', 'muon' or 'groups', not 'adan'",
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
      () => follow({ ...adam(), kind: 'adan' as 'adam' }),
      'there is no optimizer of kind "adan"; there are sgd, adam, adamw, nadam, rmsprop, adagrad, lion and muon',
    ],
  ])('refuses what is out of range (%#)', (build, message) => {
    expect(build).toThrow(message)
  })
})

describe('muon', () => {
  /** What a step of size 1 takes off a weight of 0 with this gradient. */
  function stepOf(shape: readonly number[], gradient: readonly number[]): readonly number[] {
    const optimizer = muon({ learningRate: 1, momentum: 0, weightDecay: 0 })
    const { program } = follow(optimizer, {}, { shape })
    const { state } = evaluate(program, { state: { weight: gradient.map(() => 0) }, batch: { gradient } })
    return Array.from(state.weight ?? [], (w) => 0 - w)
  }

  test('moves all directions by about the same, whatever the size of the gradient', () => {
    for (const size of [1e-4, 1, 1e4]) {
      const [a = 0, b = 0, c = 0, d = 0] = stepOf([2, 2], [3 * size, 0, 0, -size])
      expect([b, c]).toEqual([0, 0])
      for (const value of [a, -d]) expect(Math.abs(value - 0.95)).toBeLessThan(0.3)
    }
  })

  test('takes a filter as the matrix of its taps and channels by its outputs', () => {
    const gradient = Array.from({ length: 24 }, (_, i) => Math.sin(i * i))
    expect(stepOf([2, 3, 2, 2], gradient)).toEqual(stepOf([12, 2], gradient))
  })

  test('stays where the gradient vanishes', () => {
    expect(stepOf([2, 2], [0, 0, 0, 0])).toEqual([0, 0, 0, 0])
  })

  test('refuses what is no matrix in one sentence', () => {
    expect(() => follow(muon())).toThrow(
      new UserError(
        `muon is for matrices and filters, and "weight" is f32[5]: train it in another group, as groups({ 'weight': adamw(), '*': muon() })`,
      ),
    )
  })
})

describe('averages of weights', () => {
  const momentum = sgd({ learningRate: 0.1, momentum: 0.5 })

  test('are the states of the model; what is trained is beside them, and as without', () => {
    const [plain, averaged] = [follow(momentum).program, follow(momentum, { ema: 0.9 }).program]
    expect(averaged.states.map(({ name }) => name)).toEqual([
      'weight',
      'optimizer/raw/weight',
      'optimizer/momentum/weight',
      'optimizer/ema',
    ])
    const batch = { gradient: [1, -1, 0.5, 0, 2] }
    let state: Readonly<Record<string, ArrayLike<number>>> = {}
    let raw: Readonly<Record<string, ArrayLike<number>>> = {}
    for (let step = 0; step < 4; step++) {
      state = evaluate(averaged, { state, batch, step, seed: 7 }).state
      raw = evaluate(plain, { state: raw, batch, step, seed: 7 }).state
      expect(state['optimizer/raw/weight']).toEqual(raw.weight)
      const [average, last] = [state.weight, raw.weight].map((weight) => [...Array.from(weight ?? [])])
      if (step === 0) expect(average).toEqual(last)
      else expect(average).not.toEqual(last)
    }
  })

  test('begin with the weights that are given', () => {
    const { program } = follow(sgd(0), { ema: 0.9 })
    const given = [1, 2, 3, 4, 5]
    const { state } = evaluate(program, { state: { weight: given }, batch: { gradient: given } })
    expect([...(state.weight ?? [])]).toEqual(given)
    expect([...(state['optimizer/raw/weight'] ?? [])]).toEqual(given)
  })

  test('are of the parameters that are trained', () => {
    const model = defineModel({
      params: { still: parameter([2], 'heNormal'), live: parameter([2], 'heNormal') },
      step: ({ still, live }, { x }: Batch<'x'>) => ({ loss: sum(mul(add(still, live), x)) }),
    })
    const { program } = train(model, {
      optimizer: groups({ still: frozen(), live: sgd() }),
      ema: 0.5,
      batchSize: 1,
      data: { fields: { x: { dtype: 'f32', shape: [2] } }, numExamples: 1 },
    })
    expect(program.updates.map(({ name }) => name)).toEqual(['optimizer/raw/live', 'optimizer/ema', 'live'])
  })

  test('bound the gradients as without', () => {
    const clip = clipByGlobalNorm(0.5)
    const { program } = follow(sgd(1), { clip, ema: 0.9 })
    const { state } = evaluate(program, { state: { weight: [0, 0, 0, 0, 0] }, batch: { gradient: [3, 0, 0, 0, -4] } })
    ;[-0.3, 0, 0, 0, 0.4].forEach((w, i) => expect(state.weight?.[i]).toBeCloseTo(w, 6))
  })

  test.each([-0.1, 1, NaN])('refuse a decay of %d', (ema) => {
    expect(() => follow(sgd(), { ema })).toThrow(`ema must be a number of at least 0 and below 1, not ${ema}`)
  })
})

describe('accumulated gradients', () => {
  const batches = oracle.gradients.slice(0, 12)

  /** The weight after each of these steps, from the same first weight. */
  function weightsAfter(program: Program, gradients: readonly (readonly number[])[]): (readonly number[])[] {
    let state: Readonly<Record<string, ArrayLike<number>>> = { weight: oracle.initial }
    return gradients.map((gradient, step) => {
      state = evaluate(program, { state, batch: { gradient }, step }).state
      return Array.from(state.weight ?? [])
    })
  }

  test.each([
    ['by Adam', adam(0.1), {}],
    ['with averages', sgd({ learningRate: 0.1, momentum: 0.9 }), { ema: 0.5 }],
    ['bounded', sgd({ learningRate: 0.1, clip: clipByValue(0.3) }), { clip: clipByGlobalNorm(0.5) }],
    ['by a schedule', groups({ '*': nadam(linearDecay(0.1)) }), {}],
  ] as const)('%s make one update of their mean', (_, optimizer, more) => {
    const { program } = follow(optimizer, { ...more, accumulate: 3, totalSteps: 13 })
    const mean = (rows: readonly (readonly number[])[]) =>
      oracle.initial.map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length)
    const means = [0, 3, 6, 9].map((begin) => mean(batches.slice(begin, begin + 3)))
    const whole = weightsAfter(follow(optimizer, { ...more, totalSteps: 4 }).program, means)
    const steps = weightsAfter(program, batches)
    steps.forEach((weight, step) => {
      const expected = step < 2 ? oracle.initial : (whole[Math.floor((step - 2) / 3)] ?? [])
      // A third is an f32.
      weight.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-7))
    })
    expect(steps[10]).toEqual(steps[8])
  })

  test('begin anew in each turn, whatever was kept', () => {
    const { program } = follow(sgd(1), { accumulate: 2 })
    const kept = { weight: [0, 0, 0, 0, 0], 'optimizer/accumulated/weight': [9, 9, 9, 9, 9] }
    const batch = { gradient: [1, 0, 0, 0, -1] }
    const first = evaluate(program, { state: kept, batch, step: 4 }).state
    expect(evaluate(program, { state: first, batch, step: 5 }).state.weight?.[0]).toBe(-1)
  })

  test.each([0, 2 ** 23, 2 ** 24 + 2, 2 ** 30 + 2, 2 ** 31 - 10])('take turns of three from step %i on', (first) => {
    const { program } = follow(sgd(1), { accumulate: 3 })
    let state: Readonly<Record<string, ArrayLike<number>>> = { weight: [0, 0, 0, 0, 0] }
    const weights = Array.from({ length: 9 }, (_, i) => {
      const step = first + i
      state = evaluate(program, { state, batch: { gradient: [3 * 2 ** i, 0, 0, 0, 0] }, step }).state
      return state.weight?.[0]
    })
    const [one, two, three] = [1 + 2 + 4, 8 + 16 + 32, 64 + 128 + 256]
    expect(weights.slice(0, 2)).toEqual([0, 0])
    expect(weights[2]).toBeCloseTo(-one, 5)
    expect(weights.slice(3, 5)).toEqual([weights[2], weights[2]])
    expect(weights[5]).toBeCloseTo(-one - two, 5)
    expect(weights.slice(6, 8)).toEqual([weights[5], weights[5]])
    expect(weights[8]).toBeCloseTo(-one - two - three, 4)
  })

  test('begin anew where a training does, and go on where it was averaged within a turn', () => {
    const { program } = follow(sgd(1), { accumulate: 2 })
    const lastAfter = (turn: number, step: number) => {
      const state = {
        weight: [0, 0, 0, 0, 0],
        'optimizer/accumulated/weight': [0, 0, 0, 0, 0],
        'optimizer/turn': [turn],
      }
      return evaluate(program, { state, batch: { gradient: [2, 0, 0, 0, 0] }, step }).state
    }
    expect(lastAfter(1, 0).weight?.[0]).toBe(0)
    expect(lastAfter(1, 0)['optimizer/turn']?.[0]).toBe(1)
    expect(lastAfter(1, 1).weight?.[0]).toBe(-1)
    expect(lastAfter(0.5, 7)['optimizer/turn']?.[0]).toBe(1.5)
    expect(lastAfter(1.5, 8)['optimizer/turn']?.[0]).toBe(0)
  })

  test('are nothing where each step is an update', () => {
    expect(follow(adam(), { accumulate: 1 }).program.hash).toBe(follow(adam()).program.hash)
    expect(() => follow(adam(), { accumulate: 1.5 })).toThrow(
      'accumulate must be a whole number of at least 1, not 1.5',
    )
  })
})

test('a plateau is a state that the trainer counts', () => {
  const optimizer = groups({ weight: sgd(plateau({ learningRate: 1, factor: 0.5, final: 0.2, patience: 3 })) })
  const { program, plateaus } = follow(optimizer)
  expect(plateaus).toEqual([{ state: 'optimizer/reductions/weight', patience: 3, minDelta: 0 }])
  const moved = (reductions: number) => {
    const state = { weight: [0, 0, 0, 0, 0], 'optimizer/reductions/weight': [reductions] }
    return evaluate(program, { state, batch: { gradient: [-1, 0, 0, 0, 0] } }).state.weight?.[0]
  }
  ;[1, 0.5, 0.25, 0.2, 0.2].forEach((rate, reductions) => expect(moved(reductions)).toBeCloseTo(rate, 6))
  expect(follow(sgd(plateau(1))).plateaus).toEqual([{ state: 'optimizer/reductions', patience: 10, minDelta: 0 }])
  expect(follow(sgd(1)).plateaus).toBeUndefined()
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
  const { program } = follow(optimizer, { clip: clipByValue(2) })
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
  ['nadam', nadam(), ['optimizer/m/weight', 'optimizer/v/weight']],
  ['lion', lion(), ['optimizer/m/weight']],
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
