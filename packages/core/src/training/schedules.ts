/**
 * Learning-rate schedules as data, and what they mean: one traced scalar per step.
 *
 * Steps count from 0. With `warmupSteps: w` the rate first grows in w equal parts up to `learningRate`, which step w -
 * 1 uses, and the schedule proper begins at step w. Step numbers are exact up to 2^24.
 */
import {
  check,
  checkOptions,
  isRecord,
  listOf,
  number,
  object,
  oneOf,
  positive,
  whole,
  type Checks,
} from '../checks.js'
import { FieldError, UserError } from '../errors.js'
import { constant } from '../ops/constant.js'
import { add, div, exp, less, maximum, minimum, mul, select, sub } from '../ops/elementwise.js'
import { cast } from '../ops/operands.js'
import type { Tensor } from '../tracing/tensor.js'

interface Warmup {
  /** Steps of linear warm-up before the schedule proper; Default: 0. */
  readonly warmupSteps?: number
}

/**
 * Falls from `learningRate` to `final` (default: 0) at `totalSteps` (default: the end of the training), and stays
 * there.
 */
interface Falling extends Warmup {
  readonly learningRate: number
  readonly totalSteps?: number
  readonly final?: number
}

/** Falls along half a cosine. */
export interface CosineSchedule extends Falling {
  readonly kind: 'cosine'
}

/** Falls along a line. */
export interface LinearDecay extends Falling {
  readonly kind: 'linearDecay'
}

/** `learningRate * rate^(step / decaySteps)`; default of decaySteps: 1. */
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

/**
 * Rises along half a cosine from `initial` to `learningRate`, for the share `rise` of the steps, and falls along
 * another to `final`.
 *
 * Source: Smith & Topin (2018), Super-convergence.
 */
export interface OneCycle {
  readonly kind: 'oneCycle'
  readonly learningRate: number
  /** Default: the end of the training. */
  readonly totalSteps?: number
  /** Default: 0.3. */
  readonly rise?: number
  /** Default: learningRate / 25. */
  readonly initial?: number
  /** Default: learningRate / 250,000. */
  readonly final?: number
}

/**
 * Falls along half a cosine from `learningRate` to `final` (default: 0), again and again: the first time within
 * `period` steps, each further time within `factor` (default: 1) times as many.
 *
 * Source: Loshchilov & Hutter (2017), SGDR.
 */
export interface WarmRestarts extends Warmup {
  readonly kind: 'warmRestarts'
  readonly learningRate: number
  readonly period: number
  readonly factor?: number
  readonly final?: number
}

/**
 * `learningRate`, multiplied by `factor` each time that so many epochs (`patience`) have passed in which the training's
 * `monitor` has not become better; never below `final`.
 */
export interface Plateau extends Warmup {
  readonly kind: 'plateau'
  readonly learningRate: number
  /** Default: 0.1. */
  readonly factor?: number
  /** Default: 10. */
  readonly patience?: number
  /** What counts as better is better by more than this. Default: 0. */
  readonly minDelta?: number
  /** Default: 0. */
  readonly final?: number
}

export type Schedule =
  CosineSchedule | LinearDecay | ExponentialDecay | StepDecay | PiecewiseConstant | OneCycle | WarmRestarts | Plateau

/** A rate for all steps, or a schedule. */
export type LearningRate = number | Schedule

/** `cosine(1e-3)` falls from 1e-3 to 0 over the whole training. */
export function cosine(options: number | Omit<CosineSchedule, 'kind'>): CosineSchedule {
  return made({ kind: 'cosine', ...withRate(options) })
}

/** `linearDecay(1e-3)` falls from 1e-3 to 0 over the whole training. */
export function linearDecay(options: number | Omit<LinearDecay, 'kind'>): LinearDecay {
  return made({ kind: 'linearDecay', ...withRate(options) })
}

export function exponentialDecay(options: Omit<ExponentialDecay, 'kind'>): ExponentialDecay {
  return made({ kind: 'exponentialDecay', ...options })
}

export function stepDecay(options: Omit<StepDecay, 'kind'>): StepDecay {
  return made({ kind: 'stepDecay', ...options })
}

export function piecewiseConstant(options: Omit<PiecewiseConstant, 'kind'>): PiecewiseConstant {
  return made({ kind: 'piecewiseConstant', ...options })
}

/** `oneCycle(0.01)` rises to 0.01 and falls to nearly 0 over the whole training. */
export function oneCycle(options: number | Omit<OneCycle, 'kind'>): OneCycle {
  return made({ kind: 'oneCycle', ...withRate(options) })
}

export function warmRestarts(options: Omit<WarmRestarts, 'kind'>): WarmRestarts {
  return made({ kind: 'warmRestarts', ...options })
}

/** `plateau(1e-3)` is 1e-3 until ten epochs have made nothing better, then a tenth of it, and so on. */
export function plateau(options: number | Omit<Plateau, 'kind'>): Plateau {
  return made({ kind: 'plateau', ...withRate(options) })
}

function made<S extends Schedule>(schedule: S): S {
  checkOptions(schedule.kind, checkLearningRate, schedule)
  return Object.freeze(schedule)
}

/** A number stands for the learning rate. */
function withRate<Options extends { readonly learningRate: number }>(
  options: number | Options,
): Options | { readonly learningRate: number } {
  return typeof options === 'number' ? { learningRate: options } : options
}

/**
 * The same rate, a schedule without `totalSteps` ending with the training.
 *
 * @throws UserError where its warm-up would be longer
 */
export function untilTheEnd(learningRate: LearningRate, totalSteps: number): LearningRate {
  if (typeof learningRate === 'number' || !needsAnEnd(learningRate)) return learningRate
  const { kind } = learningRate
  const warmupSteps = warmupOf(learningRate)
  if (warmupSteps >= totalSteps) {
    throw new UserError(
      `warmupSteps of the ${kind} schedule must be below the number of steps of the training, ${totalSteps}, not ${warmupSteps}`,
    )
  }
  return { ...learningRate, totalSteps }
}

function needsAnEnd(schedule: Schedule): schedule is CosineSchedule | LinearDecay | OneCycle {
  const ends = schedule.kind === 'cosine' || schedule.kind === 'linearDecay' || schedule.kind === 'oneCycle'
  return ends && schedule.totalSteps === undefined
}

function warmupOf(schedule: Schedule): number {
  return ('warmupSteps' in schedule ? schedule.warmupSteps : undefined) ?? 0
}

const rate = number(0)
const warmupSteps = [whole(0)] as const

/** What the fields of a kind must be, and the rate that they give. */
interface Kind<S extends Schedule> {
  readonly fields: Checks
  /** @param step f32 scalar: steps since the end of the warm-up */
  rateAt(schedule: S, step: Tensor, moment: Moment): Tensor
}

interface Moment {
  readonly warmupSteps: number
  /** How often a plateau has been met so far, f32 scalar. */
  readonly reductions: Tensor | undefined
}

const KINDS: { readonly [S in Schedule as S['kind']]: Kind<S> } = {
  cosine: falling((progress) => mul(0.5, add(1, cosOfPi(progress)))),
  linearDecay: falling((progress) => sub(1, progress)),
  exponentialDecay: {
    fields: { learningRate: rate, rate: positive, decaySteps: [whole(1)], warmupSteps },
    rateAt: (schedule, step) => decayed(schedule, div(step, schedule.decaySteps ?? 1)),
  },
  stepDecay: {
    fields: { learningRate: rate, rate: positive, decaySteps: whole(1), warmupSteps },
    rateAt: (schedule, step) => decayed(schedule, cast(cast(div(step, schedule.decaySteps), 'i32'), 'f32')),
  },
  piecewiseConstant: {
    fields: { boundaries: listOf(whole(1)), values: listOf(rate), warmupSteps },
    rateAt: ({ boundaries, values }, step, { warmupSteps }) =>
      boundaries.reduceRight(
        (later, boundary, i) => select(less(step, boundary - warmupSteps), values[i] ?? 0, later),
        constant(values.at(-1) ?? 0),
      ),
  },
  oneCycle: {
    fields: { learningRate: rate, totalSteps: [whole(1)], rise: [number(0, 1)], initial: [rate], final: [rate] },
    rateAt({ learningRate, totalSteps = 0, rise = 0.3, ...ends }, step) {
      const { initial = learningRate / 25, final = learningRate / 25e4 } = ends
      const peak = Math.floor(rise * totalSteps)
      const falls = alongCosine(learningRate, final, div(maximum(sub(step, peak), 0), totalSteps - peak))
      if (peak === 0) return falls
      return select(less(step, peak), alongCosine(initial, learningRate, div(step, peak)), falls)
    },
  },
  warmRestarts: {
    fields: { learningRate: rate, period: whole(1), factor: [whole(1)], final: [rate], warmupSteps },
    rateAt({ learningRate, period, factor = 1, final = 0 }, step) {
      return alongCosine(learningRate, final, progressOfCycle(step, period, factor))
    },
  },
  plateau: {
    fields: {
      learningRate: rate,
      factor: [check('a number above 0 and below 1', (x) => typeof x === 'number' && x > 0 && x < 1)],
      patience: [whole(1)],
      minDelta: [rate],
      final: [rate],
      warmupSteps,
    },
    rateAt({ learningRate, factor = 0.1, final = 0 }, _, { reductions }) {
      if (reductions === undefined) throw new UserError('the plateau schedule needs a training of epochs')
      return maximum(mul(learningRate, exp(mul(Math.log(factor), reductions))), final)
    },
  },
}

/** From `from` to `to` along half a cosine, for progress from 0 to 1. */
function alongCosine(from: number, to: number, progress: Tensor): Tensor {
  return add(to, mul(from - to, mul(0.5, add(1, cosOfPi(minimum(progress, 1))))))
}

/** How far a step is in its cycle, from 0 to 1; cycles begin at period · (1 + factor + … + factorⁿ⁻¹). */
function progressOfCycle(step: Tensor, period: number, factor: number): Tensor {
  if (factor === 1) {
    const cycle = cast(cast(div(step, period), 'i32'), 'f32')
    return div(sub(step, mul(cycle, period)), period)
  }
  let progress = div(step, period)
  for (let start = period, length = period * factor; start < MOST_STEPS; start += length, length *= factor) {
    progress = select(less(step, start), progress, div(sub(step, start), length))
  }
  return progress
}

/** Up to which steps are exact in f32. */
const MOST_STEPS = 2 ** 24

/**
 * The rate of a step, as a traced f32 scalar.
 *
 * @param step i32 scalar, from 0.
 * @param reductions how often a plateau has been met so far, f32 scalar
 * @throws UserError for a schedule that cannot be followed.
 */
export function learningRateAt(learningRate: LearningRate, step: Tensor, reductions?: Tensor): Tensor {
  checkLearningRate(learningRate)
  if (typeof learningRate === 'number') return constant(learningRate)
  if (needsAnEnd(learningRate)) {
    throw new UserError(
      `the ${learningRate.kind} schedule has no totalSteps: name them, or tell train the totalSteps of the training`,
    )
  }
  const warmupSteps = warmupOf(learningRate)
  const now = cast(step, 'f32')
  const kind: Kind<Schedule> = KINDS[learningRate.kind]
  if (warmupSteps === 0) return kind.rateAt(learningRate, now, { warmupSteps, reductions })
  const peak = learningRate.kind === 'piecewiseConstant' ? learningRate.values[0] : learningRate.learningRate
  const warming = mul(peak ?? 0, div(add(now, 1), warmupSteps))
  const main = kind.rateAt(learningRate, maximum(sub(now, warmupSteps), 0), { warmupSteps, reductions })
  return select(less(now, warmupSteps), warming, main)
}

/** @param shareOf from progress, 0 to 1, to the share of the way from `final` up to `learningRate` */
function falling(shareOf: (progress: Tensor) => Tensor): Kind<CosineSchedule | LinearDecay> {
  return {
    fields: { learningRate: rate, totalSteps: [whole(1)], final: [rate], warmupSteps },
    rateAt({ learningRate, totalSteps = 0, final = 0 }, step, { warmupSteps }) {
      const progress = minimum(div(step, totalSteps - warmupSteps), 1)
      return add(final, mul(learningRate - final, shareOf(progress)))
    },
  }
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
    (sum, coefficient) => (sum === undefined ? constant(coefficient) : add(mul(sum, square), coefficient)),
    undefined,
  )
  return series === undefined ? u : mul(u, series)
}

const knownKind = oneOf(...Object.keys(KINDS))

/** @internal Whether options are a learning rate, and not an optimizer's. */
export function isLearningRate(options: number | object): options is LearningRate {
  return typeof options === 'number' || ('kind' in options && String(options.kind) in KINDS)
}

/**
 * @param field its path in the options, for the error
 * @throws FieldError naming the field that is wrong
 */
export function checkLearningRate(learningRate: unknown, field = 'learningRate'): void {
  if (!isRecord(learningRate)) {
    rate(learningRate, field)
    return
  }
  const where = field === '' ? '' : `${field}.`
  knownKind(learningRate.kind, `${where}kind`)
  // It is one of the kinds now, and its fields are checked here.
  const schedule = learningRate as unknown as Schedule
  object({ kind: knownKind, ...KINDS[schedule.kind].fields })(schedule, field)
  if (schedule.kind === 'piecewiseConstant') checkPieces(schedule, where)
  if (schedule.kind === 'cosine' || schedule.kind === 'linearDecay') {
    const { warmupSteps = 0, totalSteps } = schedule
    if (totalSteps !== undefined) whole(warmupSteps + 1)(totalSteps, `${where}totalSteps`)
  }
}

function checkPieces({ boundaries, values }: PiecewiseConstant, where: string): void {
  if (values.length !== boundaries.length + 1) {
    throw new FieldError(
      `${where}values`,
      `must have one more entry than boundaries: ${boundaries.length} boundaries, ${values.length} values`,
    )
  }
  boundaries.forEach((boundary, i) => {
    whole((boundaries[i - 1] ?? 0) + 1)(boundary, `${where}boundaries[${i}]`)
  })
}
