/** Programs of another number of examples are those that are traced with it. */
import { describe, expect, test } from 'vitest'
import {
  add,
  argMax,
  concat,
  constant,
  conv,
  gather,
  matmul,
  maxPool,
  mean,
  mul,
  normal,
  oneHot,
  pad,
  relu,
  reshape,
  slice,
  softmax,
  sort,
  sum,
  tanh,
  transpose,
  UserError,
  type Tensor,
} from '../index.js'
import { traceProgram, withBatchSize, withMarkedBatch, type Program, type Trace } from '../engine/index.js'

interface Fields {
  readonly x: Tensor
  readonly image: Tensor
  readonly label: Tensor
  readonly rows: number
  readonly weight: (...shape: number[]) => Tensor
}

function programOf(rows: number, build: (fields: Fields) => Tensor): Program {
  return traceProgram((trace: Trace) => {
    let states = 0
    const fields = {
      x: trace.batch('x', 'f32', [rows, 6]),
      image: trace.batch('image', 'f32', [rows, 4, 4, 2]),
      label: trace.batch('label', 'u8', [rows]),
      rows,
      weight: (...shape: number[]) => trace.state(`w${states++}`, shape, normal(1)),
    }
    trace.result('y', build(fields), { rows: true })
  })
}

describe('a Program of 4 examples, made one of 7', () => {
  test.each<[string, (fields: Fields) => Tensor]>([
    ['dense layers', ({ x, weight }) => softmax(add(matmul(relu(matmul(x, weight(6, 5))), weight(5, 3)), weight(3)))],
    ['of as many inputs as examples', ({ x, weight }) => matmul(slice(x, [0, 0], [x.shape[0] ?? 1, 4]), weight(4, 4))],
    [
      'of rows that are several of an example',
      ({ x, weight }) => reshape(matmul(reshape(x, [-1, 2]), weight(2, 4)), [-1, 12]),
    ],
    [
      'steps before examples',
      ({ x, weight }) => {
        const steps = transpose(reshape(x, [-1, 3, 2]), [1, 0, 2])
        const first = reshape(slice(steps, [0, 0, 0], [1, steps.shape[1] ?? 1, 2]), [-1, 2])
        return add(matmul(first, weight(2, 2)), sum(steps, [0]))
      },
    ],
    [
      'a state beside each example',
      ({ x, rows, weight }) => {
        const token = mul(tanh(weight(1, 1, 2)), constant(1, [rows, 1, 2]))
        return mean(concat([token, reshape(x, [-1, 3, 2])], 1), [1])
      },
    ],
    [
      'convolutions and pooling',
      ({ image, weight }) =>
        maxPool(pad(conv(image, weight(3, 3, 2, 4)), [0, 1, 1, 0], [image.shape[0] ?? 1, 4, 4, 4]), 2),
    ],
    [
      'numbers of classes',
      ({ x, label, weight }) => concat([oneHot(label, 3), gather(weight(3, 2), label), sort(x)], 1),
    ],
    ['places', ({ image }) => argMax(reshape(image, [-1, 32]))],
    [
      'attention',
      ({ x }) => {
        const words = reshape(x, [-1, 3, 2])
        return matmul(softmax(matmul(words, words, { transposeB: true })), words)
      },
    ],
  ])('%s', (_, build) => {
    const [four, seven] = [programOf(4, build), programOf(7, build)]
    expect(withBatchSize(four, 7).toString()).toBe(seven.toString())
    expect(withBatchSize(four, 7).toJSON()).toEqual(seven.toJSON())
    expect(withBatchSize(four, 4)).toBe(four)
  })

  test.each<[string, (fields: Fields) => Tensor]>([
    [
      'constant',
      ({ x, rows }) =>
        mul(
          x,
          constant(
            Float32Array.from({ length: rows }, (_, i) => i),
            [rows, 1],
          ),
        ),
    ],
    ['reshape', ({ x }) => reshape(x, [6, 4])],
    ['matmul', ({ x }) => matmul(matmul(x, x, { transposeB: true }), x)],
    ['add', ({ x, weight }) => add(x, weight(4, 6))],
  ])('is refused where "%s" knows how many there are', (op, build) => {
    expect(() => withBatchSize(programOf(4, build), 7)).toThrow(UserError)
    expect(() => withBatchSize(programOf(4, build), 7)).toThrow(`"${op}" depends on how many examples there are`)
  })

  test('is marked by a prime that it has nowhere else', () => {
    const build = ({ x, weight }: Fields) => matmul(matmul(x, weight(6, 99_991)), weight(99_991, 2))
    const { program, marker } = withMarkedBatch(programOf(4, build))
    expect(marker).toBe(1_009)
    expect(program.nodes.at(-1)?.shape).toEqual([1_009, 2])
  })
})
