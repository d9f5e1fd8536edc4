/**
 * Learning-rate schedules as data, and what they mean: one traced scalar per step.
 *
 * Steps count from 0. With `warmupSteps: w` the rate first grows in w equal parts up to `learningRate`, which step w - 1
 * uses, and the schedule proper begins at step w. Step numbers are exact up to 2^24.
 */
import { UserError } from '../errors.js'
import { constant } from '../ops/constant.js'
import { add, div, exp, less, maximum, minimum, mul, select, sub } from '../ops/elementwise.js'
import { cast } from '../ops/operands.js'
import type { Tensor } from '../tracing/tensor.js'

interface Warmup {
  /** Steps of linear warm-up before the schedule proper; 0 unless said. */
  readonly warmupSteps?: number
}

/** Falls along half a cosine from `learningRate` to `final` (0 unless said) at `totalSteps`, and stays there. */
export interface CosineSchedule extends Warmup {
  readonly kind: 'cosine'
  readonly learningRate: number
  readonly totalSteps: number
  readonly final?: number
}

/** Falls along a line from `learningRate` to `final` (0 unless said) at `totalSteps`, and stays there. */
export interface LinearDecay extends Warmup {
  readonly kind: 'linearDecay'
  readonly learningRate: number
  readonly totalSteps: number
  readonly final?: number
}

/** `learningRate * rate^(step / decaySteps)`; decaySteps is 1 unless said. */
export interface ExponentialDecay extends Warmup {
  readonly kind: 'exponentialDecay'
  readonly learningRate: number
  readonly rate: number
  readonly decaySteps?: number
}

/** `learningRate * rate^floor(step / decaySteps)`. */
export interface StepDecay extends Warmup {
  readonly kind: 'stepDecay'
  readonly learningRate: number
  readonly rate: number
  readonly decaySteps: number
}

/** A rate of its own for each stretch: `values[i]` before step `boundaries[i]`, the last value afterwards. */
export interface PiecewiseConstant extends Warmup {
  readonly kind: 'piecewiseConstant'
  readonly boundaries: readonly number[]
  readonly values: readonly number[]
}

export type Schedule =
  CosineSchedule | LinearDecay | ExponentialDecay | StepDecay | PiecewiseConstant

/** A rate for all steps, or a schedule. */
export type LearningRate = number | Schedule

type Options<S extends Schedule> = Omit<S, 'kind'>

export function cosine(options: Options<CosineSchedule>): CosineSchedule {
  return checked({ kind: 'cosine', ...options })
}

export function linearDecay(options: Options<LinearDecay>): LinearDecay {
  return checked({ kind: 'linearDecay', ...options })
}

export function exponentialDecay(options: Options<ExponentialDecay>): ExponentialDecay {
  return checked({ kind: 'exponentialDecay', ...options })
}

export function stepDecay(options: Options<StepDecay>): StepDecay {
  return checked({ kind: 'stepDecay', ...options })
}

export function piecewiseConstant(options: Options<PiecewiseConstant>): PiecewiseConstant {
  return checked({ kind: 'piecewiseConstant', ...options })
}

/**
 * The rate of a step, as a traced f32 scalar.
 *
 * @param step i32 scalar, from 0.
 * @throws UserError for a schedule that cannot be followed.
 */
export function learningRateAt(learningRate: LearningRate, step: Tensor): Tensor {
  checkLearningRate(learningRate)
  if (typeof learningRate === 'number') return constant(learningRate)
  const warmupSteps = learningRate.warmupSteps ?? 0
  const now = cast(step, 'f32')
  if (warmupSteps === 0) return rateAfterWarmup(learningRate, now, 0)
  const peak =
    learningRate.kind === 'piecewiseConstant' ? learningRate.values[0] : learningRate.learningRate
  const warming = mul(peak ?? 0, div(add(now, 1), warmupSteps))
  const main = rateAfterWarmup(learningRate, maximum(sub(now, warmupSteps), 0), warmupSteps)
  return select(less(now, warmupSteps), warming, main)
}

/** @param step f32 scalar: steps since the end of the warm-up. */
function rateAfterWarmup(schedule: Schedule, step: Tensor, warmupSteps: number): Tensor {
  switch (schedule.kind) {
    case 'cosine': {
      const progress = minimum(div(step, schedule.totalSteps - warmupSteps), 1)
      return between(schedule, mul(0.5, add(1, cosOfPi(progress))))
    }
    case 'linearDecay': {
      const progress = minimum(div(step, schedule.totalSteps - warmupSteps), 1)
      return between(schedule, sub(1, progress))
    }
    case 'exponentialDecay':
      return decayed(schedule, div(step, schedule.decaySteps ?? 1))
    case 'stepDecay':
      return decayed(schedule, cast(cast(div(step, schedule.decaySteps), 'i32'), 'f32'))
    case 'piecewiseConstant': {
      const { boundaries, values } = schedule
      const last = constant(values.at(-1) ?? 0)
      return boundaries.reduceRight(
        (later, boundary, i) => select(less(step, boundary - warmupSteps), values[i] ?? 0, later),
        last,
      )
    }
  }
}

/** The rate between `final` (share 0) and `learningRate` (share 1). */
function between(schedule: CosineSchedule | LinearDecay, share: Tensor): Tensor {
  const final = schedule.final ?? 0
  return add(final, mul(schedule.learningRate - final, share))
}

function decayed({ learningRate, rate }: ExponentialDecay | StepDecay, exponent: Tensor): Tensor {
  return mul(learningRate, exp(mul(Math.log(rate), exponent)))
}

/** Taylor coefficients of sin(πu) / u in powers of u², from the highest; the error for |u| ≤ 1/2 is below 1e-9. */
const SIN_OF_PI = [13, 11, 9, 7, 5, 3, 1].map((n) => {
  let coefficient = n % 4 === 1 ? 1 : -1
  for (let k = 1; k <= n; k++) coefficient *= Math.PI / k
  return coefficient
})

/**
 * cos(π x) for x in [0, 1], as sin(π (1/2 - x)); off by at most 2e-7.
 */
export function cosOfPi(x: Tensor): Tensor {
  const u = sub(0.5, x)
  const square = mul(u, u)
  const series = SIN_OF_PI.reduce<Tensor | undefined>(
    (sum, coefficient) =>
      sum === undefined ? constant(coefficient) : add(mul(sum, square), coefficient),
    undefined,
  )
  return series === undefined ? u : mul(u, series)
}

/** @throws UserError naming the field that is wrong. */
export function checkLearningRate(learningRate: LearningRate): void {
  if (typeof learningRate === 'number') {
    checkRate('learningRate', learningRate)
    return
  }
  const warmupSteps = learningRate.warmupSteps ?? 0
  checkSteps('warmupSteps', warmupSteps, 0)
  switch (learningRate.kind) {
    case 'cosine':
    case 'linearDecay':
      checkRate('learningRate', learningRate.learningRate)
      checkRate('final', learningRate.final ?? 0)
      checkSteps('totalSteps', learningRate.totalSteps, warmupSteps + 1)
      return
    case 'exponentialDecay':
    case 'stepDecay':
      checkRate('learningRate', learningRate.learningRate)
      if (!(learningRate.rate > 0 && learningRate.rate < Infinity)) {
        throw new UserError(`rate must be a positive number, not ${String(learningRate.rate)}`)
      }
      checkSteps('decaySteps', learningRate.decaySteps ?? 1, 1)
      return
    case 'piecewiseConstant':
      checkPieces(learningRate)
      return
    default:
      throw new UserError(
        `there is no learning-rate schedule of kind "${String((learningRate as { kind: unknown }).kind)}"; ` +
          'there are cosine, linearDecay, exponentialDecay, stepDecay and piecewiseConstant',
      )
  }
}

function checkPieces({ boundaries, values }: PiecewiseConstant): void {
  if (values.length !== boundaries.length + 1) {
    throw new UserError(
      `values must have one more entry than boundaries: ${boundaries.length} boundaries, ${values.length} values`,
    )
  }
  for (const value of values) checkRate('values', value)
  boundaries.forEach((boundary, i) => {
    checkSteps('boundaries', boundary, (boundaries[i - 1] ?? 0) + 1)
  })
}

function checkRate(field: string, rate: number): void {
  if (!(rate >= 0 && rate < Infinity)) {
    throw new UserError(`${field} must be a number of at least 0, not ${String(rate)}`)
  }
}

function checkSteps(field: string, steps: number, least: number): void {
  if (!Number.isInteger(steps) || steps < least) {
    throw new UserError(
      `${field} must be a whole number of at least ${least}, not ${String(steps)}`,
    )
  }
}

function checked<S extends Schedule>(schedule: S): S {
  checkLearningRate(schedule)
  return Object.freeze(schedule)
}
