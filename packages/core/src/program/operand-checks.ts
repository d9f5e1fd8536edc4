/**
 * What shape inference asks of operands and numbers. Each throws a ShapeError that says what does
 * not fit.
 */
import { type Shape, sizeOf, type TensorType } from './dtype.js'
import { ShapeError } from '../errors.js'
import { MAX_ELEMENTS } from './limits.js'

/** Exactly this many operands, as a tuple. */
export function operands(inputs: readonly TensorType[], count: 0): readonly []
export function operands<T extends TensorType>(inputs: readonly T[], count: 1): readonly [T]
export function operands<T extends TensorType>(inputs: readonly T[], count: 2): readonly [T, T]
export function operands<T extends TensorType>(inputs: readonly T[], count: 2 | 3): readonly [T, ...T[]]
export function operands<T extends TensorType>(inputs: readonly T[], count: number): readonly T[] {
  if (inputs.length !== count) refuse(`it takes ${count} operands`)
  return inputs
}

/** The two extents of a matrix, or of each in a stack of them, as the product sees it. */
export function matrix({ shape }: TensorType, transposed: boolean): readonly [number, number] {
  const [rows, cols] = shape.slice(-2)
  if (rows === undefined || cols === undefined) return refuse('it takes two matrices, or two stacks of matrices')
  return transposed ? [cols, rows] : [rows, cols]
}

export function checkIndices({ dtype, shape }: TensorType): void {
  if (dtype !== 'i32' || shape.length !== 1) refuse('the indices must be i32[n]')
}

export function requireF32({ dtype }: TensorType): void {
  if (dtype !== 'f32') refuse(`it takes f32, not ${dtype}`)
}

/** Whether a block of `shape` that begins at `starts` lies within `whole`. */
export function isBlock(starts: readonly number[], shape: Shape, whole: Shape): boolean {
  return (
    starts.length === shape.length &&
    whole.length === shape.length &&
    whole.every((extent, axis) => isInteger(starts[axis], 0, extent - (shape[axis] ?? Infinity)))
  )
}

/** More axes than any model has, and few enough that checks may compare each with each. */
const MAX_AXES = 64

export function checkShape(shape: Shape): void {
  if (shape.length > MAX_AXES) refuse(`a shape has at most ${MAX_AXES} axes, not ${shape.length}`)
  if (!shape.every((extent) => isInteger(extent, 1))) {
    refuse(`${shapeText(shape)} is not a shape: extents are positive integers`)
  }
  if (sizeOf(shape) > MAX_ELEMENTS) refuse(`${shapeText(shape)} has more than 2^29 elements`)
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

export function isInteger(value: unknown, low: number, high = Infinity): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= low && value <= high
}

export function shapeText(shape: readonly number[]): string {
  const more = shape.length > MAX_AXES ? ', …' : ''
  return `[${shape.slice(0, MAX_AXES).join(', ')}${more}]`
}

export function refuse(complaint: string): never {
  throw new ShapeError(complaint)
}
