/**
 * Symbolic tensors: the values that model code computes with while it is traced.
 *
 * A Tensor has a shape and a dtype but no numbers. It stands for one node of the Program that is
 * being traced, and is of no use outside of it.
 */
import { UserError } from '../errors.js'
import { type DType, type Shape, sizeOf } from '../program/dtype.js'
import { withLine } from './user-line.js'

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

  /**
   * JavaScript's operators cannot compute with tensors, and would go on with NaN or false. In a
   * text, as `${tensor}`, it is its type.
   *
   * @throws UserError that says what to write instead
   */
  [Symbol.toPrimitive](hint: 'number' | 'string' | 'default'): string {
    // `[tensor] == x` makes a text of the list. V8 tells of it in the stack, up to 13 (Node 24): later ones make the
    // text of a list without a call that shows, so that nothing here can tell it from `${tensor}`.
    const inList = hint === 'string' && /\bArray\.toString \(/.test(new Error().stack ?? '')
    if (hint === 'string' && !inList) return this.toString()
    throw new UserError(withLine(INSTEAD[inList ? 'list' : hint]))
  }
}

const INSTEAD = {
  number:
    'a tensor has no value while a model is traced: instead of tensor * 2 write mul(tensor, 2), instead of tensor > 1 ' +
    'greater(tensor, 1), and instead of if (…) select(condition, a, b)',
  default:
    'a tensor has no value while a model is traced: instead of tensor + 1 write add(tensor, 1), and instead of tensor == 1 ' +
    'equal(tensor, 1)',
  list: 'a list of tensors cannot be compared or made a text: compare with equal(tensor, …), or write tensors.join()',
  string: '',
} as const

/** What ops take: a tensor, or a number that becomes an f32 constant. */
export type TensorLike = Tensor | number
