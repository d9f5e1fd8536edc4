/** One layer after another. */
import { layer, type Module, type Tensor, type WithParameters } from '@gradpool/core'
import type { Layer } from './activation.js'

/**
 * The layers in their order; each takes what the one before it gives. Parameters are named by position: `0.weight`,
 * `0.bias`, `2.weight`, …; a step reads them of the bound layer, as `stack[0].weight`.
 */
export function sequential<const L extends readonly Module<Layer>[]>(layers: L): Module<WithParameters<Layer, L>> {
  // The type says what each is bound to, which the compiler cannot follow for a list of unknown length.
  return layer(layers, (bound) => (x: Tensor) => (bound as readonly Layer[]).reduce((value, each) => each(value), x))
}
