/** Rows of a trained table, for words, characters and other numbered things. */
import { gather, type InitializerLike, layer, type Module, normal, parameter, type Tensor } from '@gradpool/core'
import { checkWidth } from '../widths.js'
import type { Layer } from './activation.js'

export interface EmbeddingOptions {
  /** Default: normal of standard deviation 1. */
  readonly weight?: InitializerLike
}

/** A bound embedding: a function, with its table. */
export type Embedding = Layer & { readonly weight: Tensor }

/**
 * The row of each number: integers [...] to [..., width]. A number outside of 0 … count - 1 gives zeros, and no row
 * learns from it.
 *
 * Parameter: `weight` [count, width]. A last layer that shares it is `matmul(x, words.weight, { transposeB: true })`;
 * `weight: normal(width ** -0.5)` then keeps its logits near 1.
 *
 * @throws UserError for numbers that are not whole numbers of at least 1
 */
export function embedding(count: number, width: number, options: EmbeddingOptions = {}): Module<Embedding> {
  checkWidth('embedding: count', count)
  checkWidth('embedding: width', width)
  return layer(
    { weight: parameter([count, width], options.weight ?? normal(1)) },
    (own) => (x: Tensor) => gather(own.weight, x),
  )
}
