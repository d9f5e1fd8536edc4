/** Which steps of padded sequences count. */
import { constant, less, reshape, type Tensor, UserError } from '@gradpool/core'
import { checkWidth } from '../widths.js'

/**
 * 1 for the steps of each row that count, 0 for those after them; f32 [batch, steps].
 *
 * Its uses: row weights of a loss over steps, `crossEntropy(reshape(logits, [-1, classes]), reshape(tags, [-1]), {
 * weights: reshape(mask, [-1]) })`; the `mask` of `attention`, as [batch, 1, 1, steps]; and means over steps, as
 * `sum(x · mask) / length`.
 *
 * @param lengths integers [batch]: how many steps of each row count
 * @param steps how many steps there are, the padding included
 * @throws UserError for lengths that are no integers [batch]
 */
export function sequenceMask(lengths: Tensor, steps: number): Tensor {
  checkWidth('sequenceMask: steps', steps)
  if (lengths.dtype === 'f32' || lengths.rank !== 1) {
    throw new UserError(`sequenceMask: lengths must be integers [batch], not ${lengths.toString()}`)
  }
  const places = constant(
    Float32Array.from({ length: steps }, (_, step) => step),
    [1, steps],
  )
  return less(places, reshape(lengths, [lengths.size, 1]))
}
