/** What all preparations of numbers are: there, and back. */
import { cast, type Tensor, UserError } from '@gradpool/core'

export interface Scaler {
  /** Of [batch, ...], whose examples the statistics are of; f32. */
  apply(x: Tensor): Tensor
  /** The other way, to the field's own units. */
  invert(x: Tensor): Tensor
}

/** @throws UserError for examples of another shape than the statistics are of */
export function fitting(what: string, x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.slice(1).join() === shape.join()) return cast(x, 'f32')
  throw new UserError(`${what} is for examples of [${shape.join(', ')}], not of [${x.shape.slice(1).join(', ')}]`)
}

/** As f32, which is what divides; 1 in the place of 0. */
export function divisorsOf(values: readonly number[]): number[] {
  return values.map((value) => (Math.fround(value) === 0 ? 1 : value))
}
