/**
 * What losses and metrics share: checks of shapes, so that what broadcasts by mistake is refused with both shapes, and
 * labels as they come.
 */
import { argMax, notEqual, oneHot, reshape, sum, type Tensor, UserError } from '@gradpool/core'
import { sameShape } from '@gradpool/core/engine'

/** @throws UserError where the shapes differ */
export function checkSameShape(name: string, output: Tensor, target: Tensor): void {
  if (sameShape(output.shape, target.shape)) return
  throw new UserError(
    `${name}: the output is ${output.toString()} and the target ${target.toString()}; they must have one shape: reshape one of them`,
  )
}

/** As `checkSameShape`, for metrics of one or a few numbers an example. @throws UserError for scalars, too */
export function checkRows(name: string, output: Tensor, target: Tensor): void {
  checkSameShape(name, output, target)
  if (output.rank === 0) throw new UserError(`${name}: the output must be [batch, ...], not f32[]`)
}

/** Labels as class numbers [batch]. @throws UserError where they do not fit the logits [batch, classes] */
export function classNumbers(name: string, logits: Tensor, labels: Tensor): Tensor {
  return fits(name, logits, labels) === 'numbers' ? labels : argMax(labels)
}

/** Labels as f32 [batch, classes], one-hot where they are class numbers. @throws as `classNumbers` */
export function labelDistribution(name: string, logits: Tensor, labels: Tensor): Tensor {
  return fits(name, logits, labels) === 'numbers' ? oneHot(labels, classesOf(logits)) : labels
}

/**
 * 1 for a label that is one of 0 … classes - 1, else 0; f32 [batch]. What is divided by it is NaN where a label is
 * outside: 0 / 0, which the trainer finds and tells.
 *
 * @param labels class numbers, u8 or i32 [batch]
 */
export function isClass(labels: Tensor, classes: number): Tensor {
  return sum(oneHot(labels, classes), -1)
}

export interface LabelOptions {
  /** The label of rows that are left out; all count by default. It need not be one of the classes. */
  readonly ignoreLabel?: number
}

/**
 * 1 for the rows that count, 0 for those of `ignoreLabel`, f32 [batch]; undefined where all count.
 *
 * @throws UserError where `ignoreLabel` is not a whole number, or the labels are not one number a row
 */
export function countedRows(name: string, labels: Tensor, { ignoreLabel }: LabelOptions): Tensor | undefined {
  if (ignoreLabel === undefined) return undefined
  if (!Number.isInteger(ignoreLabel)) {
    throw new UserError(`${name}: ignoreLabel must be a whole number, not ${String(ignoreLabel)}`)
  }
  if (labels.rank !== 1) {
    throw new UserError(`${name}: ignoreLabel needs labels that are class numbers [batch], not ${labels.toString()}`)
  }
  return notEqual(labels, ignoreLabel)
}

/** [batch] as a column [batch, 1]. */
export function asColumn(rows: Tensor): Tensor {
  return reshape(rows, [rows.size, 1])
}

export function classesOf(logits: Tensor): number {
  return logits.shape[1] ?? 1
}

function fits(name: string, logits: Tensor, labels: Tensor): 'numbers' | 'distribution' {
  const [batch, classes] = logits.shape
  if (logits.rank !== 2 || batch === undefined || classes === undefined) {
    throw new UserError(`${name}: logits must be [batch, classes], not ${logits.toString()}`)
  }
  if (labels.dtype !== 'f32' && sameShape(labels.shape, [batch])) return 'numbers'
  if (sameShape(labels.shape, [batch, classes])) return 'distribution'
  throw new UserError(
    `${name}: labels must be class numbers u8[${batch}] or i32[${batch}], or f32[${batch}, ${classes}], not ${labels.toString()}`,
  )
}
