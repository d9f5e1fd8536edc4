/**
 * Core's random numbers in TensorFlow. `StatelessRandomUniformFullIntV2` is Philox4x32-10 with a given key and counter,
 * so its words are those of core, bit for bit. They are turned into floats as in core, except that the logarithm is
 * TensorFlow's.
 */
import { NORMAL_QUANTILE, type NodeOf } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'
import type { TensorFlowOp } from '../graph/ops.js'
import type { NodeValues } from './node-values.js'

/** TensorFlow's number for Philox. */
const PHILOX = 1

export function lowerRandom(node: NodeOf<'random'>, values: NodeValues): Ref {
  const { builder } = values
  const words = randomWords(node, values)
  if (node.attributes.distribution !== 'normal') {
    return compute(builder).mul(shiftedDown(builder, words, 8), 2 ** -24)
  }
  return normalOf(builder, words)
}

/** uint32 words of the node's shape: key (seed, purpose), counter (element / 4, step, 0, 0). */
function randomWords(node: NodeOf<'random'>, values: NodeValues): Ref {
  const { builder } = values
  const [seed = '', step = ''] = node.inputs.map((index) => values.of(index))
  const purpose = builder.constant(node.attributes.purpose | 0, 'int32')
  const zero = builder.constant(0, 'int32')
  const pairs = (...rows: (readonly [low: Ref, high: Ref])[]): Ref => {
    const packed = builder.pack(
      'int32',
      rows.map((pair) => builder.pack('int32', pair)),
    )
    return builder.add('Bitcast', 'int32', [packed], { attributes: { type: { type: 'uint64' } } })
  }
  const key = pairs([seed, purpose])
  const counter = pairs([zero, step], [zero, zero])
  const shape = builder.constant(node.shape, 'int32', [node.shape.length])
  const algorithm = builder.constant(PHILOX, 'int32')
  const inputs = [shape, key, counter, algorithm]
  return builder.add('StatelessRandomUniformFullIntV2', 'uint32', inputs)
}

/** The normal quantile of the middle of each word's interval; see `normalOf` in core's random.ts. */
function normalOf(builder: GraphBuilder, words: Ref): Ref {
  const { add, sub, mul, apply } = compute(builder)
  const half = shiftedDown(builder, words, 9)
  // All of these are exact: (2 k + 1 - 2^23) * 2^-23 for k below 2^23.
  const x = mul(add(mul(half, 2), 1 - 2 ** 23), 2 ** -23)
  const w = apply('Neg', apply('Log', mul(sub(1, x), add(1, x))))
  const polynomial = (at: Ref, [first = 0, ...others]: Float32Array): Ref =>
    others.reduce<Ref>((sum, coefficient) => add(mul(sum, at), coefficient), builder.constant(first, 'float'))
  const central = polynomial(sub(w, 2.5), NORMAL_QUANTILE.central)
  const tail = polynomial(sub(apply('Sqrt', w), 3), NORMAL_QUANTILE.tail)
  const isCentral = apply('Less', w, builder.constant(5, 'float'))
  const p = apply('SelectV2', isCentral, central, tail)
  return mul(mul(p, x), NORMAL_QUANTILE.scale)
}

/** The words without their lowest bits, as floats. */
function shiftedDown(builder: GraphBuilder, words: Ref, numBits: number): Ref {
  const bits = builder.constant(numBits, 'uint32')
  return builder.cast(builder.add('RightShift', 'uint32', [words, bits]), 'uint32', 'float')
}

/** Arithmetic on floats; operands may be numbers. */
function compute(builder: GraphBuilder) {
  const ref = (x: Ref | number): Ref => (typeof x === 'number' ? builder.constant(x, 'float') : x)
  const apply = (op: TensorFlowOp, ...operands: (Ref | number)[]): Ref => builder.add(op, 'float', operands.map(ref))
  return {
    apply,
    add: (a: Ref | number, b: Ref | number) => apply('AddV2', a, b),
    sub: (a: Ref | number, b: Ref | number) => apply('Sub', a, b),
    mul: (a: Ref | number, b: Ref | number) => apply('Mul', a, b),
  }
}
