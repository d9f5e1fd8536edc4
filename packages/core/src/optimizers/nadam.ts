/**
 * NAdam: Adam that looks ahead as Nesterov's momentum does, with a momentum that grows.
 *
 *     d' = q * d + (1 - q)                         q = 0.96^momentumDecay; so d = 1 - 0.96^(t * momentumDecay)
 *     mu = beta1 * (1/2 + d' / 2)                  of this step; mu+ of the next, from d'
 *     c' = mu * c + (1 - mu)                       1 - (the product of all mu so far); c+ of the next, from c'
 *     m' = flush(beta1 * m + (1 - beta1) * g)
 *     v' = flush(beta2 * v + (1 - beta2) * (s * s))                            s = g, or 0 where |g| < 2^-58
 *     w' = w - (h * (1 - mu) / c' + n * mu+ / c+) * learningRate / (sqrt(v') * correction + epsilon)
 *
 * with h and n, g and m' or 0 where they are below 2^-111, and the correction of Adam. As there, what a power would be
 * is a state that follows a moving average of ones, without cancellation.
 *
 * Source: Dozat (2016); the same recurrences as torch.optim.NAdam.
 */
import { constant } from '../ops/constant.js'
import { add, div, flush, flushBelow, mul, sqrt, sub } from '../ops/elementwise.js'
import type { LearningRate } from '../training/schedules.js'
import type { Tensor } from '../tracing/tensor.js'
import { ADAM_CONSTANTS, ADAM_DEFAULTS, ADAM_RANGES } from './adam.js'
import { checkedOptimizer, NOT_NEGATIVE, rateNow, type OptimizerOptions, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface NAdam extends OptimizerOptions {
  readonly kind: 'nadam'
  readonly learningRate: LearningRate
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly momentumDecay: number
}

/** `nadam(2e-4)` has this learning rate. Defaults: those of `adam`, but learningRate 0.002, and momentumDecay 0.004. */
export function nadam(options: OptionsOf<NAdam> = {}): NAdam {
  return checkedOptimizer<NAdam>(
    { kind: 'nadam', ...ADAM_DEFAULTS, learningRate: 0.002, momentumDecay: 0.004 },
    options,
    { ...ADAM_RANGES, momentumDecay: NOT_NEGATIVE },
  )
}

export function nadamRule(config: NAdam): UpdateRule<'m' | 'v', 'warming' | 'correction1' | 'correction2'> {
  const { beta1, beta2, epsilon, momentumDecay } = config
  return {
    slots: ['m', 'v'],
    shared: ['warming', 'correction1', 'correction2'],
    update(now) {
      const rate = rateNow(config, now)
      const kept = 0.96 ** momentumDecay
      const warming = averageOfOnes(constant(kept), now.shared.warming, constant(1 - kept))
      const momentum = momentumAt(beta1, warming)
      const following = momentumAt(beta1, averageOfOnes(constant(kept), warming, constant(1 - kept)))
      const correction1 = averageOfOnes(momentum, now.shared.correction1, sub(1, momentum))
      const ahead = averageOfOnes(following, correction1, sub(1, following))
      const [decay2, rest2] = [constant(beta2), constant(1 - beta2)]
      const correction2 = averageOfOnes(decay2, now.shared.correction2, rest2)
      const correction = div(1, sqrt(correction2))
      const ofGradient = mul(rate, div(sub(1, momentum), correction1))
      const ofMean = mul(rate, div(following, ahead))
      const [decay1, rest1] = [constant(beta1), constant(1 - beta1)]
      const parameters = now.parameters.map(({ weight, gradient: g, slots }) => {
        const m = flush(add(mul(decay1, slots.m), mul(rest1, g)))
        const squared = flushBelow(g, ADAM_CONSTANTS.leastSquared)
        const v = flush(add(mul(decay2, slots.v), mul(rest2, mul(squared, squared))))
        const direction = add(
          mul(ofGradient, flushBelow(g, ADAM_CONSTANTS.leastMean)),
          mul(ofMean, flushBelow(m, ADAM_CONSTANTS.leastMean)),
        )
        return { weight: sub(weight, div(direction, add(mul(sqrt(v), correction), epsilon))), slots: { m, v } }
      })
      return { shared: { warming, correction1, correction2 }, parameters }
    },
  }
}

function averageOfOnes(decay: Tensor, sofar: Tensor, rest: Tensor): Tensor {
  return add(mul(decay, sofar), rest)
}

function momentumAt(beta1: number, warming: Tensor): Tensor {
  return mul(beta1, add(0.5, mul(0.5, warming)))
}
