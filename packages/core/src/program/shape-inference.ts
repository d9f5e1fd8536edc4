/**
 * The type of every op's value: one table from op to `infer`, used while tracing and to check a Program from a file.
 *
 * An `infer` gets the operands' types, the attributes, and the declared type of the node, which ops like reshape have
 * no other source for. It returns the node's type or throws a ShapeError that says what does not fit.
 */
import { type DType, type Shape, sizeOf } from './dtype.js'
import { ShapeError } from '../errors.js'
import {
  checkIndices,
  checkShape,
  dtypeAttribute,
  flag,
  integers,
  isBlock,
  isInteger,
  isNumber,
  matrix,
  operands,
  refuse,
  requireF32,
  shapeText,
} from './operand-checks.js'
import type { OpName } from './op-table.js'
import type { Attribute, Attributes } from './program.js'

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

/**
 * The type of a node, from its op.
 *
 * @param name what errors call it
 * @throws ShapeError that names it and the operands' types
 */
export function inferType(op: OpName, context: InferContext, name: string = op): TensorType {
  try {
    checkShape(context.declared.shape)
    const { shape, dtype } = INFER[op](context)
    return { shape, dtype }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new ShapeError(`${callText(name, context.inputs)}: ${error.message}`)
  }
}

/** `matmul of f32[10, 784] and f32[64, 10]`, as errors begin. */
export function callText(name: string, operands: readonly TensorType[]): string {
  return operands.length > 0 ? `${name} of ${operands.map(typeText).join(' and ')}` : name
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

  sum: (context) => {
    const type = reduction(context)
    const { axes, segments } = context.attributes
    if (segments !== undefined && !(Array.isArray(axes) && axes[0] === 0)) {
      refuse('only a sum along axis 0 has segments')
    }
    checkSegments(segments, context.inputs[0]?.shape[0] ?? 0)
    return type
  },
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
    if (lead < 0 || !fits) refuse(`it cannot be broadcast to ${shapeText(declared.shape)}`)
    return { shape: declared.shape, dtype: x.dtype }
  },
  reshape: ({ inputs, declared }) => {
    const [x] = operands(inputs, 1)
    const [from, to] = [sizeOf(x.shape), sizeOf(declared.shape)]
    if (from !== to) {
      refuse(`${from} elements do not fill the ${to} of ${shapeText(declared.shape)}`)
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
      refuse(`there is no block of shape ${shapeText(declared.shape)} at ${shapeText(starts)}`)
    }
    return { shape: declared.shape, dtype: x.dtype }
  },
  pad: ({ inputs, attributes, declared }) => {
    const [x] = operands(inputs, 1)
    const before = integers(attributes, 'before')
    if (!isBlock(before, x.shape, declared.shape)) {
      refuse(`it does not lie within ${shapeText(declared.shape)} at ${shapeText(before)}`)
    }
    return { shape: declared.shape, dtype: x.dtype }
  },
  concat: ({ inputs, attributes }) => {
    const [first] = inputs
    if (!first) return refuse('it takes at least one operand')
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
      refuse('it takes updates [n, …], indices i32[n], and gives [rows, …]')
    }
    return { shape: declared.shape, dtype: 'f32' }
  },
  oneHot: ({ inputs, attributes }) => {
    const [x] = operands(inputs, 1)
    const { depth } = attributes
    if (x.dtype === 'f32') refuse('it takes i32 or u8')
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
    if (attributes.segments !== undefined && a.shape.length > 2) {
      refuse('only a product of two matrices has segments')
    }
    checkSegments(attributes.segments, k)
    const products = a.shape.slice(0, -2)
    if (shapeText(products) !== shapeText(b.shape.slice(0, -2))) {
      refuse('both must hold the same number of matrices')
    }
    return { shape: [...products, m, n], dtype: 'f32' }
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

function checkSegments(segments: Attribute | undefined, extent: number): void {
  if (segments !== undefined && !isInteger(segments, 1, extent)) {
    refuse(`segments must be a whole number from 1 to ${extent}`)
  }
}

function lastAxisOp({ inputs }: InferContext): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  if (x.shape.length === 0) refuse('it takes at least one axis')
  return x
}
