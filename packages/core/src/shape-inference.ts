/**
 * The type of every op's value: one table from op to `infer`, used while tracing and to check a Program from a file.
 *
 * An `infer` gets the operands' types, the attributes, and the declared type of the node, which ops like reshape have
 * no other source for. It returns the node's type or throws a ShapeError that says what does not fit.
 */
import { type DType, type Shape, sizeOf } from './dtype.js'
import { ShapeError } from './errors.js'
import type { OpName } from './op-table.js'
import type { Attributes } from './program.js'

export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

export interface InferContext {
  readonly inputs: readonly TensorType[]
  readonly attributes: Attributes
  /** What the node says of itself. */
  readonly declared: TensorType
}

type Infer = (context: InferContext) => TensorType

/** The type of a node, from its op. @throws ShapeError that names the op and the operands' types */
export function inferType(op: OpName, context: InferContext): TensorType {
  try {
    checkShape(context.declared.shape)
    return INFER[op](context)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const operands = context.inputs.map(typeText).join(' and ')
    throw new ShapeError(`${op}(${operands}): ${error.message}`)
  }
}

/** `f32[10, 784]`. */
export function typeText({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(', ')}]`
}

const INFER: Readonly<Record<OpName, Infer>> = {
  input: leaf,
  constant: (context) => {
    const type = leaf(context)
    const values = context.attributes.values
    const fits = Array.isArray(values) ? values.length === sizeOf(type.shape) : isNumber(values)
    if (!fits) refuse('values must be one number, or one number for each element')
    return type
  },
  random: ({ inputs, attributes, declared }) => {
    for (const input of operands(inputs, 2)) {
      if (input.dtype !== 'i32' || input.shape.length > 0) refuse('seed and step must be i32[]')
    }
    const { distribution, purpose } = attributes
    if (distribution !== 'uniform' && distribution !== 'normal') {
      refuse('distribution must be uniform or normal')
    }
    if (!isInteger(purpose, 0, 0xffffffff)) refuse('purpose must be an integer of 32 bits')
    return { shape: declared.shape, dtype: 'f32' }
  },

  neg: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  tanh: unary,
  sigmoid: unary,
  relu: unary,
  abs: unary,
  flush: unary,
  stopGradient: unary,
  cast: ({ inputs, attributes }) => {
    const [x] = operands(inputs, 1)
    return { shape: x.shape, dtype: dtypeAttribute(attributes) }
  },

  add: elementwise(2),
  sub: elementwise(2),
  mul: elementwise(2),
  div: elementwise(2),
  max: elementwise(2),
  min: elementwise(2),
  less: elementwise(2),
  lessEqual: elementwise(2),
  equal: elementwise(2),
  select: elementwise(3),

  sum: reduction,
  reduceMax: reduction,
  argMax: (context) => ({ shape: lastAxisOp(context).shape.slice(0, -1), dtype: 'i32' }),
  softmax: lastAxisOp,
  logSoftmax: lastAxisOp,

  broadcast: ({ inputs, declared }) => {
    const [x] = operands(inputs, 1)
    const lead = declared.shape.length - x.shape.length
    const fits = x.shape.every(
      (extent, axis) => extent === 1 || extent === declared.shape[lead + axis],
    )
    if (lead < 0 || !fits) refuse(`cannot be broadcast to ${shapeText(declared.shape)}`)
    return { shape: declared.shape, dtype: x.dtype }
  },
  reshape: ({ inputs, declared }) => {
    const [x] = operands(inputs, 1)
    const [from, to] = [sizeOf(x.shape), sizeOf(declared.shape)]
    if (from !== to) {
      refuse(`${from} elements cannot be reshaped to the ${to} of ${shapeText(declared.shape)}`)
    }
    return { shape: declared.shape, dtype: x.dtype }
  },
  transpose: ({ inputs, attributes }) => {
    const [x] = operands(inputs, 1)
    const permutation = integers(attributes, 'permutation')
    const isPermutation =
      permutation.length === x.shape.length &&
      x.shape.every((_, axis) => permutation.includes(axis))
    if (!isPermutation) refuse(`${shapeText(permutation)} is not a permutation of its axes`)
    return { shape: permutation.map((axis) => x.shape[axis] ?? 1), dtype: x.dtype }
  },
  slice: ({ inputs, attributes, declared }) => {
    const [x] = operands(inputs, 1)
    const starts = integers(attributes, 'starts')
    if (!isBlock(starts, declared.shape, x.shape)) {
      refuse(`has no block of shape ${shapeText(declared.shape)} at ${shapeText(starts)}`)
    }
    return { shape: declared.shape, dtype: x.dtype }
  },
  pad: ({ inputs, attributes, declared }) => {
    const [x] = operands(inputs, 1)
    const before = integers(attributes, 'before')
    if (!isBlock(before, x.shape, declared.shape)) {
      refuse(`does not lie within ${shapeText(declared.shape)} at ${shapeText(before)}`)
    }
    return { shape: declared.shape, dtype: x.dtype }
  },
  concat: ({ inputs, attributes }) => {
    const [first] = inputs
    if (!first) return refuse('takes at least one operand')
    const axis = attributes.axis
    if (!isInteger(axis, 0, first.shape.length - 1)) return refuse('axis must name one of its axes')
    let total = 0
    for (const { dtype, shape } of inputs) {
      const fits =
        dtype === first.dtype &&
        shape.length === first.shape.length &&
        shape.every((extent, i) => i === axis || extent === first.shape[i])
      if (!fits) refuse(`operands must be alike in all but axis ${axis}`)
      total += shape[axis] ?? 0
    }
    return {
      shape: first.shape.map((extent, i) => (i === axis ? total : extent)),
      dtype: first.dtype,
    }
  },

  gather: ({ inputs }) => {
    const [table, indices] = operands(inputs, 2)
    if (table.shape.length === 0) refuse('the table must have rows: [rows, …]')
    checkIndices(indices)
    return { shape: [...indices.shape, ...table.shape.slice(1)], dtype: table.dtype }
  },
  scatterAdd: ({ inputs, declared }) => {
    const [updates, indices] = operands(inputs, 2)
    requireF32(updates)
    checkIndices(indices)
    const expected = [...indices.shape, ...declared.shape.slice(1)]
    if (declared.shape.length === 0 || shapeText(expected) !== shapeText(updates.shape)) {
      refuse('takes updates [n, …], indices i32[n], and gives [rows, …]')
    }
    return { shape: declared.shape, dtype: 'f32' }
  },
  oneHot: ({ inputs, attributes }) => {
    const [x] = operands(inputs, 1)
    const { depth } = attributes
    if (x.dtype === 'f32') refuse('takes i32 or u8')
    if (!isInteger(depth, 1)) return refuse('depth must be a positive integer')
    return { shape: [...x.shape, depth], dtype: 'f32' }
  },
  matmul: ({ inputs, attributes }) => {
    const [a, b] = operands(inputs, 2)
    requireF32(a)
    requireF32(b)
    const [m, k] = matrix(a, flag(attributes, 'transposeA'))
    const [k2, n] = matrix(b, flag(attributes, 'transposeB'))
    if (k !== k2) refuse(`the inner extents, ${k} and ${k2}, differ`)
    return { shape: [m, n], dtype: 'f32' }
  },
}

function leaf({ inputs, declared }: InferContext): TensorType {
  operands(inputs, 0)
  return declared
}

function unary({ inputs }: InferContext): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  return x
}

function elementwise(count: 2 | 3): Infer {
  return ({ inputs }) => {
    const [first, ...others] = operands(inputs, count)
    requireF32(first)
    for (const other of others) {
      requireF32(other)
      if (shapeText(other.shape) !== shapeText(first.shape)) refuse('operands must have one shape')
    }
    return first
  }
}

function reduction({ inputs, attributes }: InferContext): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  const axes = integers(attributes, 'axes')
  const ascending = axes.every((axis, i) => i === 0 || axis > (axes[i - 1] ?? axis))
  if (
    axes.length === 0 ||
    !ascending ||
    !axes.every((axis) => isInteger(axis, 0, x.shape.length - 1))
  ) {
    refuse(`axes ${shapeText(axes)} must be some of its axes, in ascending order`)
  }
  return { shape: x.shape.filter((_, axis) => !axes.includes(axis)), dtype: 'f32' }
}

function lastAxisOp({ inputs }: InferContext): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  if (x.shape.length === 0) refuse('takes at least one axis')
  return x
}

/** Exactly this many operands, as a tuple. */
function operands(inputs: readonly TensorType[], count: 0): readonly []
function operands(inputs: readonly TensorType[], count: 1): readonly [TensorType]
function operands(inputs: readonly TensorType[], count: 2): readonly [TensorType, TensorType]
function operands(
  inputs: readonly TensorType[],
  count: 2 | 3,
): readonly [TensorType, ...TensorType[]]
function operands(inputs: readonly TensorType[], count: number): readonly TensorType[] {
  if (inputs.length !== count) refuse(`takes ${count} operands`)
  return inputs
}

/** The two extents of a matrix as the product sees it. */
function matrix({ shape }: TensorType, transposed: boolean): readonly [number, number] {
  const [rows, cols] = shape
  if (rows === undefined || cols === undefined || shape.length > 2)
    return refuse('takes two matrices')
  return transposed ? [cols, rows] : [rows, cols]
}

function checkIndices({ dtype, shape }: TensorType): void {
  if (dtype !== 'i32' || shape.length !== 1) refuse('the indices must be i32[n]')
}

function requireF32({ dtype }: TensorType): void {
  if (dtype !== 'f32') refuse(`takes f32, not ${dtype}`)
}

/** Whether a block of `shape` that begins at `starts` lies within `whole`. */
function isBlock(starts: readonly number[], shape: Shape, whole: Shape): boolean {
  return (
    starts.length === shape.length &&
    whole.length === shape.length &&
    whole.every((extent, axis) => isInteger(starts[axis], 0, extent - (shape[axis] ?? Infinity)))
  )
}

function checkShape(shape: Shape): void {
  if (!shape.every((extent) => isInteger(extent, 1))) {
    refuse(`${shapeText(shape)} is not a shape: extents are positive integers`)
  }
  if (sizeOf(shape) > 0x7fffffff) refuse(`${shapeText(shape)} has more than 2^31 - 1 elements`)
}

function integers(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name]
  if (typeof value !== 'object') return refuse(`needs a list of integers, ${name}`)
  if (!value.every((item) => isInteger(item, 0))) refuse(`${name} must be integers from 0`)
  return value
}

function dtypeAttribute({ dtype }: Attributes): DType {
  if (dtype === 'f32' || dtype === 'i32' || dtype === 'u8') return dtype
  return refuse('dtype must be f32, i32 or u8')
}

function flag(attributes: Attributes, name: string): boolean {
  const value = attributes[name] ?? false
  return typeof value === 'boolean' ? value : refuse(`${name} must be true or false`)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isInteger(value: unknown, low: number, high = Infinity): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= low && value <= high
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

function refuse(complaint: string): never {
  throw new ShapeError(complaint)
}
