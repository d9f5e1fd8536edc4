/** What losses have in common: the mean over rows, with weights, and checks of options. */
import { div, mean, mul, reshape, select, sum, type Tensor, UserError } from '@gradpool/core'
import { sameShape } from '@gradpool/core/engine'
import { classesOf, countedRows, isClass, type LabelOptions } from '../shapes.js'

export interface RowOptions {
  /**
   * How much each row counts, [batch], 0 or more: the loss is Σ w·l / Σ w over the rows' losses l. A row of weight 0 is
   * left out, whatever its loss; where all are 0, the loss is 0. All rows count alike by default.
   *
   * Losses of each element, such as `meanSquaredError`, also take one weight an element, in the shape of the output: a
   * mask is weights of 0 and 1.
   */
  readonly weights?: Tensor
}

/**
 * The mean over the batch, weighted where there are weights; f32 scalar.
 *
 * @param losses [batch, ...]; the loss of a row is the mean of its elements
 * @throws UserError where the weights are neither [batch] nor of the shape of the losses
 */
export function meanOfRows(name: string, losses: Tensor, options: RowOptions): Tensor {
  const { weights: given } = options
  if (given && losses.rank > 1 && sameShape(given.shape, losses.shape)) return weightedMean(losses, given)
  const weights = rowWeights(name, losses, options)
  return weights ? weightedMean(mean(asMatrix(losses), -1), weights) : mean(losses)
}

/**
 * As `meanOfRows`, of one loss a row: rows of `ignoreLabel` do not count, and a label that is none of the classes makes
 * the mean NaN.
 *
 * @param losses [batch]
 * @throws UserError where the weights are not [batch], or `ignoreLabel` does not go with the labels
 */
export function meanOfLabelledRows(
  name: string,
  losses: Tensor,
  logits: Tensor,
  labels: Tensor,
  options: RowOptions & LabelOptions,
): Tensor {
  const counted = countedRows(name, labels, options)
  if (labels.rank === 2) return meanOfRows(name, losses, options)
  const known = isClass(labels, classesOf(logits))
  const given = rowWeights(name, losses, options)
  const weights = counted && given ? mul(counted, given) : (counted ?? given)
  if (weights === undefined) return mean(div(losses, known))
  return weightedMean(div(losses, select(weights, known, 1)), weights)
}

/** The sum over all but the first axis, [batch]. */
export function sumOfRow(x: Tensor): Tensor {
  return sum(asMatrix(x), -1)
}

/** @throws UserError where `x` is not a matrix */
export function checkMatrix(name: string, what: string, x: Tensor): void {
  if (x.rank !== 2) throw new UserError(`${name}: ${what} must be [batch, features], not ${x.toString()}`)
}

/** @throws UserError where an option is not as `must` says */
export function checkOption(name: string, option: string, value: number, fits: boolean, must: string): void {
  if (fits && Number.isFinite(value)) return
  throw new UserError(`${name}: ${option} must be ${must}, not ${String(value)}`)
}

function rowWeights(name: string, losses: Tensor, { weights }: RowOptions): Tensor | undefined {
  if (weights === undefined) return undefined
  const batch = losses.shape.slice(0, 1)
  if (losses.rank > 0 && sameShape(weights.shape, batch)) return weights
  const each = losses.rank > 1 ? `, or [${losses.shape.join(', ')}], one an element` : ''
  const needed = losses.rank > 0 ? `[${batch.join('')}], one number a row${each}` : 'left out, as there are no rows'
  throw new UserError(`${name}: weights must be ${needed}, not ${weights.toString()}`)
}

/** @param losses, weights of one shape */
function weightedMean(losses: Tensor, weights: Tensor): Tensor {
  const total = sum(weights)
  // Not 0 · ∞, which is NaN.
  return div(sum(select(weights, mul(losses, weights), 0)), select(total, total, 1))
}

/** [batch, ...] as [batch, elements of a row]. */
function asMatrix(x: Tensor): Tensor {
  const [batch = 1, ...row] = x.shape
  return reshape(x, [batch, row.reduce((product, extent) => product * extent, 1)])
}
