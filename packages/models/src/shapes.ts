/** The checks of shapes that losses and metrics share: what broadcasts by mistake is refused with both shapes. */
import { argMax, oneHot, type Tensor, UserError } from '@gradpool/core'
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
