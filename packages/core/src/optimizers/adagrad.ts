/**
 * Adagrad: gradients divided by the root of the sum of their squares so far.
 *
 *     s' = s + q * q                                         q = g, or 0 where |g| < 2^-58
 *     w' = w - learningRate * (g / (sqrt(s') + epsilon))
 *
 * Source: Duchi, Hazan & Singer (2011); the same recurrence as torch.optim.Adagrad.
 */
import { add, div, flushBelow, mul, sqrt, sub } from '../ops/elementwise.js'
import type { LearningRate } from '../training/schedules.js'
import { ADAM_CONSTANTS } from './adam.js'
import { checkedOptimizer, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface Adagrad extends OptimizerOptions {
  readonly kind: 'adagrad'
  readonly learningRate: LearningRate
  readonly epsilon: number
}

/** `adagrad(0.1)` has this learning rate. Defaults: learningRate 0.01, epsilon 1e-10. */
export function adagrad(options: OptionsOf<Adagrad> = {}): Adagrad {
  return checkedOptimizer<Adagrad>({ kind: 'adagrad', learningRate: 0.01, epsilon: 1e-10 }, options, {
    epsilon: NOT_NEGATIVE,
  })
}

export function adagradRule(config: Adagrad): UpdateRule<'sum', never> {
  return {
    slots: ['sum'],
    shared: [],
    update(now) {
      const rate = rateNow(config, now)
      const parameters = now.parameters.map(({ weight, gradient: g, slots }) => {
        const squared = flushBelow(g, ADAM_CONSTANTS.leastSquared)
        const sum = add(slots.sum, mul(squared, squared))
        return { weight: sub(weight, mul(rate, div(g, add(sqrt(sum), config.epsilon)))), slots: { sum } }
      })
      return { shared: {}, parameters }
    },
  }
}
