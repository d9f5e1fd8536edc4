import { cast, defineModel, mean, type Metric, type Tensor } from '@gradpool/core'
import { evaluation } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  accuracy,
  adjustedRandIndex,
  auc,
  balancedAccuracy,
  binaryCrossEntropy,
  calibrationError,
  clusterAccuracy,
  clusteringScores,
  confusionMatrix,
  crossEntropy,
  f1,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  medianAbsoluteError,
  normalizedMutualInformation,
  precision,
  r2,
  recall,
  reconstructionAccuracy,
  rootMeanSquaredError,
  topKAccuracy,
} from '../index.js'
import { compute, type Operand } from '../testing/compute.js'
import { judge } from '../testing/judge.js'

/** The same examples every time; raise the number to search further. */
const search = { seed: 1, numRuns: 40 }

const classes = 4

/** Logits [batch, 4] and labels, with the classes that they stand for. */
const judged = fc
  .array(
    fc.record({
      logits: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: classes, maxLength: classes }),
      label: fc.nat({ max: classes - 1 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((rows) => {
    const labels = rows.map(({ label }) => label)
    return {
      logits: { shape: [rows.length, classes], values: rows.flatMap(({ logits }) => logits) },
      numbers: { shape: [rows.length], values: labels, dtype: 'u8' as const },
      oneHot: {
        shape: [rows.length, classes],
        values: labels.flatMap((label) => [0, 1, 2, 3].map((c) => (c === label ? 1 : 0))),
      },
      pairs: rows.map(({ logits, label }) => [label, logits.indexOf(Math.max(...logits))] as const),
    }
  })

describe('accuracy', () => {
  test('is the share of rows whose largest logit is the label’s', () => {
    fc.assert(
      fc.property(judged, ({ logits, numbers, oneHot, pairs }) => {
        const share = pairs.filter(([label, estimate]) => label === estimate).length / pairs.length
        for (const labels of [numbers, oneHot, { ...numbers, dtype: 'i32' as const }]) {
          expect(compute([logits, labels], accuracy)[0]).toBeCloseTo(share, 12)
        }
      }),
      search,
    )
  })

  test('refuses labels that are no classes, and other numbers of rows', () => {
    const logits: Operand = { shape: [2, 3], values: [] }
    for (const labels of [{ shape: [2] }, { shape: [3], dtype: 'u8' as const }, { shape: [2, 2] }]) {
      expect(() => compute([logits, { ...labels, values: [] }], accuracy)).toThrow(
        'accuracy: labels must be class numbers',
      )
    }
  })
})

describe('confusionMatrix', () => {
  test('counts each pair of label and estimate', () => {
    fc.assert(
      fc.property(judged, fc.integer({ min: 1, max: 5 }), ({ logits, numbers, pairs }, size) => {
        const expected = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
        for (const [label, estimate] of pairs) {
          const row = expected[label]
          if (row) row[estimate] = (row[estimate] ?? 0) + 1
        }
        const fields = {
          logits: { values: logits.values, shape: [classes] },
          label: { values: numbers.values, shape: [], dtype: 'u8' as const },
        }
        const counts = judge(fields, size, (b) => confusionMatrix(b.logits, b.label))
        expect(counts).toEqual(expected)
      }),
      search,
    )
  })
})

describe('reconstructionAccuracy', () => {
  const judgedBy = (output: readonly number[], target: readonly number[], batchSize: number) =>
    judge({ output: { values: output, shape: [2] }, target: { values: target, shape: [2] } }, batchSize, (b) =>
      reconstructionAccuracy(b.output, b.target),
    )

  test('is 1 - √mse / mean(target) over all examples, whatever the batches', () => {
    const expected = 1 - Math.sqrt((4 + 16 + 1) / 6) / (105 / 6)
    for (const size of [1, 2, 3]) {
      expect(judgedBy([10, 20, 30, 44, 1, 1], [10, 22, 30, 40, 1, 2], size)).toBeCloseTo(expected, 6)
    }
  })

  test('is 1 for a perfect reconstruction', () => {
    expect(judgedBy([1, 2, 3, 4], [1, 2, 3, 4], 1)).toBe(1)
  })
})

describe('shapes that would broadcast by mistake are refused', () => {
  const column = { shape: [3, 1], values: [1, 2, 3] }
  const row = { shape: [3], values: [1, 2, 3] }
  const traced = (metric: (a: Tensor, b: Tensor) => Tensor | Metric) => () =>
    compute([column, row], (a, b) => {
      metric(a, b)
      return a
    })

  test.each<[string, (a: Tensor, b: Tensor) => Tensor | Metric]>([
    ['meanSquaredError', meanSquaredError],
    ['binaryCrossEntropy', binaryCrossEntropy],
    ['meanAbsoluteError', meanAbsoluteError],
    ['meanAbsolutePercentageError', meanAbsolutePercentageError],
    ['rootMeanSquaredError', rootMeanSquaredError],
    ['reconstructionAccuracy', reconstructionAccuracy],
    ['r2', r2],
    ['medianAbsoluteError', medianAbsoluteError],
    ['auc', auc],
  ])('%s', (name, metric) => {
    expect(traced(metric)).toThrow(
      `${name}: the output is f32[3, 1] and the target f32[3]; they must have one shape: reshape one of them`,
    )
  })

  test.each<[string, (a: Tensor, b: Tensor) => Tensor | Metric]>([
    ['crossEntropy', crossEntropy],
    ['accuracy', accuracy],
    ['confusionMatrix', confusionMatrix],
    ['calibrationError', calibrationError],
    ['precision', precision],
    ['recall', recall],
    ['f1', f1],
    ['balancedAccuracy', balancedAccuracy],
    ['topKAccuracy', (a, b) => topKAccuracy(a, b, 1)],
    ['clusterAccuracy', clusterAccuracy],
  ])('%s', (name, metric) => {
    expect(traced(metric)).toThrow(`${name}: labels must be class numbers u8[3] or i32[3]`)
  })
})

test.each([
  ['precision', precision],
  ['recall', recall],
  ['f1', f1],
] as const)('%s of yes and no refuses labels that would broadcast', (name, metric) => {
  const [scores, one] = [
    { shape: [3], values: [1, -2, 3] },
    { shape: [1], values: [1], dtype: 'u8' as const },
  ]
  const build = () =>
    compute([scores, one], (score, label) => {
      metric(score, label)
      return score
    })
  expect(build).toThrow(`${name}: the output is f32[3] and the target u8[1]; they must have one shape`)
})

test('auc is of one score an example, and NaN for one class', () => {
  const two = { values: [1, 2, 3, 4], shape: [2] }
  expect(() => judge({ two }, 2, (b) => auc(b.two, b.two))).toThrow(
    'auc: scores must be [batch] or [batch, 1], not f32[2, 2]',
  )
  expect(() => judge({ two }, 2, (b) => auc(mean(b.two), mean(b.two)))).toThrow(
    'auc: scores must be [batch] or [batch, 1], not f32[]',
  )
  const one = { values: [1, 1], shape: [] }
  expect(judge({ one }, 2, (b) => auc(b.one, b.one))).toBeNaN()
})

test('r2 of equal targets is 1 for equal outputs, else 0', () => {
  const target = { values: [2, 2], shape: [] }
  const of = (values: number[]) => judge({ output: { values, shape: [] }, target }, 1, (b) => r2(b.output, b.target))
  expect([of([2, 2]), of([2, 3])]).toEqual([1, 0])
})

test('each metric knows whether more is better', () => {
  const model = defineModel({
    params: {},
    step(_, { image, label }) {
      const classes = cast(label, 'u8')
      const sum = mean(image, 1)
      return {
        loss: crossEntropy(image, classes),
        accuracy: accuracy(image, classes),
        f1: f1(image, classes),
        confusion: confusionMatrix(image, classes),
        r2: r2(sum, label),
        mae: meanAbsoluteError(sum, label),
        crossEntropy: crossEntropy(image, classes),
        binaryCrossEntropy: binaryCrossEntropy(sum, label),
        meanSquaredError: meanSquaredError(sum, label),
        own: mean(label),
      }
    },
  })
  const { metrics } = evaluation(model, {
    batchSize: 2,
    data: {
      fields: { image: { dtype: 'f32', shape: [3] }, label: { dtype: 'f32', shape: [] } },
      numExamples: 5,
    },
  })
  expect(Object.fromEntries(metrics.map(({ name, direction }) => [name, direction]))).toEqual({
    loss: 'min',
    accuracy: 'max',
    f1: 'max',
    confusion: undefined,
    r2: 'max',
    mae: 'min',
    crossEntropy: 'min',
    binaryCrossEntropy: 'min',
    meanSquaredError: 'min',
    own: undefined,
  })
  expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
})

describe('ignoreLabel leaves rows out', () => {
  const ignored = 255
  // Of the rows left out, one is right where label 2 is ignored, and one is taken for a class that others have.
  const logits = [3, 1, 0, 0, 2, 3, 0, 1, 4, 5, 0, 0, 3, 0, 1]
  const kept = [0, 2, 3]
  const fieldsOf = (rows: readonly number[], ignored: number) => ({
    logits: { values: rows.flatMap((row) => logits.slice(3 * row, 3 * row + 3)), shape: [3] },
    label: { values: rows.map((row) => [0, ignored, 1, 0, ignored][row] ?? NaN), shape: [], dtype: 'u8' as const },
  })

  test.each<[string, (x: Tensor, y: Tensor, options?: { ignoreLabel: number }) => Tensor | Metric]>([
    ['accuracy', (x, y, options) => (options ? accuracy(x, y, options) : accuracy(x, y))],
    ['precision', precision],
    ['recall', recall],
    ['f1', f1],
    ['confusionMatrix', confusionMatrix],
    ['calibrationError', calibrationError],
    ['balancedAccuracy', balancedAccuracy],
    ['precision of a class', (x, y, options) => precision(x, y, { ...options, average: 0 })],
    ['recall of all together', (x, y, options) => recall(x, y, { ...options, average: 'micro' })],
    ['topKAccuracy', (x, y, options) => (options ? topKAccuracy(x, y, 2, options) : topKAccuracy(x, y, 2))],
    ['clusterAccuracy', clusterAccuracy],
    ['normalizedMutualInformation', normalizedMutualInformation],
    ['adjustedRandIndex', adjustedRandIndex],
  ])('of %s, whatever the batches, and whether the label is a class or none', (_, metric) => {
    const expected = judge(fieldsOf(kept, ignored), 3, (b) => metric(b.logits, b.label))
    for (const ignoreLabel of [ignored, 2]) {
      const fields = fieldsOf([0, 1, 2, 3, 4], ignoreLabel)
      for (const size of [1, 2, 3, 5]) {
        const value = judge(fields, size, (b) => metric(b.logits, b.label, { ignoreLabel }))
        if (typeof expected === 'number') expect(value).toBeCloseTo(expected, 6)
        else expect(value).toEqual(expected)
      }
    }
  })

  test('of scores of yes and no', () => {
    const of = (score: number[], label: number[], metric: (x: Tensor, y: Tensor) => Tensor | Metric) =>
      judge({ score: { values: score, shape: [] }, label: { values: label, shape: [], dtype: 'u8' } }, 2, (b) =>
        metric(b.score, b.label),
      )
    const all = [
      [1, -2, 3, 0.5, -1],
      [1, 255, 0, 1, 0],
    ] as const
    const some = all.map((list) => list.filter((_, row) => row !== 1))
    for (const metric of [auc, precision, recall, f1]) {
      const value = of([...all[0]], [...all[1]], (x, y) => metric(x, y, { ignoreLabel: ignored }))
      expect(value).toBeCloseTo(Number(of(some[0] ?? [], some[1] ?? [], metric)), 6)
    }
  })
})

describe('options that do not fit are refused', () => {
  const fields = {
    logits: { values: [1, 2, 3, 4, 5, 6], shape: [3] },
    label: { values: [0, 1], shape: [], dtype: 'u8' as const },
  }
  test.each<[string, (x: Tensor, y: Tensor) => Tensor | Metric]>([
    ['f1: average must be .* one of the 3 classes from 0 on, not 3', (x, y) => f1(x, y, { average: 3 })],
    ['precision: average is of several classes', (_, y) => precision(y, y, { average: 'micro' })],
    ['topKAccuracy: k must be a whole number from 1 to the 3 classes, not 4', (x, y) => topKAccuracy(x, y, 4)],
    ['clusterAccuracy: classes must be a whole', (x, y) => clusterAccuracy(x, y, { classes: 0 })],
    ['adjustedRandIndex: clusters must be \\[batch, clusters\\]', (_, y) => adjustedRandIndex(y, y)],
  ])('%s', (message, metric) => {
    expect(() => judge(fields, 2, (b) => metric(b.logits, b.label))).toThrow(new RegExp(message))
  })

  test('lists of other lengths', () => {
    expect(() => clusteringScores([1, 2], [1])).toThrow(
      'clusteringScores: there are 2 labels, and clusters of 1 examples',
    )
  })
})

test('equal logits are taken in order, so that the first of k is what accuracy takes', () => {
  const fields = {
    logits: { values: [1, 1, 0, 1, 1, 0], shape: [3] },
    label: { values: [0, 1], shape: [], dtype: 'u8' as const },
  }
  expect(judge(fields, 2, (b) => accuracy(b.logits, b.label))).toBe(0.5)
  expect(judge(fields, 2, (b) => topKAccuracy(b.logits, b.label, 1))).toBe(0.5)
  expect(judge(fields, 2, (b) => topKAccuracy(b.logits, b.label, 2))).toBe(1)
})

test('more classes than clusters, as numbers or one-hot', () => {
  const clusters = { values: [1, 0, 1, 0, 0, 1, 0, 1], shape: [2] }
  const label = { values: [0, 1, 2, 2], shape: [], dtype: 'u8' as const }
  const oneHot = { values: [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1], shape: [3] }
  const byNumber = judge({ clusters, label }, 3, (b) => clusterAccuracy(b.clusters, b.label, { classes: 3 }))
  expect([byNumber, judge({ clusters, oneHot }, 3, (b) => clusterAccuracy(b.clusters, b.oneHot))]).toEqual([0.75, 0.75])
})

test('an assignment is the best of all', () => {
  const permutations = (of: readonly number[]): number[][] =>
    of.length === 0 ? [[]] : of.flatMap((x) => permutations(of.filter((y) => y !== x)).map((rest) => [x, ...rest]))
  const pairs = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(pairs, (examples) => {
      const hits = permutations([0, 1, 2, 3, 4]).map((names) => examples.filter(([a, b]) => names[b] === a).length)
      const { accuracy } = clusteringScores(
        examples.map(([a]) => a),
        examples.map(([, b]) => b),
      )
      expect(accuracy).toBeCloseTo(Math.max(...hits) / examples.length, 12)
    }),
    search,
  )
})
