/** Rows of length 1. */
import { div, greater, maximum, mul, select, sqrt, square, sum, type Tensor } from '@gradpool/core'

/** The square of the length up to which a row has no direction. */
const NEGLIGIBLE = 1e-16

/**
 * Rows divided by their lengths. A row of length 1e-8 or less has no direction: it becomes zeros, which no gradient
 * passes.
 *
 * @param x [batch, features]
 */
export function unitRows(x: Tensor): Tensor {
  const squares = sum(square(x), -1, { keepDims: true })
  const scale = div(1, sqrt(maximum(squares, NEGLIGIBLE)))
  return mul(x, select(greater(squares, NEGLIGIBLE), scale, 0))
}
