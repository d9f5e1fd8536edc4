/** How far two vectors are from one direction. */
import { mul, sub, sum, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkMatrix, meanOfRows, type RowOptions } from './rows.js'
import { unitRows } from './unit-rows.js'

/**
 * The mean over the batch of 1 - cos(output, target); f32 scalar. It is 0 for vectors of one direction, 2 for opposite
 * ones, and 1 where either has no direction (a length of 1e-8 or less).
 *
 * @param output, target [batch, features]
 * @throws UserError where the shapes are not equal matrices, or the weights do not fit
 */
export function cosineDistance(output: Tensor, target: Tensor, options: RowOptions = {}): Tensor {
  checkMatrix('cosineDistance', 'the output', output)
  checkSameShape('cosineDistance', output, target)
  const each = sub(1, sum(mul(unitRows(output), unitRows(target)), -1))
  return withDirection(meanOfRows('cosineDistance', each, options), 'min')
}
