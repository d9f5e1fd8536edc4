/**
 * Sums that go on along an axis.
 */
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { add } from './elementwise.js'
import { padWithZeros, slice } from './layout.js'
import { asF32, axisOf } from './operands.js'

export interface CumulativeSumOptions {
  /** From the last element to the first. Default: false. */
  readonly reverse?: boolean
}

/**
 * The sum of each element and all before it along an axis.
 *
 * Sums of 1, 2, 4, … elements are added (Hillis and Steele, Data parallel algorithms, 1986): few steps over all
 * elements, and roundings that grow with the logarithm of the extent.
 *
 * @param axis default: -1, the last
 */
export function cumsum(x: TensorLike, axis = -1, { reverse = false }: CumulativeSumOptions = {}): Tensor {
  let sums = asF32(x)
  const along = axisOf('cumsum', sums, axis)
  const extent = sums.shape[along] ?? 1
  const { shape } = sums
  const at = (place: number) => shape.map((_, each) => (each === along ? place : 0))
  for (let distance = 1; distance < extent; distance *= 2) {
    const rest = shape.map((size, each) => (each === along ? size - distance : size))
    // What is `distance` before each element, or after it; -0 and +0 aside, zeros change nothing.
    const others = slice(sums, at(reverse ? distance : 0), rest)
    sums = add(sums, padWithZeros(others, at(reverse ? 0 : distance), shape))
  }
  return sums
}
