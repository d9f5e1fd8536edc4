/** The coefficient of determination. */
import { type Metric, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { checkRows } from '../shapes.js'

/**
 * 1 - Σ(target - output)² / Σ(target - mean of the targets)² over all examples, averaged over the outputs of an
 * example; the larger the better. Where all targets are equal, 1 if the outputs are, else 0.
 *
 * Computed in float64 of all outputs and targets, so a large mean costs no digits; 8 bytes an output are kept in a
 * pass. Source: as sklearn.metrics.r2_score.
 *
 * @param output [batch, ...]
 * @param target of the same shape
 * @throws UserError where the shapes differ
 */
export function r2(output: Tensor, target: Tensor): Metric<number> {
  checkRows('r2', output, target)
  return { rows: { output, target }, finish: finisher('r2'), direction: 'max' }
}
