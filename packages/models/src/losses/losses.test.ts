/** Losses and their gradients against tfjs, and where tfjs would be wrong or overflow. */
import { type Tensor } from '@gradpool/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute, gradients, type Operand } from '../testing/compute.js'
import { tf } from '../testing/tfjs.js'
import { binaryCrossEntropy } from './binary-cross-entropy.js'
import { crossEntropy } from './cross-entropy.js'
import { meanSquaredError } from './mean-squared-error.js'

/** The same examples every time; raise the number to search further. */
const search = { seed: 1, numRuns: 40 }

const shape = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 2, max: 6 }))
/** Within ±8, and not 0, where tfjs takes other subgradients. */
const real = fc.integer({ min: -8000, max: 7999 }).map((x) => (x + 0.5) / 1000)

/** Logits [batch, classes] and a class number for each row. */
const classified = shape.chain(([batch, classes]) =>
  fc.record({
    logits: fc
      .array(real, { minLength: batch * classes, maxLength: batch * classes })
      .map((values): Operand => ({ shape: [batch, classes], values })),
    labels: fc.array(fc.nat({ max: classes - 1 }), { minLength: batch, maxLength: batch }),
  }),
)

/** Two operands of one shape; the second within [0, 1]. */
const paired = shape.chain(([batch, features]) => {
  const size = { minLength: batch * features, maxLength: batch * features }
  const operand = (values: readonly number[]): Operand => ({ shape: [batch, features], values })
  return fc.record({
    output: fc.array(real, size).map(operand),
    target: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), size).map(operand),
  })
})

/** Without options. */
const lossOf = (logits: Tensor, labels: Tensor) => crossEntropy(logits, labels)
const binaryLossOf = (logits: Tensor, targets: Tensor) => binaryCrossEntropy(logits, targets)
const squaredLossOf = (output: Tensor, target: Tensor) => meanSquaredError(output, target)

function tensorOf({ values, shape }: Operand): tf.Tensor {
  return tf.tensor([...values], [...shape])
}

function expectClose(actual: readonly number[], expected: tf.Tensor): void {
  const values = expected.dataSync()
  expect(actual).toHaveLength(values.length)
  values.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 4))
}

describe('crossEntropy', () => {
  test('value and gradient are those of tfjs, for class numbers and one-hot alike', () => {
    fc.assert(
      fc.property(classified, fc.constantFrom('u8' as const, 'i32' as const), (sample, dtype) => {
        const { logits, labels } = sample
        const [batch = 0, classes = 0] = logits.shape
        const oneHot = tf.oneHot(tf.tensor1d(labels, 'int32'), classes)
        const loss = (x: tf.Tensor) => tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(oneHot, x)
        const forms: Operand[] = [
          { shape: [batch], values: labels, dtype },
          { shape: [batch, classes], values: [...oneHot.dataSync()] },
        ]
        for (const form of forms) {
          expectClose(compute([logits, form], lossOf), loss(tensorOf(logits)))
          const [gradient = []] = gradients([logits, form], lossOf)
          expectClose(gradient, tf.grad(loss)(tensorOf(logits)))
        }
      }),
      search,
    )
  })

  test('stays finite for logits that overflow the exponential', () => {
    const logits = { shape: [2, 2], values: [1e4, -1e4, 1e4, -1e4] }
    const labels = { shape: [2], values: [0, 1], dtype: 'u8' as const }
    expect(compute([logits, labels], lossOf)).toEqual([1e4])
    expect(gradients([logits, labels], lossOf)).toEqual([[0, 0, 0.5, -0.5]])
  })

  test.each([
    [[3, 2], { shape: [2], dtype: 'u8' }, 'not u8[2]'],
    [[3, 2], { shape: [3], dtype: 'f32' }, 'not f32[3]'],
    [[3, 2], { shape: [3, 4], dtype: 'f32' }, 'not f32[3, 4]'],
    [[3], { shape: [3], dtype: 'u8' }, 'logits must be [batch, classes], not f32[3]'],
  ] as const)('refuses logits %j with labels %j', (logits, labels, message) => {
    const operands = [
      { shape: logits, values: [] },
      { ...labels, values: [] },
    ]
    expect(() => compute(operands, lossOf)).toThrow(message)
  })
})

describe('crossEntropy of what is unusual', () => {
  const labels = (...values: number[]): Operand => ({ shape: [values.length], values, dtype: 'i32' })
  const logits = (...values: number[]): Operand => ({ shape: [values.length / 3, 3], values })
  const ignoring = (ignoreLabel: number) => (x: Tensor, y: Tensor) => crossEntropy(x, y, { ignoreLabel })

  test('a logit of -∞ is a class that cannot be: it costs nothing where it is another’s', () => {
    const x = logits(0, -Infinity, 0)
    expect(compute([x, labels(0)], lossOf)[0]).toBeCloseTo(Math.LN2, 12)
    expect(gradients([x, labels(0)], lossOf)[0]).toEqual([-0.5, 0, 0.5])
    expect(compute([x, labels(1)], lossOf)).toEqual([Infinity])
    const distribution = { shape: [1, 3], values: [0.5, 0, 0.5] }
    expect(compute([x, distribution], lossOf)[0]).toBeCloseTo(Math.LN2, 12)
  })

  test.each([-1, 3, 255])('a label of %i, which is none of the classes, makes it NaN', (label) => {
    expect(compute([logits(1, 2, 3, 1, 2, 3), labels(0, label)], lossOf)).toEqual([NaN])
  })

  test.each([-1, 255, 1])('rows of ignoreLabel, %i, do not count', (ignored) => {
    const x = logits(1, 2, 3, 4, 2, -1, 0, 5, 1)
    const kept = logits(1, 2, 3, 0, 5, 1)
    const [value] = compute([x, labels(0, ignored, 2)], ignoring(ignored))
    expect(value).toBeCloseTo(compute([kept, labels(0, 2)], lossOf)[0] ?? NaN, 12)
    const [gradient = []] = gradients([x, labels(0, ignored, 2)], ignoring(ignored))
    const [expected = []] = gradients([kept, labels(0, 2)], lossOf)
    expect(gradient.slice(3, 6).map(Math.abs)).toEqual([0, 0, 0])
    ;[...gradient.slice(0, 3), ...gradient.slice(6)].forEach((each, i) =>
      expect(each).toBeCloseTo(expected[i] ?? NaN, 12),
    )
  })

  test('with ignoreLabel, another label outside still makes it NaN, and no row at all makes it 0', () => {
    expect(compute([logits(1, 2, 3, 1, 2, 3), labels(-1, 7)], ignoring(-1))).toEqual([NaN])
    expect(compute([logits(1, 2, 3), labels(-1)], ignoring(-1)).map(Math.abs)).toEqual([0])
  })

  test('ignoreLabel is a whole number, and goes with class numbers', () => {
    expect(() => compute([logits(1, 2, 3), labels(0)], ignoring(0.5))).toThrow(
      'crossEntropy: ignoreLabel must be a whole number, not 0.5',
    )
    expect(() => compute([logits(1, 2, 3), logits(0, 0, 1)], ignoring(1))).toThrow(
      'crossEntropy: ignoreLabel needs labels that are class numbers [batch], not f32[1, 3]',
    )
  })
})

describe('binaryCrossEntropy', () => {
  test('value and gradient are those of tfjs', () => {
    fc.assert(
      fc.property(paired, ({ output, target }) => {
        const loss = (x: tf.Tensor) => tf.losses.sigmoidCrossEntropy<tf.Tensor, tf.Scalar>(tensorOf(target), x)
        expectClose(compute([output, target], binaryLossOf), loss(tensorOf(output)))
        const [gradient = []] = gradients([output, target], binaryLossOf)
        expectClose(gradient, tf.grad(loss)(tensorOf(output)))
      }),
      search,
    )
  })

  test('the gradient is σ(logit) - target at a logit of 0 too', () => {
    const operands = [
      { shape: [1, 2], values: [0, 0] },
      { shape: [1, 2], values: [1, 0] },
    ]
    const [gradient = []] = gradients(operands, binaryLossOf)
    expect(gradient.map((x) => x * 2)).toEqual([-0.5, 0.5])
  })

  test.each([5, 17, 40, 80])('of a logit of ±%i on the right side is e^-%i, nearly, and not 0', (z) => {
    const operands = [
      { shape: [2], values: [z, -z] },
      { shape: [2], values: [1, 0] },
    ]
    const exact = Math.log1p(Math.exp(-z))
    expect((compute(operands, binaryLossOf)[0] ?? NaN) / exact).toBeCloseTo(1, 12)
  })

  test('stays finite and exact for large logits', () => {
    const operands = [
      { shape: [4], values: [1000, -1000, 1000, -1000] },
      { shape: [4], values: [1, 0, 0, 1] },
    ]
    expect(compute(operands, binaryLossOf)).toEqual([500])
  })
})

describe('meanSquaredError', () => {
  test('value and gradient are those of tfjs', () => {
    fc.assert(
      fc.property(paired, ({ output, target }) => {
        const loss = (x: tf.Tensor) => tf.losses.meanSquaredError<tf.Tensor, tf.Scalar>(tensorOf(target), x)
        expectClose(compute([output, target], squaredLossOf), loss(tensorOf(output)))
        const [gradient = []] = gradients([output, target], squaredLossOf)
        expectClose(gradient, tf.grad(loss)(tensorOf(output)))
      }),
      search,
    )
  })

  test('takes pixels as they are', () => {
    const operands = [
      { shape: [1, 2], values: [250, 10] },
      { shape: [1, 2], values: [255, 0], dtype: 'u8' as const },
    ]
    expect(compute(operands, squaredLossOf)).toEqual([62.5])
  })
})
