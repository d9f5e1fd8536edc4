/**
 * Adam: steps of a size that each parameter's own gradients set.
 *
 *     m' = flush(beta1 * m + (1 - beta1) * g)
 *     v' = flush(beta2 * v + (1 - beta2) * (s * s))     s = g, or 0 where |g| < 2^-58
 *     w' = w - (stepSize * n) / (sqrt(v') * correction + epsilon)     n = m', or 0 where |m'| < 2^-111
 *
 * with stepSize = learningRate / (1 - beta1^t) and correction = 1 / sqrt(1 - beta2^t), t counted from 1. The two powers
 * are shared states that follow c' = beta * c + (1 - beta) from 0, which is 1 - beta^t without cancellation.
 *
 * Operations come in exactly the order and association of `ADAM_PATTERN`, by which engines find and fuse them.
 *
 * The squares that s leaves out are below 2^-116, and the change that n leaves out is below 2^-111 stepSize / epsilon.
 * Both would be denormal numbers on the way, in every step in which a gradient vanishes, and CPUs are slow with these.
 *
 * Source: Kingma & Ba (2015), algorithm 1.
 */
import { constant } from '../ops/constant.js'
import { add, div, flush, flushBelow, mul, sqrt, sub } from '../ops/elementwise.js'
import type { Pattern } from '../program/pattern.js'
import type { LearningRate } from '../training/schedules.js'
import type { Tensor } from '../tracing/tensor.js'
import { checkedOptimizer, DECAY, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { ParameterUpdate, ParameterState, OptimizerStep, UpdateRule } from './update-rule.js'

export interface Adam extends OptimizerOptions {
  readonly kind: 'adam'
  readonly learningRate: LearningRate
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

type Slot = 'm' | 'v'
type Shared = 'correction1' | 'correction2'

export const ADAM_DEFAULTS = {
  learningRate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
} as const

export const ADAM_RANGES = { beta1: DECAY, beta2: DECAY, epsilon: NOT_NEGATIVE } as const

/** `adam(2e-4)` has this learning rate. Defaults: learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export function adam(options: OptionsOf<Adam> = {}): Adam {
  return checkedOptimizer<Adam>({ kind: 'adam', ...ADAM_DEFAULTS }, options, ADAM_RANGES)
}

export type AdamOperand =
  | ('w' | 'm' | 'v' | 'g' | 'squared' | 'mean' | 'variance')
  | ('leastSquared' | 'leastMean')
  | ('beta1' | 'rest1' | 'beta2' | 'rest2' | 'stepSize' | 'correction' | 'epsilon')

const MEAN = movingAverage('mean', 'beta1', 'm', 'rest1', 'g')
const SQUARED: Pattern<AdamOperand> = { name: 'squared', of: ['flushBelow', 'g', 'leastSquared'] }
const VARIANCE = movingAverage('variance', 'beta2', 'v', 'rest2', ['mul', SQUARED, 'squared'])
const ROOT: Pattern<AdamOperand> = ['mul', ['sqrt', VARIANCE], 'correction']

/** Of the next weight; `mean` and `variance` are m' and v'. */
export const ADAM_PATTERN: Pattern<AdamOperand> = [
  'sub',
  'w',
  ['div', ['mul', 'stepSize', ['flushBelow', MEAN, 'leastMean']], ['add', ROOT, 'epsilon']],
]

/** What stands for these names in a step of Adam: constants of one value. */
export const ADAM_CONSTANTS = { leastSquared: 2 ** -58, leastMean: 2 ** -111 } as const

function movingAverage(
  name: AdamOperand,
  ...[decay, slot, rest, added]: readonly [AdamOperand, AdamOperand, AdamOperand, Pattern<AdamOperand>]
): Pattern<AdamOperand> {
  return { name, of: ['flush', ['add', ['mul', decay, slot], ['mul', rest, added]]] }
}

export function adamRule(config: Adam): UpdateRule<Slot, Shared> {
  return {
    slots: ['m', 'v'],
    shared: ['correction1', 'correction2'],
    update: (now) => adamStep(config, now, rateNow(config, now)),
  }
}

/** One step of Adam for all parameters, at this learning rate. */
export function adamStep(
  { beta1, beta2, epsilon }: Pick<Adam, 'beta1' | 'beta2' | 'epsilon'>,
  { shared, parameters }: OptimizerStep<Slot, Shared>,
  learningRate: Tensor,
): { shared: Record<Shared, Tensor>; parameters: ParameterUpdate<Slot>[] } {
  const decay1 = constant(beta1)
  const rest1 = constant(1 - beta1)
  const decay2 = constant(beta2)
  const rest2 = constant(1 - beta2)
  const epsilonF32 = constant(epsilon)
  const correction1 = add(mul(decay1, shared.correction1), rest1)
  const correction2 = add(mul(decay2, shared.correction2), rest2)
  const stepSize = div(learningRate, correction1)
  const correction = div(1, sqrt(correction2))
  const next = parameters.map(({ weight, gradient: g, slots }: ParameterState<Slot>) => {
    const m = flush(add(mul(decay1, slots.m), mul(rest1, g)))
    const squared = flushBelow(g, ADAM_CONSTANTS.leastSquared)
    const v = flush(add(mul(decay2, slots.v), mul(rest2, mul(squared, squared))))
    const change = div(
      mul(stepSize, flushBelow(m, ADAM_CONSTANTS.leastMean)),
      add(mul(sqrt(v), correction), epsilonF32),
    )
    return { weight: sub(weight, change), slots: { m, v } }
  })
  return { shared: { correction1, correction2 }, parameters: next }
}
