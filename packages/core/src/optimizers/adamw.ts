/**
 * AdamW: Adam with weight decay apart from the gradient: w first becomes w - (learningRate * weightDecay) * w,
 * which loses less of a small decay to rounding than a product with 1 - learningRate * weightDecay.
 *
 * Source: Loshchilov & Hutter (2019); the decay is scaled by the learning rate, as in torch.optim.AdamW.
 */
import { mul, sub } from '../ops/elementwise.js'
import { ADAM_DEFAULTS, ADAM_RANGES, adamStep, type Adam } from './adam.js'
import { checkedOptimizer, NOT_NEGATIVE, rateNow, type OptionsOf } from './options.js'
import type { UpdateRule } from './update-rule.js'

export interface AdamW extends Omit<Adam, 'kind'> {
  readonly kind: 'adamw'
  readonly weightDecay: number
}

/** `adamw(2e-4)` has this learning rate. Defaults: those of `adam`, and weightDecay 0.01. */
export function adamw(options: OptionsOf<AdamW> = {}): AdamW {
  return checkedOptimizer<AdamW>({ kind: 'adamw', ...ADAM_DEFAULTS, weightDecay: 0.01 }, options, {
    ...ADAM_RANGES,
    weightDecay: NOT_NEGATIVE,
  })
}

export function adamwRule(config: AdamW): UpdateRule<'m' | 'v', 'correction1' | 'correction2'> {
  return {
    slots: ['m', 'v'],
    shared: ['correction1', 'correction2'],
    update(now) {
      const learningRate = rateNow(config, now)
      const decay = mul(learningRate, config.weightDecay)
      const parameters = now.parameters.map((parameter) => ({
        ...parameter,
        weight: sub(parameter.weight, mul(decay, parameter.weight)),
      }))
      return adamStep(config, { ...now, parameters }, learningRate)
    },
  }
}
