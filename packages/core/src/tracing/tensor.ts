/**
 * Symbolic tensors: the values that model code computes with while it is traced.
 *
 * A Tensor has a shape and a dtype but no numbers. It stands for one node of the Program that is
 * being traced, and is of no use outside of it.
 */
import { type DType, type Shape, sizeOf } from '../program/dtype.js'

/** A node of the Program being traced. Made by the ops and by `Trace`, never with `new`. */
export class Tensor {
  /** @internal */
  constructor(
    /** @internal The trace that the node belongs to: tells its tensors from those of others. */
    readonly trace: object,
    /**
     * Index of the node in its trace. A finished Program numbers its nodes anew, without the dead
     * ones.
     */
    readonly node: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  /** The number of axes; 0 for a scalar. */
  get rank(): number {
    return this.shape.length
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape)
  }

  /** For error messages and debugging: `f32[10, 784]`. */
  toString(): string {
    return `${this.dtype}[${this.shape.join(', ')}]`
  }
}

/** What ops take: a tensor, or a number that becomes an f32 constant. */
export type TensorLike = Tensor | number
