/**
 * Lion: steps of one size, by the sign of a momentum.
 *
 *     w' = (w - (learningRate * weightDecay) * w) - learningRate * sign(beta1 * m + (1 - beta1) * g)
 *     m' = flush(beta2 * m + (1 - beta2) * g)
 *
 * Source: Chen et al. (2023), Symbolic discovery of optimization algorithms; the same recurrences as optax.lion.
 */
import { constant } from '../ops/constant.js'
import { add, flush, less, mul, sub } from '../ops/elementwise.js'
import type { LearningRate } from '../training/schedules.js'
import { checkedOptimizer, DECAY, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface Lion extends OptimizerOptions {
  readonly kind: 'lion'
  readonly learningRate: LearningRate
  readonly beta1: number
  readonly beta2: number
  readonly weightDecay: number
}

/** `lion(2e-4)` has this learning rate. Defaults: learningRate 1e-4, beta1 0.9, beta2 0.99, weightDecay 0.001. */
export function lion(options: OptionsOf<Lion> = {}): Lion {
  return checkedOptimizer<Lion>(
    { kind: 'lion', learningRate: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0.001 },
    options,
    { beta1: DECAY, beta2: DECAY, weightDecay: NOT_NEGATIVE },
  )
}

export function lionRule(config: Lion): UpdateRule<'m', never> {
  const { beta1, beta2, weightDecay } = config
  return {
    slots: ['m'],
    shared: [],
    update(now) {
      const rate = rateNow(config, now)
      const decay = mul(rate, weightDecay)
      const mix = (beta: number, m: Parameters<typeof mul>[1], g: typeof m) =>
        add(mul(constant(beta), m), mul(constant(1 - beta), g))
      const parameters = now.parameters.map(({ weight, gradient, slots }) => {
        const direction = mix(beta1, slots.m, gradient)
        const sign = sub(less(0, direction), less(direction, 0))
        const decayed = weightDecay === 0 ? weight : sub(weight, mul(decay, weight))
        return { weight: sub(decayed, mul(rate, sign)), slots: { m: flush(mix(beta2, slots.m, gradient)) } }
      })
      return { shared: {}, parameters }
    },
  }
}
