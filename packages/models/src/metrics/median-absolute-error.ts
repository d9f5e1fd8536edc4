/** Median absolute error. */
import { type Metric, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { checkRows } from '../shapes.js'

/**
 * The median of |output - target| over all examples, exactly, averaged over the outputs of an example; the smaller the
 * better. 8 bytes an output are kept in a pass. Source: as sklearn.metrics.median_absolute_error.
 *
 * @param output [batch, ...]
 * @param target of the same shape
 * @throws UserError where the shapes differ
 */
export function medianAbsoluteError(output: Tensor, target: Tensor): Metric<number> {
  checkRows('medianAbsoluteError', output, target)
  return { rows: { output, target }, finish: finisher('medianAbsoluteError'), direction: 'min' }
}
