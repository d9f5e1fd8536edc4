/**
 * The lowering of each op of core to ops of TensorFlow.
 *
 * Where TensorFlow does not guarantee what core's table specifies (NaN in a maximum, an index out of range, a number
 * too large for an integer), extra nodes do.
 */
import type { ByOp, Node, NodeOf } from '@gradpool/core/engine'
import type { Ref } from '../graph/builder.js'
import type { TensorFlowOp } from '../graph/ops.js'
import { TYPE_OF, type TensorFlowType } from '../graph/types.js'
import type { NodeValues } from './node-values.js'
import { lowerRandom } from './random.js'
import { lowerConv, lowerConvFilter, lowerConvTranspose } from './convolution.js'
import { lowerMaxPool, lowerMaxPoolSpread } from './pooling.js'

const SMALLEST_NORMAL = 2 ** -126
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127

export const LOWERINGS: ByOp<[NodeValues], Ref> = {
  input: (node) => {
    throw new Error(`an input of shape [${node.shape.join(', ')}] has no value`)
  },
  constant: ({ attributes: { values }, shape, dtype }, { builder }) => builder.constant(values, TYPE_OF[dtype], shape),
  random: lowerRandom,

  neg: unary('Neg'),
  exp: unary('Exp'),
  log: unary('Log'),
  log1p: unary('Log1p'),
  sqrt: unary('Sqrt'),
  tanh: unary('Tanh'),
  sigmoid: unary('Sigmoid'),
  // Not Relu, which TensorFlow fuses into matrix products in a form that turns NaN into 0.
  relu: (node, values) => {
    const [x] = operands(node, values)
    return values.builder.add('Maximum', 'float', [x, values.builder.constant(0, 'float')])
  },
  abs: unary('Abs'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  erf: unary('Erf'),
  flush: (node, values) => {
    const { builder } = values
    const [x] = operands(node, values)
    return flushed(builder, x, builder.constant(SMALLEST_NORMAL, 'float'))
  },
  stopGradient: same,
  cast: lowerCast,

  add: elementwise('AddV2'),
  sub: elementwise('Sub'),
  mul: elementwise('Mul'),
  div: elementwise('RealDiv'),
  max: elementwise('Maximum'),
  min: elementwise('Minimum'),
  pow: (node, values) => {
    const { builder } = values
    const power = builder.add('Pow', 'float', values.operands(node.inputs, node.shape))
    return flushed(builder, power, builder.constant(SMALLEST_NORMAL, 'float'))
  },
  flushBelow: (node, values) => {
    const [x, least = x] = operands(node, values)
    return flushed(values.builder, x, least)
  },
  less: comparison,
  lessEqual: comparison,
  equal: comparison,
  select: (node, values) => {
    const [condition = -1, ...others] = node.inputs
    const { ref } = values.boolean(condition)
    const branches = others.map((index) => values.of(index))
    return values.builder.add('SelectV2', 'float', [ref, ...branches])
  },

  sum: reduction('Sum'),
  reduceMax: reduction('Max'),
  argMax: (node, values) => {
    const { builder } = values
    return builder.add('ArgMax', 'float', [ranked(operands(node, values)[0], builder), builder.constant(-1, 'int32')])
  },
  softmax: unary('Softmax'),
  logSoftmax: unary('LogSoftmax'),
  sort: (node, values) => {
    const [keys, sorted = keys] = operands(node, values)
    return alongRows(values, sorted, orderOf(node, values, keys), node)
  },
  sortSpread: (node, values) => {
    const { builder } = values
    const [keys, g = keys] = operands(node, values)
    // The order of the places in an order is the order that undoes it.
    const back = builder.add('Neg', 'int32', [orderOf(node, values, keys)])
    return alongRows(values, g, largestFirst(node, values, back, 'int32'), node)
  },

  broadcast: same,
  reshape: (node, values) => moved('Reshape', node, values, node.shape),
  transpose: (node, values) => moved('Transpose', node, values, node.attributes.permutation),
  slice: (node, values) => moved('Slice', node, values, node.attributes.starts, node.shape),
  pad: (node, values) => {
    const { builder, program } = values
    const inner = program.node(node.inputs[0] ?? -1).shape
    const around = inner.flatMap((extent, axis) => {
      const start = node.attributes.before[axis] ?? 0
      return [start, (node.shape[axis] ?? 0) - start - extent]
    })
    const paddings = builder.constant(around, 'int32', [inner.length, 2])
    return builder.add('Pad', TYPE_OF[node.dtype], [...operands(node, values), paddings])
  },
  concat: (node, values) => {
    const parts = operands(node, values)
    if (parts.length === 1) return parts[0]
    const axis = values.builder.constant(node.attributes.axis, 'int32')
    const attributes = { N: { int: parts.length } }
    return values.builder.add('ConcatV2', TYPE_OF[node.dtype], [...parts, axis], { attributes })
  },

  gather: (node, values) => {
    const { builder, program } = values
    const [table = -1, indices = -1] = node.inputs
    const type = TYPE_OF[node.dtype]
    const last = (program.node(table).shape[0] ?? 1) - 1
    const within = clamp(values, values.of(indices), 0, last, 'int32')
    const rows = builder.gatherRows(type, values.of(table), within)
    const isInside = builder.add('Equal', 'int32', [within, values.of(indices)])
    const column = node.shape.map((extent, axis) => (axis === 0 ? extent : 1))
    const mask = builder.add('Reshape', 'bool', [isInside, builder.constant(column, 'int32')])
    return builder.add('SelectV2', type, [mask, rows, builder.constant(0, type)])
  },
  scatterAdd: (node, values) => {
    const { builder } = values
    const [updates = -1, rows = -1] = node.inputs
    const indices = values.of(rows)
    const numRows = builder.constant(node.shape[0] ?? 0, 'int32')
    // TensorFlow skips an index below 0, but fails for one that is too large.
    const isInside = builder.add('Less', 'int32', [indices, numRows])
    const outside = builder.constant(-1, 'int32')
    const safe = builder.add('SelectV2', 'int32', [isInside, indices, outside])
    return builder.add('UnsortedSegmentSum', 'float', [values.of(updates), safe, numRows])
  },
  oneHot: (node, values) => {
    const { builder } = values
    const inputs = [
      ...operands(node, values),
      builder.constant(node.attributes.depth, 'int32'),
      builder.constant(1, 'float'),
      builder.constant(0, 'float'),
    ]
    const attributes = { TI: { type: operandType(node, values) } }
    return builder.add('OneHot', 'float', inputs, { attributes })
  },

  matmul: (node, values) => {
    const { transposeA = false, transposeB = false } = node.attributes
    const [a, b] = [{ bool: transposeA }, { bool: transposeB }]
    const inputs = operands(node, values)
    return node.shape.length > 2
      ? values.builder.add('BatchMatMulV2', 'float', inputs, { attributes: { adj_x: a, adj_y: b } })
      : values.builder.add('MatMul', 'float', inputs, {
          attributes: { transpose_a: a, transpose_b: b },
        })
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

function operandType({ inputs: [first = -1] }: Node, { program }: NodeValues): TensorFlowType {
  return TYPE_OF[program.node(first).dtype]
}

/** Numbers whose order is that of x, NaN being the largest: it becomes infinity, and that the largest finite number. */
function ranked(x: Ref, builder: NodeValues['builder']): Ref {
  const finite = builder.add('Minimum', 'float', [x, builder.constant(LARGEST_FLOAT, 'float')])
  const isNaN = builder.add('IsNan', 'float', [x])
  return builder.add('SelectV2', 'float', [isNaN, builder.constant(Infinity, 'float'), finite])
}

/** The places of the elements of each row in a sort's order. */
function orderOf(node: NodeOf<'sort' | 'sortSpread'>, values: NodeValues, keys: Ref): Ref {
  const rank = ranked(keys, values.builder)
  const { descending = false } = node.attributes
  return largestFirst(node, values, descending ? rank : values.builder.add('Neg', 'float', [rank]), 'float')
}

/** The same, from the largest on; of equals the first come first. */
function largestFirst({ shape }: Node, { builder }: NodeValues, ranks: Ref, type: 'float' | 'int32'): Ref {
  return builder.add('TopKV2', type, [ranks, builder.constant(shape.at(-1) ?? 1, 'int32')])
}

/** The elements of each row at these places of it. */
function alongRows({ builder }: NodeValues, x: Ref, places: Ref, { shape }: Node): Ref {
  const axis = shape.length - 1
  const attributes = { batch_dims: { int: axis } }
  return builder.add('GatherV2', 'float', [x, places, builder.constant(axis, 'int32')], { attributes })
}

/** x, or 0 where |x| is less. */
function flushed(builder: NodeValues['builder'], x: Ref, least: Ref): Ref {
  const isLess = builder.add('Less', 'float', [builder.add('Abs', 'float', [x]), least])
  return builder.add('SelectV2', 'float', [isLess, builder.constant(0, 'float'), x])
}

function same(node: Node, values: NodeValues): Ref {
  return operands(node, values)[0]
}

function lowerCast(node: Node, values: NodeValues): Ref {
  const { builder } = values
  const from = operandType(node, values)
  const to = TYPE_OF[node.dtype]
  const [x] = operands(node, values)
  if (from === to) return x
  if (to === 'float' || from === 'uint8') return builder.cast(x, from, to)
  if (from === 'int32') return builder.cast(clamp(values, x, 0, 255, 'int32'), from, to)
  // Doubles hold every integer of 32 bits, so that the bounds are exact.
  const isNumber = builder.add('Equal', 'float', [x, x])
  const number = builder.add('SelectV2', 'float', [isNumber, x, builder.constant(0, 'float')])
  const [low, high] = to === 'uint8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1]
  const double = builder.cast(number, 'float', 'double')
  return builder.cast(clamp(values, double, low, high, 'double'), 'double', to)
}

function clamp({ builder }: NodeValues, x: Ref, low: number, high: number, type: 'int32' | 'double'): Ref {
  const above = builder.add('Maximum', type, [x, builder.constant(low, type)])
  return builder.add('Minimum', type, [above, builder.constant(high, type)])
}

function unary(op: TensorFlowOp) {
  return (node: Node, values: NodeValues): Ref => values.builder.add(op, 'float', operands(node, values))
}

function elementwise(op: TensorFlowOp) {
  return (node: Node, values: NodeValues): Ref =>
    values.builder.add(op, 'float', values.operands(node.inputs, node.shape))
}

/** Lowered by `Values`, which knows whether booleans or floats are needed. */
function comparison({ op }: Node): Ref {
  throw new Error(`${op} is no op of this table`)
}

function reduction(op: 'Sum' | 'Max') {
  return (node: NodeOf<'sum' | 'reduceMax'>, values: NodeValues): Ref => {
    const axes = values.builder.constant(node.attributes.axes, 'int32')
    return values.builder.add(op, 'float', [...operands(node, values), axes])
  }
}

/** An op that moves elements, whose further operands are lists of integers. */
function moved(op: TensorFlowOp, node: Node, values: NodeValues, ...lists: readonly (readonly number[])[]): Ref {
  const { builder } = values
  const constants = lists.map((list) => builder.constant(list, 'int32', [list.length]))
  return builder.add(op, TYPE_OF[node.dtype], [...operands(node, values), ...constants])
}
