/**
 * Examples of an op at work: operands with values, the op as we write it, and the same in an independent library.
 *
 * Values of one example are all different and well away from 0, so that no finite difference steps over a kink or a
 * tie.
 */
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { type DType, type Shape, sizeOf } from '../program/dtype.js'
import { shuffled } from '../random/random.js'
import type { Tensor } from '../tracing/tensor.js'

export interface Operand {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: readonly number[]
}

export interface Example {
  readonly operands: readonly Operand[]
  readonly ours: (...operands: Tensor[]) => Tensor
  /** The same op of tfjs; integers are int32 there. */
  readonly oracle?: (...operands: tf.Tensor[]) => tf.Tensor
  /** What it should give, where tfjs has no such op. */
  readonly expected?: readonly number[]
}

export interface OpCase {
  /** The public name of the op, or of one way to use it. */
  readonly name: string
  /** Whether its value changes smoothly with its f32 operands. Where not, their gradients are 0. */
  readonly hasGradient: boolean
  readonly examples: fc.Arbitrary<Example>
}

/** A case of any kind; most are made by functions of the tables. */
export function caseOf(name: string, examples: fc.Arbitrary<Example>, hasGradient = true): OpCase {
  return { name, hasGradient, examples }
}

/** tfjs's answer as numbers, where it gives booleans or integers. */
export function toFloat(x: tf.Tensor): tf.Tensor {
  return tf.cast(x, 'float32')
}

/** Numbers from `low` to `high`, all different, never 0, in an order that `seed` chooses; each an f32. */
export function distinctValues(count: number, seed: number, low = -2, high = 2): number[] {
  const ranks = shuffled(
    Int32Array.from({ length: count }, (_, i) => i),
    seed,
    0,
  )
  return Array.from(ranks, (rank) => Math.fround(low + ((high - low) * (rank + 0.3)) / count))
}

/** Shapes of up to three axes, of up to four elements each. */
export function shapes(minRank = 0): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 4 }), { minLength: minRank, maxLength: 3 })
}

/** Two or more shapes that broadcast to one. */
export function broadcastableShapes(count: number): fc.Arbitrary<number[][]> {
  return shapes().chain((joint) => {
    const own = fc
      .tuple(
        fc.nat({ max: joint.length }),
        fc.array(fc.boolean(), { minLength: joint.length, maxLength: joint.length }),
      )
      .map(([lead, kept]) => joint.map((extent, axis) => (kept[axis] ? extent : 1)).slice(lead))
    return fc.tuple(fc.constant(joint), ...Array.from({ length: count - 1 }, () => own))
  })
}

/** f32 operands of these shapes, whose values are all different, within one operand and between them. */
export function operandsOf(operandShapes: readonly Shape[], seed: number, low?: number, high?: number): Operand[] {
  const total = operandShapes.reduce((count, shape) => count + sizeOf(shape), 0)
  const values = distinctValues(total, seed, low, high)
  return operandShapes.map((shape) => ({
    shape,
    dtype: 'f32',
    values: values.splice(0, sizeOf(shape)),
  }))
}

/** An operand of integers from 0 up to, not including, `below`. */
export function integersOf(shape: Shape, seed: number, below: number, dtype: DType = 'i32'): Operand {
  const values = distinctValues(sizeOf(shape), seed, 0, below).map(Math.floor)
  return { shape, dtype, values }
}

export const seeds = fc.nat({ max: 0x7fffffff })
