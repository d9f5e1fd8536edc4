/** Contrast with the rest of the batch. */
import { constant, div, logSoftmax, matmul, neg, oneHot, select, sum, type Tensor, withDirection } from '@gradpool/core'
import { checkSameShape } from '../shapes.js'
import { checkMatrix, checkOption, meanOfRows, type RowOptions } from './rows.js'
import { unitRows } from './unit-rows.js'

export interface InfoNceOptions extends RowOptions {
  /** What cosines are divided by. Default: 0.1. */
  readonly temperature?: number
}

/**
 * The cross-entropy of finding, by cosines / temperature, each row's own counterpart among those of the whole batch:
 * the mean over rows i of -log softmax_j(cos(one_i, other_j) / temperature)[i]; f32 scalar.
 *
 * The mean of `infoNce(one, other)` and `infoNce(other, one)` is the symmetric form. Source: van den Oord et al.,
 * "Representation learning with contrastive predictive coding" (2018).
 *
 * @param one, other two views of the same examples, [batch, features]
 * @throws UserError where the shapes are not equal matrices, or an option does not fit
 */
export function infoNce(one: Tensor, other: Tensor, options: InfoNceOptions = {}): Tensor {
  const { temperature = 0.1 } = options
  checkOption('infoNce', 'temperature', temperature, temperature > 0, 'positive')
  checkMatrix('infoNce', 'features', one)
  checkSameShape('infoNce', one, other)
  const cosines = matmul(unitRows(one), unitRows(other), { transposeB: true }) // [batch, batch]
  const [batch = 0] = one.shape
  const isOwn = oneHot(constant(Int32Array.from({ length: batch }, (_, row) => row)), batch)
  const each = neg(sum(select(isOwn, logSoftmax(div(cosines, temperature)), 0), -1)) // [batch]
  return withDirection(meanOfRows('infoNce', each, options), 'min')
}
