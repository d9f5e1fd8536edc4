/** A multilayer perceptron. */
import type { InitializerLike } from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { classify, type Classifier } from './classify.js'

export interface MlpOptions {
  /** Features of one example: 784 for an image of 28 × 28. */
  readonly input: number
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[]
  readonly classes: number
  /** Of the hidden layers. Default: relu. */
  readonly activation?: ActivationName
  /** Of all weights. Default: that of `dense`. */
  readonly weight?: InitializerLike
  /** What each pixel is multiplied by before everything. Default: 1. */
  readonly scale?: number
}

/** A classifier without an encoder: see `classify`; its states are `head.0.weight`, `head.0.bias`, …. */
export function mlp(options: MlpOptions): Classifier {
  return classify(options)
}
