/**
 * Core's random numbers in TensorFlow: `StatelessRandomUniformFullIntV2` is Philox4x32-10 with the
 * key and the counter that it is given, so its words are those of core, bit for bit; the steps from
 * words to floats are core's too, with TensorFlow's own logarithm.
 */
import type { NodeOf } from '@gradpool/core/engine'
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

const SQRT_2 = 1.41421356237
const CENTRAL = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
]
const TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
]

/**
 * The normal quantile of the middle of each word's interval; see `normalOf` of core's random.ts.
 */
function normalOf(builder: GraphBuilder, words: Ref): Ref {
  const { add, sub, mul, apply } = compute(builder)
  const half = shiftedDown(builder, words, 9)
  // All of these are exact: (2 k + 1 - 2^23) * 2^-23 for k below 2^23.
  const x = mul(add(mul(half, 2), 1 - 2 ** 23), 2 ** -23)
  const w = apply('Neg', apply('Log', mul(sub(1, x), add(1, x))))
  const polynomial = (at: Ref, coefficients: readonly number[]): Ref => {
    const [first = 0, ...others] = coefficients
    return others.reduce<Ref>((sum, coefficient) => add(mul(sum, at), coefficient), builder.constant(first, 'float'))
  }
  const central = polynomial(sub(w, 2.5), CENTRAL)
  const tail = polynomial(sub(apply('Sqrt', w), 3), TAIL)
  const isCentral = apply('Less', w, builder.constant(5, 'float'))
  const p = apply('SelectV2', isCentral, central, tail)
  return mul(mul(p, x), SQRT_2)
}

/** The words without their lowest bits, as floats. */
function shiftedDown(builder: GraphBuilder, words: Ref, numBits: number): Ref {
  const bits = builder.constant(numBits, 'uint32')
  return builder.cast(builder.add('RightShift', 'uint32', [words, bits]), 'uint32', 'float')
}

/** Arithmetic of floats, of which one operand may be a number. */
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
