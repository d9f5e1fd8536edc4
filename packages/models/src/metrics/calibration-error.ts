/** Whether a classifier is as often right as it is sure. */
import { argMax, equal, max, type Metric, softmax, type Tensor } from '@gradpool/core'
import { finisher } from '@gradpool/core/engine'
import { classNumbers, countedRows, type LabelOptions } from '../shapes.js'

/**
 * The expected calibration error: examples are sorted into 15 equal bins by the probability of their likeliest class;
 * the sum over the bins of |mean probability - share of right answers|, weighted by their examples. The smaller the
 * better.
 *
 * Source: Guo et al., "On calibration of modern neural networks" (2017).
 *
 * @param logits [batch, classes]
 * @param labels class numbers, u8 or i32 [batch], or one-hot f32 [batch, classes]
 * @param options with `ignoreLabel`, examples of that label do not count
 * @throws UserError where neither form fits the logits, or `ignoreLabel` does not go with the labels
 */
export function calibrationError(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Metric<number> {
  const correct = equal(argMax(logits), classNumbers('calibrationError', logits, labels))
  const counted = countedRows('calibrationError', labels, options)
  return {
    rows: { confidence: max(softmax(logits), -1), correct, ...(counted && { counted }) },
    finish: finisher('calibrationError'),
    direction: 'min',
  }
}
