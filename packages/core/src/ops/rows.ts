/**
 * Ops that choose rows by number.
 */
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { callText } from '../program/shape-inference.js'
import { reshape, transpose } from './layout.js'
import { asF32, axisOf, cast, tensorOf } from './operands.js'

export interface GatherOptions {
  /** The axis of the table that the numbers are of. Default: 0. */
  readonly axis?: number
}

/**
 * Rows of a table by their numbers: `[rows, …]` and integers `[n, m]`, or of any other shape, give `[n, m, …]`. With
 * `axis`, the elements along another axis, in whose place the axes of the numbers are: NumPy's `take`.
 *
 * A number outside of the table gives a row of zeros, which no gradient passes.
 */
export function gather(table: TensorLike, indices: TensorLike, { axis = 0 }: GatherOptions = {}): Tensor {
  const from = tensorOf(table)
  const numbers = integer('gather', indices)
  if (from.rank === 0) throw shapeError(`${callText('gather', [from, numbers])}: the table must have rows: [rows, …]`)
  const along = axisOf('gather', from, axis)
  const axes = from.shape.map((_, each) => each)
  const others = axes.filter((each) => each !== along)
  const rows = transpose(from, [along, ...others])
  const chosen = currentTrace().node({ op: 'gather', inputs: [rows, reshape(numbers, [numbers.size])] })
  const whole = reshape(chosen, [...numbers.shape, ...rows.shape.slice(1)])
  const moved = (each: number) => each + numbers.rank
  const before = axes.slice(0, along).map(moved)
  const after = axes.slice(along, -1).map(moved)
  return transpose(whole, [...before, ...numbers.shape.map((_, each) => each), ...after])
}

/**
 * A table of zeros, `[numRows, …]`, to which each of the updates, `[n, …]`, is added at the row of its number, in
 * order; or each of `[n, m, …]` by numbers `[n, m]`, or of any other shape.
 *
 * An update whose number is outside of the table is left out; its gradient is zeros.
 */
export function scatterAdd(updates: TensorLike, indices: TensorLike, numRows: number): Tensor {
  const added = asF32(updates)
  const numbers = integer('scatterAdd', indices)
  const leading = added.shape.slice(0, numbers.rank)
  if (leading.join() !== numbers.shape.join()) {
    throw shapeError(`${callText('scatterAdd', [added, numbers])}: the updates must begin with the axes of the indices`)
  }
  const row = added.shape.slice(numbers.rank)
  return currentTrace().node({
    op: 'scatterAdd',
    inputs: [reshape(added, [numbers.size, ...row]), reshape(numbers, [numbers.size])],
    shape: [numRows, ...row],
  })
}

/** 1 at the place that each integer names, else 0: `[…]` gives f32 `[…, depth]`. An integer outside gives zeros. */
export function oneHot(x: TensorLike, depth: number): Tensor {
  return currentTrace().node({ op: 'oneHot', inputs: [tensorOf(x)], attributes: { depth } })
}

/** Indices as i32. */
function integer(op: string, indices: TensorLike): Tensor {
  const tensor = tensorOf(indices)
  if (tensor.dtype === 'f32') throw shapeError(`${op}: the indices must be integers, not ${tensor.toString()}`)
  return cast(tensor, 'i32')
}
