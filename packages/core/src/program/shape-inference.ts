/**
 * The type of every op's value: one table from op to `infer`, used while tracing and to check a
 * Program from a file.
 *
 * An `infer` gets the node as it describes itself, whose attributes have been checked, and the
 * operands' types. It returns the node's type or throws a ShapeError that says what does not fit.
 * Ops like reshape take their shape from the description.
 */
import { ShapeError } from '../errors.js'
import { checkAttributes, type Attributes } from './attributes.js'
import { type DType, sameShape, type Shape, sizeOf, type TensorType, typeText } from './dtype.js'
import { type ByOp, dispatch, type Node, nodeLike, type NodeOf } from './node.js'
import {
  checkIndices,
  checkShape,
  isBlock,
  isInteger,
  matrix,
  operands,
  refuse,
  requireF32,
  shapeText,
} from './operand-checks.js'
import type { OpName } from './op-table.js'
import { convolution, poolAxes } from './windows.js'

/** A node as it describes itself, before anything is checked. */
export interface NodeDraft {
  readonly op: OpName
  readonly inputs: readonly number[]
  readonly attributes: Attributes
  readonly shape: Shape
  readonly dtype: DType
}

type Operands = readonly TensorType[]

/**
 * The node that a draft describes, with the type that follows from its op.
 *
 * @param name what errors call it
 * @throws ShapeError that names it and the operands' types
 */
export function inferNode(draft: NodeDraft, inputs: Operands, name: string = draft.op): Node {
  try {
    checkAttributes(draft.op, draft.attributes)
    checkShape(draft.shape)
    // Its attributes are those of its op: that was checked.
    const node = draft as Node
    const type = dispatch(INFER, node, inputs)
    checkShape(type.shape)
    return nodeLike(node, node.inputs, type)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new ShapeError(`${callText(name, inputs)}: ${error.message}`)
  }
}

/** `matmul of f32[10, 784] and f32[64, 10]`, as errors begin. */
export function callText(name: string, operands: Operands): string {
  return operands.length > 0 ? `${name} of ${operands.map(typeText).join(' and ')}` : name
}

const INFER: ByOp<[inputs: Operands], TensorType> = {
  input: leaf,
  constant: (node, inputs) => {
    const { values } = node.attributes
    if (typeof values === 'object' && values.length !== sizeOf(node.shape)) {
      refuse('values must be one number, or one number for each element')
    }
    const isStray = (value: number) => !isOfType(value, node.dtype)
    const stray = typeof values === 'object' ? values.find(isStray) : isStray(values) ? values : undefined
    if (stray !== undefined) refuse(`${stray} is no ${node.dtype}`)
    return leaf(node, inputs)
  },
  random: ({ shape }, inputs) => {
    for (const input of operands(inputs, 2)) {
      if (input.dtype !== 'i32' || input.shape.length > 0) refuse('seed and step must be i32[]')
    }
    return { shape, dtype: 'f32' }
  },

  neg: unary,
  exp: unary,
  log: unary,
  log1p: unary,
  sqrt: unary,
  tanh: unary,
  sigmoid: unary,
  relu: unary,
  abs: unary,
  sin: unary,
  cos: unary,
  erf: unary,
  flush: unary,
  stopGradient: unary,
  cast: ({ attributes: { dtype } }, inputs) => ({ shape: operands(inputs, 1)[0].shape, dtype }),

  add: elementwise(2),
  sub: elementwise(2),
  mul: elementwise(2),
  div: elementwise(2),
  max: elementwise(2),
  min: elementwise(2),
  pow: elementwise(2),
  flushBelow: elementwise(2),
  less: elementwise(2),
  lessEqual: elementwise(2),
  equal: elementwise(2),
  select: elementwise(3),

  sum: (node, inputs) => {
    const { axes, segments } = node.attributes
    const type = reduction(node, inputs)
    if (segments !== undefined && axes[0] !== 0) refuse('only a sum along axis 0 has segments')
    checkSegments(segments, inputs[0]?.shape[0] ?? 0)
    return type
  },
  reduceMax: reduction,
  argMax: (node, inputs) => ({
    shape: lastAxisOp(node, inputs).shape.slice(0, -1),
    dtype: 'i32',
  }),
  softmax: lastAxisOp,
  logSoftmax: lastAxisOp,
  sort: sorted,
  sortSpread: sorted,

  broadcast: moved(({ shape }, x) => {
    const lead = shape.length - x.shape.length
    const fits = x.shape.every((extent, axis) => extent === 1 || extent === shape[lead + axis])
    if (lead < 0 || !fits) refuse(`it cannot be broadcast to ${shapeText(shape)}`)
    return shape
  }),
  reshape: moved(({ shape }, x) => {
    const [from, to] = [sizeOf(x.shape), sizeOf(shape)]
    if (from !== to) {
      refuse(`${from} elements do not fill the ${to} of ${shapeText(shape)}`)
    }
    return shape
  }),
  transpose: moved<'transpose'>(({ attributes: { permutation } }, x) => {
    const isPermutation =
      permutation.length === x.shape.length && x.shape.every((_, axis) => permutation.includes(axis))
    if (!isPermutation) refuse(`${shapeText(permutation)} is not a permutation of its axes`)
    return permutation.map((axis) => x.shape[axis] ?? 1)
  }),
  slice: moved<'slice'>(({ attributes: { starts }, shape }, x) => {
    if (!isBlock(starts, shape, x.shape)) {
      refuse(`there is no block of shape ${shapeText(shape)} at ${shapeText(starts)}`)
    }
    return shape
  }),
  pad: moved<'pad'>(({ attributes: { before }, shape }, x) => {
    if (!isBlock(before, x.shape, shape)) {
      refuse(`it does not lie within ${shapeText(shape)} at ${shapeText(before)}`)
    }
    return shape
  }),
  concat: ({ attributes: { axis } }, inputs) => {
    const [first] = inputs
    if (!first) return refuse('it takes at least one operand')
    if (axis >= first.shape.length) refuse('axis must name one of its axes')
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

  gather: (_, inputs) => {
    const [table, indices] = operands(inputs, 2)
    if (table.shape.length === 0) refuse('the table must have rows: [rows, …]')
    checkIndices(indices)
    return { shape: [...indices.shape, ...table.shape.slice(1)], dtype: table.dtype }
  },
  scatterAdd: ({ shape }, inputs) => {
    const [updates, indices] = operands(inputs, 2)
    requireF32(updates)
    checkIndices(indices)
    const expected = [...indices.shape, ...shape.slice(1)]
    if (shape.length === 0 || !sameShape(expected, updates.shape)) {
      refuse('it takes updates [n, …], indices i32[n], and gives [rows, …]')
    }
    return { shape, dtype: 'f32' }
  },
  oneHot: ({ attributes: { depth } }, inputs) => {
    const [x] = operands(inputs, 1)
    if (x.dtype === 'f32') refuse('it takes i32 or u8')
    return { shape: [...x.shape, depth], dtype: 'f32' }
  },
  matmul: ({ attributes: { transposeA = false, transposeB = false, segments } }, inputs) => {
    const [a, b] = operands(inputs, 2)
    requireF32(a)
    requireF32(b)
    const [m, k] = matrix(a, transposeA)
    const [k2, n] = matrix(b, transposeB)
    if (k !== k2) refuse(`the inner extents, ${k} and ${k2}, differ`)
    if (segments !== undefined && a.shape.length > 2) {
      refuse('only a product of two matrices has segments')
    }
    checkSegments(segments, k)
    const products = a.shape.slice(0, -2)
    if (!sameShape(products, b.shape.slice(0, -2))) {
      refuse('the axes before those of the matrices must be equal')
    }
    return { shape: [...products, m, n], dtype: 'f32' }
  },

  conv: ({ attributes, shape }, inputs) => {
    const [x, filter] = floats(inputs, 2)
    convolution(attributes, x.shape, filter.shape, shape)
    return { shape, dtype: 'f32' }
  },
  convTranspose: ({ attributes, shape }, inputs) => {
    const [g, filter] = floats(inputs, 2)
    convolution(attributes, shape, filter.shape, g.shape)
    return { shape, dtype: 'f32' }
  },
  convFilter: ({ attributes, shape }, inputs) => {
    const [x, g] = floats(inputs, 2)
    convolution(attributes, x.shape, shape, g.shape)
    checkSegments(attributes.segments, x.shape[0] ?? 0)
    return { shape, dtype: 'f32' }
  },
  maxPool: ({ attributes, shape }, inputs) => {
    const [keys, values] = floats(inputs, 2)
    if (shapeText(keys.shape) !== shapeText(values.shape)) refuse('keys and values must have one shape')
    poolAxes(attributes, keys.shape, shape)
    return { shape, dtype: 'f32' }
  },
  maxPoolSpread: ({ attributes }, inputs) => {
    const [keys, g] = floats(inputs, 2)
    poolAxes(attributes, keys.shape, g.shape)
    return keys
  },
}

const INTEGER_RANGES = { u8: [0, 255], i32: [-(2 ** 31), 2 ** 31 - 1] } as const

function isOfType(value: number, dtype: DType): boolean {
  if (dtype === 'f32') return Math.fround(value) === value
  const [low, high] = INTEGER_RANGES[dtype]
  return isInteger(value, low, high)
}

function leaf(declared: TensorType, inputs: Operands): TensorType {
  operands(inputs, 0)
  return declared
}

/** Two f32 operands. */
function floats(inputs: Operands, count: 2): readonly [TensorType, TensorType] {
  const both = operands(inputs, count)
  for (const input of both) requireF32(input)
  return both
}

/** An op that moves the elements of one operand. */
function moved<Op extends OpName>(shapeOf: (node: NodeOf<Op>, x: TensorType) => Shape) {
  return (node: NodeOf<Op>, inputs: Operands): TensorType => {
    const [x] = operands(inputs, 1)
    return { shape: shapeOf(node, x), dtype: x.dtype }
  }
}

function unary(_: Node, inputs: Operands): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  return x
}

function elementwise(count: 2 | 3) {
  return (_: Node, inputs: Operands): TensorType => {
    const [first, ...others] = operands(inputs, count)
    requireF32(first)
    for (const other of others) {
      requireF32(other)
      if (!sameShape(other.shape, first.shape)) refuse('operands must have one shape')
    }
    return first
  }
}

function reduction({ attributes: { axes } }: NodeOf<'sum' | 'reduceMax'>, inputs: Operands): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  const ascending = axes.every((axis, i) => i === 0 || axis > (axes[i - 1] ?? axis))
  if (axes.length === 0 || !ascending || !axes.every((axis) => isInteger(axis, 0, x.shape.length - 1))) {
    refuse(`axes ${shapeText(axes)} must be some of its axes, in ascending order`)
  }
  return { shape: x.shape.filter((_, axis) => !axes.includes(axis)), dtype: 'f32' }
}

function checkSegments(segments: number | undefined, extent: number): void {
  if (segments !== undefined && !isInteger(segments, 1, extent)) {
    refuse(`segments must be a whole number from 1 to ${extent}`)
  }
}

/** The second operand, in an order that the first, of the same shape, has along its last axis. */
function sorted(node: Node, inputs: Operands): TensorType {
  const [keys, values] = floats(inputs, 2)
  if (!sameShape(keys.shape, values.shape)) refuse('operands must have one shape')
  return lastAxisOp(node, [values])
}

function lastAxisOp(_: Node, inputs: Operands): TensorType {
  const [x] = operands(inputs, 1)
  requireF32(x)
  if (x.shape.length === 0) refuse('it takes at least one axis')
  return x
}
