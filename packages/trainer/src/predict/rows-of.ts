/** Rows of arrays that hold one row after the other. */
import type { Values } from '@gradpool/core'
import { sizeOf, type Field } from '@gradpool/core/engine'
import { ARRAYS } from './rows-in.js'

/** These rows of a field. */
export function rowsOf({ dtype, shape, values }: Field, rows: Int32Array): Values {
  const size = sizeOf(shape)
  const some = new ARRAYS[dtype](rows.length * size)
  rows.forEach((row, at) => some.set(values.subarray(row * size, (row + 1) * size), at * size))
  return some
}

/** An array of the same type. */
export function emptyLike(values: Values, length: number): Values {
  if (values instanceof Float32Array) return new Float32Array(length)
  return values instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length)
}
