/**
 * Ops that choose rows by number.
 */
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { asF32, cast, tensorOf } from './operands.js'

/**
 * Rows of a table by their numbers: `[rows, …]` and integers `[n]` give `[n, …]`.
 *
 * A number outside of the table gives a row of zeros, which no gradient passes.
 */
export function gather(table: TensorLike, indices: TensorLike): Tensor {
  return currentTrace().node({
    op: 'gather',
    inputs: [tensorOf(table), integer('gather', indices)],
  })
}

/**
 * A table of zeros, `[numRows, …]`, to which each of the updates, `[n, …]`, is added at the row of its number, in
 * order.
 *
 * An update whose number is outside of the table is left out; its gradient is zeros.
 */
export function scatterAdd(updates: TensorLike, indices: TensorLike, numRows: number): Tensor {
  const added = asF32(updates)
  return currentTrace().node({
    op: 'scatterAdd',
    inputs: [added, integer('scatterAdd', indices)],
    shape: [numRows, ...added.shape.slice(1)],
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
