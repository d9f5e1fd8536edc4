/**
 * Ops that put elements in order, along one axis. Equal elements keep their order, and NaN counts as the largest.
 */
import type { AttributesOf } from '../program/node.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace, shapeError } from '../tracing/trace.js'
import { constant } from './constant.js'
import { moveAxis, slice } from './layout.js'
import { asF32, axisOf, broadcastTo, cast } from './operands.js'

export interface SortOptions {
  /** Along which axis. Default: -1, the last. */
  readonly axis?: number
  /** From the largest to the smallest, NaN first. Default: false. */
  readonly descending?: boolean
}

/** Places in a row are told by f32, which has all whole numbers up to this one. */
const MOST_PLACES = 2 ** 24

/** The elements along an axis in ascending order, as f32; the gradient goes to where each is from. */
export function sort(x: TensorLike, { axis = -1, descending }: SortOptions = {}): Tensor {
  const tensor = asF32(x)
  return alongLastAxis('sort', tensor, axis, (keys) => sortOf(keys, keys, attributesOf(descending)))
}

/** The places, i32, of the elements along an axis in ascending order: `x` there is `sort(x)`. */
export function argSort(x: TensorLike, { axis = -1, descending }: SortOptions = {}): Tensor {
  const tensor = asF32(x)
  return alongLastAxis('argSort', tensor, axis, (keys) => {
    const { length } = keys.shape
    const extent = keys.shape[length - 1] ?? 1
    if (extent > MOST_PLACES) {
      throw shapeError(`${callText('argSort', [tensor])}: the axis has more than 2^24 elements`)
    }
    const places = broadcastTo(constant(Float32Array.from({ length: extent }, (_, i) => i)), keys.shape)
    return cast(sortOf(keys, places, attributesOf(descending)), 'i32')
  })
}

/**
 * The `count` largest elements of each row of the last axis, from the largest on, and their places in the row, i32. Of
 * equals the first come first. The gradient goes to where each value is from.
 *
 * @throws ShapeError where a row has fewer elements
 */
export function topK(x: TensorLike, count: number): { readonly values: Tensor; readonly indices: Tensor } {
  const tensor = asF32(x)
  const extent = tensor.shape.at(-1) ?? 0
  if (!Number.isInteger(count) || count < 1 || count > extent) {
    throw shapeError(`${callText('topK', [tensor])}: there are no ${count} largest of ${extent} elements`)
  }
  const first = (sorted: Tensor) =>
    slice(
      sorted,
      sorted.shape.map(() => 0),
      sorted.shape.with(-1, count),
    )
  return {
    values: first(sort(tensor, { descending: true })),
    indices: first(argSort(tensor, { descending: true })),
  }
}

type SortAttributes = AttributesOf<'sort'>

/** Both ops of sorting, by which each is differentiated. */
export function sortOf(keys: Tensor, values: Tensor, attributes: SortAttributes): Tensor {
  return currentTrace().node({ op: 'sort', inputs: [keys, values], attributes })
}

export function sortSpreadOf(keys: Tensor, g: Tensor, attributes: SortAttributes): Tensor {
  return currentTrace().node({ op: 'sortSpread', inputs: [keys, g], attributes })
}

function attributesOf(descending = false): SortAttributes {
  return descending ? { descending } : {}
}

function alongLastAxis(op: string, x: Tensor, axis: number, compute: (x: Tensor) => Tensor): Tensor {
  const from = axisOf(op, x, axis)
  return moveAxis(compute(moveAxis(x, from, x.rank - 1)), x.rank - 1, from)
}
