/**
 * RMSprop: gradients divided by a running root mean square of themselves.
 *
 *     v' = flush(decay * v + (1 - decay) * (g * g))
 *     u = g / (sqrt(v') + epsilon)
 *     b' = flush(momentum * b + u)
 *     w' = w - learningRate * (u | b')     without | with momentum
 *
 * Source: Tieleman & Hinton (2012); the same recurrences as torch.optim.RMSprop.
 */
import { constant } from '../ops/constant.js'
import { add, div, flush, mul, sqrt, sub } from '../ops/elementwise.js'
import type { LearningRate } from '../training/schedules.js'
import { checkedOptimizer, DECAY, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface RmsProp extends OptimizerOptions {
  readonly kind: 'rmsprop'
  readonly learningRate: LearningRate
  readonly decay: number
  readonly momentum: number
  readonly epsilon: number
}

/** `rmsprop(2e-4)` has this learning rate. Defaults: learningRate 0.001, decay 0.99, momentum 0, epsilon 1e-8. */
export function rmsprop(options: OptionsOf<RmsProp> = {}): RmsProp {
  return checkedOptimizer<RmsProp>(
    { kind: 'rmsprop', learningRate: 0.001, decay: 0.99, momentum: 0, epsilon: 1e-8 },
    options,
    { decay: DECAY, momentum: DECAY, epsilon: NOT_NEGATIVE },
  )
}

export function rmspropRule(config: RmsProp): UpdateRule<'v' | 'momentum', never> {
  const { decay, momentum, epsilon } = config
  return {
    slots: momentum === 0 ? ['v'] : ['v', 'momentum'],
    shared: [],
    update(now) {
      const rate = rateNow(config, now)
      const kept = constant(decay)
      const rest = constant(1 - decay)
      const next = now.parameters.map(({ weight, gradient: g, slots }) => {
        const v = flush(add(mul(kept, slots.v), mul(rest, mul(g, g))))
        const u = div(g, add(sqrt(v), epsilon))
        if (momentum === 0) return { weight: sub(weight, mul(rate, u)), slots: { ...slots, v } }
        const b = flush(add(mul(momentum, slots.momentum), u))
        return { weight: sub(weight, mul(rate, b)), slots: { v, momentum: b } }
      })
      return { shared: {}, parameters: next }
    },
  }
}
