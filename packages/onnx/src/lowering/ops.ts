/**
 * The lowering of each op of core to ops of ONNX: https://onnx.ai/onnx/operators
 *
 * Where ONNX leaves open what core's table specifies (an index out of range, a number too large for an integer, log1p),
 * extra nodes do it. NaN in a maximum, an order or a relu, and denormal numbers, are as the runtime has them.
 */
import { UserError } from '@gradpool/core'
import type { ByOp, Node, NodeOf } from '@gradpool/core/engine'
import type { Ref } from '../graph/builder.js'
import type { NumberType } from '../graph/types.js'
import { TYPE_OF } from '../graph/types.js'
import type { NodeValues } from './node-values.js'
import { lowerConv, lowerConvFilter, lowerConvTranspose, lowerMaxPool, lowerMaxPoolSpread } from './windows.js'

const SMALLEST_NORMAL = 2 ** -126

export const LOWERINGS: ByOp<[NodeValues], Ref> = {
  input: () => {
    throw new UserError('a prediction that knows the number of the step cannot be exported as ONNX')
  },
  constant: ({ attributes: { values }, shape, dtype }, { builder }) => builder.constant(values, TYPE_OF[dtype], shape),
  random: () => {
    throw new UserError('"random" cannot be exported as ONNX, which has other random numbers')
  },

  neg: unary('Neg'),
  exp: unary('Exp'),
  log: unary('Log'),
  log1p: (node, values) => {
    const { builder } = values
    const [x] = operands(node, values)
    const one = builder.constant(1, 'float')
    // Kahan's way: what rounding adds to 1 + x, its logarithm has, too, and the quotient has not.
    const sum = builder.add('Add', [x, one])
    const log = builder.add('Log', [sum])
    const quotient = builder.add('Div', [log, builder.add('Sub', [sum, one])])
    const near = builder.add('Where', [builder.add('Equal', [sum, one]), x, builder.add('Mul', [x, quotient])])
    const isNear = builder.add('Less', [builder.add('Abs', [x]), builder.constant(0.5, 'float')])
    return builder.add('Where', [isNear, near, log])
  },
  sqrt: unary('Sqrt'),
  tanh: unary('Tanh'),
  sigmoid: unary('Sigmoid'),
  relu: unary('Relu'),
  abs: unary('Abs'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  erf: unary('Erf'),
  flush: (node, values) => {
    const [x] = operands(node, values)
    return flushed(values, x, values.builder.constant(SMALLEST_NORMAL, 'float'))
  },
  stopGradient: same,
  cast: lowerCast,

  add: elementwise('Add'),
  sub: elementwise('Sub'),
  mul: elementwise('Mul'),
  div: elementwise('Div'),
  max: elementwise('Max'),
  min: elementwise('Min'),
  pow: elementwise('Pow'),
  flushBelow: (node, values) => {
    const [x, least = x] = operands(node, values)
    return flushed(values, x, least)
  },
  less: comparison,
  lessEqual: comparison,
  equal: comparison,
  select: (node, values) => {
    const [condition = -1, ...branches] = node.inputs
    return values.builder.add('Where', [values.boolean(condition).ref, ...branches.map((index) => values.of(index))])
  },

  sum: reduction('ReduceSum'),
  reduceMax: reduction('ReduceMax'),
  argMax: (node, values) => {
    const { builder } = values
    const place = builder.add('ArgMax', operands(node, values), { axis: -1, keepdims: 0, select_last_index: 0 })
    return builder.cast(place, 'int32')
  },
  softmax: alongLast('Softmax'),
  logSoftmax: alongLast('LogSoftmax'),
  sort: (node, values) => {
    const [keys, sorted = keys] = operands(node, values)
    return values.builder.add('GatherElements', [sorted, orderOf(node, values, keys)], { axis: -1 })
  },
  sortSpread: (node, values) => {
    const [keys, g = keys] = operands(node, values)
    // Each place is written once, so what was there does not matter.
    return values.builder.add('ScatterElements', [g, orderOf(node, values, keys), g], { axis: -1 })
  },

  broadcast: same,
  reshape: (node, values) => values.builder.add('Reshape', [...operands(node, values), values.extents(node.shape)]),
  transpose: (node, values) => values.builder.transpose(operands(node, values)[0], node.attributes.permutation),
  slice: (node, values) => {
    const { builder, program } = values
    const whole = program.node(node.inputs[0] ?? -1).shape
    const [x] = operands(node, values)
    const cut = whole.flatMap((extent, axis) => (node.shape[axis] === extent ? [] : axis))
    if (cut.length === 0) return x
    const starts = cut.map((axis) => node.attributes.starts[axis] ?? 0)
    const ends = cut.map((axis, at) => (starts[at] ?? 0) + (node.shape[axis] ?? 0))
    return builder.add('Slice', [x, ...[starts, ends, cut].map((list) => builder.constant(list, 'int64'))])
  },
  pad: (node, values) => {
    const { builder, program } = values
    const inner = program.node(node.inputs[0] ?? -1).shape
    const [x] = operands(node, values)
    const padded = inner.flatMap((extent, axis) => (node.shape[axis] === extent ? [] : axis))
    if (padded.length === 0) return x
    const before = padded.map((axis) => node.attributes.before[axis] ?? 0)
    const after = padded.map((axis, at) => (node.shape[axis] ?? 0) - (inner[axis] ?? 0) - (before[at] ?? 0))
    const zero = builder.constant(0, TYPE_OF[node.dtype])
    const axes = builder.constant(padded, 'int64')
    return builder.add('Pad', [x, builder.constant([...before, ...after], 'int64'), zero, axes], { mode: 'constant' })
  },
  concat: (node, values) => values.builder.add('Concat', operands(node, values), { axis: node.attributes.axis }),

  gather: (node, values) => {
    const { builder, program } = values
    const [table = -1, numbers = -1] = node.inputs
    const last = (program.node(table).shape[0] ?? 1) - 1
    const [rows, places] = [values.of(table), values.of(numbers)]
    const known = program.node(numbers)
    const isWithin = known.op === 'constant' && [known.attributes.values].flat().every((row) => row >= 0 && row <= last)
    if (isWithin) return builder.add('Gather', [rows, places], { axis: 0 })
    const within = clip(values, places, [0, last], 'int32')
    const found = builder.add('Gather', [rows, within], { axis: 0 })
    const axes = node.shape.slice(1).map((_, at) => at + 1)
    const isInside = builder.add('Equal', [within, places])
    const mask = axes.length === 0 ? isInside : builder.add('Unsqueeze', [isInside, builder.constant(axes, 'int64')])
    return builder.add('Where', [mask, found, builder.constant(0, TYPE_OF[node.dtype])])
  },
  scatterAdd: (node, values) => {
    const { builder } = values
    const [rows = 0, ...row] = node.shape
    const [updates, places = updates] = operands(node, values)
    // What is outside goes to a row behind the last, which is left out.
    const within = clip(values, places, [0, rows - 1], 'int32')
    const isInside = builder.add('Equal', [within, places])
    const kept = builder.add('Where', [isInside, places, builder.constant(rows, 'int32')])
    const column = builder.add('Unsqueeze', [builder.cast(kept, 'int64'), builder.constant([1], 'int64')])
    const zeros = builder.add('Expand', [builder.constant(0, 'float'), values.lengths([rows + 1, ...row])])
    const sums = builder.add('ScatterND', [zeros, column, updates], { reduction: 'add' })
    return builder.add('Slice', [sums, ...[[0], [rows], [0]].map((list) => builder.constant(list, 'int64'))])
  },
  oneHot: (node, values) => {
    const { builder, program } = values
    const [x] = operands(node, values)
    const isBytes = program.node(node.inputs[0] ?? -1).dtype === 'u8'
    const column = builder.add('Unsqueeze', [isBytes ? builder.cast(x, 'int32') : x, builder.constant([-1], 'int64')])
    const classes = builder.constant(
      Array.from({ length: node.attributes.depth }, (_, at) => at),
      'int32',
    )
    return builder.cast(builder.add('Equal', [column, classes]), 'float')
  },

  matmul: (node, values) => {
    const { transposeA = false, transposeB = false } = node.attributes
    const rank = node.shape.length
    const swapped = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis))
    const [a, b = a] = operands(node, values)
    const { builder } = values
    return builder.add('MatMul', [
      transposeA ? builder.transpose(a, swapped) : a,
      transposeB ? builder.transpose(b, swapped) : b,
    ])
  },

  conv: lowerConv,
  convTranspose: lowerConvTranspose,
  convFilter: lowerConvFilter,
  maxPool: lowerMaxPool,
  maxPoolSpread: lowerMaxPoolSpread,
}

/** The values of a node's operands; every op of this table has one or more. */
function operands({ inputs }: Node, values: NodeValues): readonly [Ref, ...Ref[]] {
  const [first = -1, ...others] = inputs
  return [values.of(first), ...others.map((index) => values.of(index))]
}

/** The places of the elements of each row in a sort's order: of equals, ONNX has the first before. */
function orderOf(node: NodeOf<'sort' | 'sortSpread'>, { builder }: NodeValues, keys: Ref): Ref {
  const count = builder.constant([node.shape.at(-1) ?? 1], 'int64')
  const largest = Number(node.attributes.descending ?? false)
  const [, places = ''] = builder.outputsOf('TopK', 2, [keys, count], { axis: -1, largest, sorted: 1 })
  return places
}

/** x, or 0 where |x| is less. */
function flushed({ builder }: NodeValues, x: Ref, least: Ref): Ref {
  const isLess = builder.add('Less', [builder.add('Abs', [x]), least])
  return builder.add('Where', [isLess, builder.constant(0, 'float'), x])
}

function same(node: Node, values: NodeValues): Ref {
  return operands(node, values)[0]
}

function lowerCast(node: Node, values: NodeValues): Ref {
  const { builder, program } = values
  const from = program.node(node.inputs[0] ?? -1).dtype
  const to = TYPE_OF[node.dtype]
  const [x] = operands(node, values)
  if (from === node.dtype) return x
  if (to === 'float' || from === 'u8') return builder.cast(x, to)
  if (from === 'i32') return builder.cast(clip(values, x, [0, 255], 'int32'), to)
  const number = builder.add('Where', [builder.add('IsNaN', [x]), builder.constant(0, 'float'), x])
  if (to === 'uint8') return builder.cast(clip(values, number, [0, 255], 'float'), to)
  // Doubles hold every integer of 32 bits, so that the bounds are exact.
  return builder.cast(clip(values, builder.cast(number, 'double'), [-(2 ** 31), 2 ** 31 - 1], 'double'), to)
}

function clip({ builder }: NodeValues, x: Ref, bounds: readonly [number, number], type: NumberType): Ref {
  return builder.add('Clip', [x, ...bounds.map((bound) => builder.constant(bound, type))])
}

function unary(op: string) {
  return (node: Node, values: NodeValues): Ref => values.builder.add(op, operands(node, values))
}

function alongLast(op: string) {
  return (node: Node, values: NodeValues): Ref => values.builder.add(op, operands(node, values), { axis: -1 })
}

function elementwise(op: string) {
  return (node: Node, values: NodeValues): Ref => values.builder.add(op, values.operands(node.inputs, node.shape))
}

/** Lowered by `Values`, which knows whether booleans or floats are needed. */
function comparison({ op }: Node): Ref {
  throw new Error(`${op} is no op of this table`)
}

function reduction(op: string) {
  return (node: NodeOf<'sum' | 'reduceMax'>, values: NodeValues): Ref => {
    const axes = values.builder.constant(node.attributes.axes, 'int64')
    return values.builder.add(op, [...operands(node, values), axes], { keepdims: 0 })
  }
}
