/**
 * Stochastic gradient descent, with momentum and Nesterov's look-ahead.
 *
 *     g = gradient + weightDecay * w
 *     b' = momentum * b + g
 *     w' = w - learningRate * (g | b' | g + momentum * b')     plain | momentum | nesterov
 *
 * Sources: Sutskever et al. (2013); the same recurrences as torch.optim.SGD.
 */
import { trueOrFalse } from '../checks.js'
import { FieldError } from '../errors.js'
import { add, flush, mul, sub } from '../ops/elementwise.js'
import type { LearningRate } from '../training/schedules.js'
import { checkedOptimizer, DECAY, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface Sgd extends OptimizerOptions {
  readonly kind: 'sgd'
  readonly learningRate: LearningRate
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
}

/**
 * `sgd(2e-4)` has this learning rate. Defaults: learningRate 0.01, momentum 0, nesterov false, weightDecay 0.
 *
 * @throws UserError for options out of range, and for `nesterov` without momentum, which would change nothing
 */
export function sgd(options: OptionsOf<Sgd> = {}): Sgd {
  const optimizer = checkedOptimizer<Sgd>(
    { kind: 'sgd', learningRate: 0.01, momentum: 0, nesterov: false, weightDecay: 0 },
    options,
    { momentum: DECAY, nesterov: trueOrFalse, weightDecay: NOT_NEGATIVE },
  )
  if (optimizer.nesterov && optimizer.momentum === 0) {
    throw new FieldError('nesterov', 'needs a momentum above 0, such as momentum: 0.9', 'sgd')
  }
  return optimizer
}

export type MomentumOperand = 'w' | 'rate' | 'g' | 'momentum' | 'b'

const ACCUMULATED = ['flush', ['add', ['mul', 'momentum', 'b'], 'g']] as const

/** The next weight, by which engines find and fuse the updates. */
export const SGD_PATTERNS = {
  momentum: ['sub', 'w', ['mul', 'rate', ACCUMULATED]],
  nesterov: ['sub', 'w', ['mul', 'rate', ['add', 'g', ['mul', 'momentum', ACCUMULATED]]]],
  descent: ['sub', 'w', ['mul', 'rate', 'g']],
} as const

export function sgdRule(config: Sgd): UpdateRule<'momentum', never> {
  const { momentum, nesterov, weightDecay } = config
  return {
    slots: momentum === 0 ? [] : ['momentum'],
    shared: [],
    update(now) {
      const rate = rateNow(config, now)
      const next = now.parameters.map(({ weight, gradient, slots }) => {
        const g = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, weight))
        if (momentum === 0) return { weight: sub(weight, mul(rate, g)), slots }
        const b = flush(add(mul(momentum, slots.momentum), g))
        const direction = nesterov ? add(g, mul(momentum, b)) : b
        return { weight: sub(weight, mul(rate, direction)), slots: { momentum: b } }
      })
      return { shared: {}, parameters: next }
    },
  }
}
