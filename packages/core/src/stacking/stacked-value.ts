/**
 * A value of which each replica has its own: one tensor with an axis more, the replica axis.
 *
 * That axis is the first, where each replica's elements are contiguous, or the one before the last, where a row of all
 * replicas is contiguous, as a product with an operand that all share wants it. A value has one of the two by nature
 * and is moved to the other where an op asks for that.
 */
import { type Shape } from '../program/dtype.js'
import { constant } from '../ops/constant.js'
import { reshape, transpose } from '../ops/layout.js'
import { broadcastTo } from '../ops/operands.js'
import type { TensorType } from '../program/shape-inference.js'
import type { Tensor } from '../tracing/tensor.js'

/** The replica axis as the first one. */
export const FIRST = 0

/** Where the replica axis is if it comes before the last of a value's own axes; first where there is but one. */
export function beforeLast(shape: Shape): number {
  return Math.max(0, shape.length - 1)
}

export class StackedValue {
  /** Of each replica. */
  readonly shape: Shape
  /** Where the replica axis is by nature; undefined where any place is as good. */
  readonly axis: number | undefined
  readonly #make: (axis: number) => Tensor
  readonly #made = new Map<number, Tensor>()

  /** @param make the tensor with its replica axis at the place by nature, or at any where there is no such place */
  constructor(shape: Shape, axis: number | undefined, make: (axis: number) => Tensor) {
    this.shape = shape
    this.axis = axis
    this.#make = make
  }

  /** A value that is there already. */
  static of(tensor: Tensor, axis: number): StackedValue {
    return new StackedValue(tensor.shape.toSpliced(axis, 1), axis, () => tensor)
  }

  /** Where the replica axis has been asked for. */
  get places(): ReadonlySet<number> {
    return new Set(this.#made.keys())
  }

  /** The tensor with its replica axis there: FIRST or `beforeLast(shape)`. */
  at(axis: number): Tensor {
    const tensor = this.#made.get(axis) ?? this.#moved(axis)
    this.#made.set(axis, tensor)
    return tensor
  }

  #moved(axis: number): Tensor {
    const natural = this.axis ?? axis
    const tensor = this.#make(natural)
    if (natural === axis) return tensor
    const others = tensor.shape.map((_, i) => i).filter((i) => i !== natural)
    return transpose(tensor, others.toSpliced(axis, 0, natural))
  }
}

/** One number for each replica, which fills the shape. */
export function fills(values: readonly number[], { shape, dtype }: TensorType): StackedValue {
  return repeated(StackedValue.of(constant(values, [values.length], dtype), FIRST), shape)
}

/** A value broadcast to a shape, replica by replica. */
export function repeated(value: StackedValue, shape: Shape): StackedValue {
  return new StackedValue(shape, undefined, (axis) => {
    const from = value.at(axis === FIRST ? FIRST : beforeLast(value.shape))
    const numReplicas = from.shape[axis === FIRST ? FIRST : beforeLast(value.shape)] ?? 1
    const to = shape.toSpliced(axis, 0, numReplicas)
    if (axis === FIRST) {
      const missing = shape.length - value.shape.length
      const ones = new Array<number>(missing).fill(1)
      return broadcastTo(reshape(from, [numReplicas, ...ones, ...value.shape]), to)
    }
    // A row of all replicas first, which elementwise ops can read as such.
    const row =
      value.shape.length > 0 ? from : broadcastTo(reshape(from, [numReplicas, 1]), to.slice(-2))
    return broadcastTo(row, to)
  })
}

/** What all replicas share, beside values that they do not. */
export function spread(shared: Tensor, axis: number, numReplicas: number): Tensor {
  const { op, inputs } = shared.trace.describe(shared)
  const [operand] = inputs
  // A broadcast is made anew, from what it repeats.
  const source =
    op === 'broadcast' && operand !== undefined ? shared.trace.tensorAt(operand) : shared
  const ones = new Array<number>(shared.rank - source.rank).fill(1)
  const aligned = reshape(source, [...ones, ...source.shape].toSpliced(axis, 0, 1))
  return broadcastTo(aligned, shared.shape.toSpliced(axis, 0, numReplicas))
}
