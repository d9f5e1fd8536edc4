/**
 * How each op of core is computed by TensorFlow: one function per op.
 *
 * Where an op of TensorFlow leaves open, or decides otherwise, what core's table says (NaN in a
 * maximum, an index outside, a number that no integer holds), further nodes make up for it.
 */
import type { ByOp, Node, NodeOf } from '@gradpool/core'
import { typed, type GraphBuilder, type Ref } from '../graph/builder.js'
import type { TensorFlowOp } from '../graph/ops.js'
import { TYPE_OF, type TensorFlowType } from '../graph/types.js'
import type { NodeValues } from './node-values.js'
import { lowerRandom } from './random.js'

const SMALLEST_NORMAL = 2 ** -126
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127

export const LOWERINGS: ByOp<[NodeValues], Ref> = {
  input: (node) => {
    throw new Error(`an input of shape [${node.shape.join(', ')}] has no value`)
  },
  constant: ({ attributes: { values }, shape, dtype }, { builder }) =>
    builder.constant(values, TYPE_OF[dtype], shape),
  random: lowerRandom,

  neg: unary('Neg'),
  exp: unary('Exp'),
  log: unary('Log'),
  sqrt: unary('Sqrt'),
  tanh: unary('Tanh'),
  sigmoid: unary('Sigmoid'),
  // Not Relu, which TensorFlow fuses into matrix products in a form that turns NaN into 0.
  relu: (node, values) =>
    values.builder.apply(
      'Maximum',
      'float',
      values.of(operand(node, 0)),
      values.builder.constant(0, 'float'),
    ),
  abs: unary('Abs'),
  flush: (node, values) => {
    const { builder } = values
    const x = values.of(operand(node, 0))
    const size = builder.apply('Abs', 'float', x)
    const smallest = builder.constant(SMALLEST_NORMAL, 'float')
    const isTiny = builder.apply('Less', 'float', size, smallest)
    return select(builder, isTiny, builder.constant(0, 'float'), x)
  },
  stopGradient: (node, values) => values.of(operand(node, 0)),
  cast: lowerCast,

  add: binary('AddV2'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('RealDiv'),
  max: binary('Maximum'),
  min: binary('Minimum'),
  less: comparison,
  lessEqual: comparison,
  equal: comparison,
  select: (node, values) => {
    const condition = values.boolean(operand(node, 0))
    const [a = '', b = ''] = node.inputs.slice(1).map((index) => values.of(index))
    return select(values.builder, condition.ref, a, b)
  },

  sum: reduction('Sum'),
  reduceMax: reduction('Max'),
  argMax: (node, values) => {
    const { builder } = values
    // TensorFlow passes over NaN: here it becomes infinity, and infinity the largest number below
    // it.
    const x = values.of(operand(node, 0))
    const largest = builder.constant(LARGEST_FLOAT, 'float')
    const finite = builder.apply('Minimum', 'float', x, largest)
    const isNaN = builder.apply('IsNan', 'float', x)
    const ranked = select(builder, isNaN, builder.constant(Infinity, 'float'), finite)
    const axis = builder.constant(-1, 'int32')
    const attributes = {
      ...typed('float'),
      Tidx: { type: 'int32' },
      output_type: { type: 'int32' },
    } as const
    return builder.add('ArgMax', [ranked, axis], { attributes })
  },
  softmax: unary('Softmax'),
  logSoftmax: unary('LogSoftmax'),

  broadcast: (node, values) => values.of(operand(node, 0)),
  reshape: (node, values) => layout(values, node, 'Reshape', 'Tshape', [node.shape]),
  transpose: (node, values) =>
    layout(values, node, 'Transpose', 'Tperm', [node.attributes.permutation]),
  slice: (node, values) =>
    layout(values, node, 'Slice', 'Index', [node.attributes.starts, node.shape]),
  pad: (node, values) => {
    const { builder, program } = values
    const inner = program.node(operand(node, 0)).shape
    const { before } = node.attributes
    const around = inner.flatMap((extent, axis) => {
      const start = before[axis] ?? 0
      return [start, (node.shape[axis] ?? 0) - start - extent]
    })
    const paddings = builder.constant(around, 'int32', [inner.length, 2])
    return builder.add('Pad', [values.of(operand(node, 0)), paddings], {
      attributes: { ...typed(TYPE_OF[node.dtype]), Tpaddings: { type: 'int32' } },
    })
  },
  concat: (node, values) => {
    const parts = node.inputs.map((index) => values.of(index))
    const [first = ''] = parts
    if (parts.length === 1) return first
    const axis = values.builder.constant(node.attributes.axis, 'int32')
    return values.builder.add('ConcatV2', [...parts, axis], {
      attributes: {
        N: { int: parts.length },
        ...typed(TYPE_OF[node.dtype]),
        Tidx: { type: 'int32' },
      },
    })
  },

  gather: (node, values) => {
    const { builder, program } = values
    const [table, indices] = [operand(node, 0), operand(node, 1)]
    const last = (program.node(table).shape[0] ?? 1) - 1
    const within = clamp(builder, values.of(indices), 0, last, 'int32')
    return gatherRows(builder, values.of(table), within, TYPE_OF[node.dtype])
  },
  scatterAdd: (node, values) => {
    const { builder } = values
    const indices = values.of(operand(node, 1))
    const numRows = builder.constant(node.shape[0] ?? 0, 'int32')
    // An index below 0 leaves a segment out; one too large is an error.
    const isInside = builder.apply('Less', 'int32', indices, numRows)
    const outside = builder.constant(-1, 'int32')
    const safe = builder.apply('SelectV2', 'int32', isInside, indices, outside)
    return builder.add('UnsortedSegmentSum', [values.of(operand(node, 0)), safe, numRows], {
      attributes: {
        ...typed('float'),
        Tindices: { type: 'int32' },
        Tnumsegments: { type: 'int32' },
      },
    })
  },
  oneHot: (node, values) => {
    const { builder, program } = values
    const index = operand(node, 0)
    const parts = [
      values.of(index),
      builder.constant(node.attributes.depth, 'int32'),
      builder.constant(1, 'float'),
      builder.constant(0, 'float'),
    ]
    const attributes = {
      ...typed('float'),
      TI: { type: TYPE_OF[program.node(index).dtype] },
      axis: { int: -1 },
    }
    return builder.add('OneHot', parts, { attributes })
  },

  matmul: (node, values) => {
    const refs = node.inputs.map((index) => values.of(index))
    const { transposeA = false, transposeB = false } = node.attributes
    const [a, b] = [{ bool: transposeA }, { bool: transposeB }]
    return node.shape.length > 2
      ? values.builder.add('BatchMatMulV2', refs, {
          attributes: { ...typed('float'), adj_x: a, adj_y: b },
        })
      : values.builder.add('MatMul', refs, {
          attributes: { ...typed('float'), transpose_a: a, transpose_b: b },
        })
  },
}

/** Rows of a table by their numbers, all of which are rows. */
export function gatherRows(
  builder: GraphBuilder,
  table: Ref,
  indices: Ref,
  type: TensorFlowType,
): Ref {
  return builder.add('GatherV2', [table, indices, builder.constant(0, 'int32')], {
    attributes: {
      Tparams: { type },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
      batch_dims: { int: 0 },
    },
  })
}

/** The operand of a node at a position. */
export function operand(node: Node, position: number): number {
  const index = node.inputs[position]
  if (index === undefined) throw new Error(`${node.op} has no operand ${position}`)
  return index
}

function lowerCast(node: Node, values: NodeValues): Ref {
  const { builder, program } = values
  const source = program.node(operand(node, 0)).dtype
  const x = values.of(operand(node, 0))
  const cast = (ref: Ref, from: TensorFlowType, to: TensorFlowType): Ref =>
    builder.add('Cast', [ref], { attributes: { SrcT: { type: from }, DstT: { type: to } } })
  if (source === node.dtype) return x
  if (node.dtype === 'f32' || source === 'u8') {
    return cast(x, TYPE_OF[source], TYPE_OF[node.dtype])
  }
  if (source === 'i32') {
    return cast(clamp(builder, x, 0, 255, 'int32'), 'int32', 'uint8')
  }
  // As doubles, which hold every integer of 32 bits, so that the bounds are exact.
  const isNumber = builder.add('Equal', [x, x], {
    attributes: { ...typed('float'), incompatible_shape_error: { bool: true } },
  })
  const number = select(builder, isNumber, x, builder.constant(0, 'float'))
  const [low, high] = node.dtype === 'u8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1]
  const bounded = clamp(builder, cast(number, 'float', 'double'), low, high, 'double')
  return cast(bounded, 'double', TYPE_OF[node.dtype])
}

function clamp(
  builder: GraphBuilder,
  x: Ref,
  low: number,
  high: number,
  type: 'int32' | 'double',
): Ref {
  const above = builder.apply('Maximum', type, x, builder.constant(low, type))
  return builder.apply('Minimum', type, above, builder.constant(high, type))
}

function select(builder: GraphBuilder, condition: Ref, a: Ref, b: Ref): Ref {
  return builder.apply('SelectV2', 'float', condition, a, b)
}

function unary(op: TensorFlowOp) {
  return (node: Node, values: NodeValues): Ref =>
    values.builder.apply(op, 'float', values.of(operand(node, 0)))
}

function binary(op: TensorFlowOp) {
  return (node: Node, values: NodeValues): Ref =>
    values.builder.apply(op, 'float', ...values.operands(node.inputs, node.shape))
}

/** Made by `Values` itself, which knows whether it is wanted as booleans or as floats. */
function comparison({ op }: Node): Ref {
  throw new Error(`${op} is no op of this table`)
}

function reduction(op: 'Sum' | 'Max') {
  return (node: NodeOf<'sum' | 'reduceMax'>, values: NodeValues): Ref => {
    const axes = values.builder.constant(node.attributes.axes, 'int32')
    return values.builder.add(op, [values.of(operand(node, 0)), axes], {
      attributes: { ...typed('float'), Tidx: { type: 'int32' }, keep_dims: { bool: false } },
    })
  }
}

/** An op that moves elements, with lists of integers as its further operands. */
function layout(
  values: NodeValues,
  node: Node,
  op: TensorFlowOp,
  typeName: string,
  lists: readonly (readonly number[])[],
): Ref {
  const { builder } = values
  const constants = lists.map((list) => builder.constant(list, 'int32', [list.length]))
  return builder.add(op, [values.of(operand(node, 0)), ...constants], {
    attributes: { ...typed(TYPE_OF[node.dtype]), [typeName]: { type: 'int32' } },
  })
}
