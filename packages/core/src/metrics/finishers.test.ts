/** The functions by hand-computed figures; the models package has scikit-learn's for the metrics made of them. */
import { describe, expect, test } from 'vitest'
import { finisher, finishers } from './finishers.js'

type Parts = Readonly<Record<string, ArrayLike<number>>>

const finish = (name: string, parts: Parts, numExamples = 4) => finishers[name]?.(parts, numExamples)

/** Shares of hits, predictions and labels of three classes; of the last there is nothing. */
const mixed = { hits: [0.25, 0.125, 0], predicted: [0.5, 0.125, 0], actual: [0.25, 0.5, 0] }
/** A class that is only predicted, and one that is only there. */
const predictedOnly = { hits: [0.5, 0], predicted: [0.5, 0.5], actual: [1, 0] }
const actualOnly = { hits: [0.5, 0], predicted: [1, 0], actual: [0.5, 0.5] }

const yesAndNo = { score: [0.1, 0.4, 0.35, 0.8], label: [0, 0, 1, 1] }

test.each<[name: string, what: string, parts: Parts, expected: number]>([
  ['reconstructionAccuracy', 'a root over a mean', { squaredError: [4, 1], target: [8, 1] }, 0.75],
  ['shareOfCounted', 'half of what counts', { correct: [0.25, 1], counted: [0.5, 1] }, 0.5],
  ['rootMean', 'a root', { value: [9, 1] }, 3],

  ['precision', 'the classes that there are', mixed, (0.5 + 1) / 2],
  ['recall', 'the classes that there are', mixed, (1 + 0.25) / 2],
  ['f1', 'the classes that there are', mixed, (2 / 3 + 2 / 5) / 2],
  ['precision', 'a class that is only predicted', predictedOnly, 0.5],
  ['recall', 'a class that is only predicted', predictedOnly, 0.25],
  ['f1', 'a class that is only predicted', predictedOnly, 1 / 3],
  ['precision', 'a class that is never predicted', actualOnly, 0.25],
  ['recall', 'a class that is never predicted', actualOnly, 0.5],
  ['f1', 'a class that is never predicted', actualOnly, 1 / 3],

  ['precision', 'one class without examples', { hits: [0], predicted: [0], actual: [0] }, 0],
  ['balancedAccuracy', 'the classes that examples belong to', mixed, (1 + 0.25) / 2],
  ['balancedAccuracy', 'a class that is only predicted', predictedOnly, 0.5],
  ['clusterAccuracy', 'clusters of other names', { share: [0, 0.5, 0.25, 0.25] }, 0.75],
  ['normalizedMutualInformation', 'clusters of other names', { share: [0, 0.5, 0.5, 0] }, 1],
  ['adjustedRandIndex', 'pairs that all cross', { share: [0.25, 0.25, 0.25, 0.25] }, -0.5],

  ['auc', 'three of four pairs in order', yesAndNo, 0.75],
  ['auc', 'a tie, which counts half', { score: [1, 1, 2], label: [0, 1, 1] }, 0.75],
  ['auc', 'the largest score first', { score: [3, 1, 2], label: [1, 0, 1] }, 1],
  ['auc', 'one score for all', { score: [5, 5, 5], label: [0, 1, 0] }, 0.5],
  [
    'auc',
    'examples of which one does not count',
    { score: [...yesAndNo.score, 9], label: [...yesAndNo.label, 0], counted: [1, 1, 1, 1, 0] },
    0.75,
  ],

  ['calibrationError', 'two bins', { confidence: [0.9, 0.6], correct: [1, 0] }, (0.1 + 0.6) / 2],
  ['calibrationError', 'one bin, in which gaps cancel', { confidence: [0.9, 0.91], correct: [1, 0] }, 0.81 / 2],
  ['calibrationError', 'the first two bins', { confidence: [0.05, 0.1], correct: [1, 0] }, (0.95 + 0.1) / 2],
  ['calibrationError', 'the last two bins', { confidence: [0.9, 0.95], correct: [1, 0] }, (0.1 + 0.95) / 2],
  ['calibrationError', 'an edge, of the bin below', { confidence: [0.2, 0.15], correct: [0, 1] }, 0.65 / 2],
  ['calibrationError', 'a confidence of 0, of the first bin', { confidence: [0, 0.01], correct: [1, 0] }, 0.99 / 2],
  ['calibrationError', 'a rounding error beyond 1', { confidence: [1.01], correct: [0] }, 1.01],
  [
    'calibrationError',
    'examples of which one does not count',
    { confidence: [0.9, 0.6, 0.3], correct: [1, 0, 1], counted: [1, 1, 0] },
    0.35,
  ],
])('%s of %s', (name, _, parts, expected) => {
  expect(finish(name, parts)).toBeCloseTo(expected, 12)
})

test.each<[name: string, what: string, target: readonly number[], output: readonly number[], n: number, value: number]>(
  [
    ['r2', 'half of the spread', [1, 2, 3], [1, 2, 4], 3, 0.5],
    ['r2', 'the mean over two outputs', [1, 10, 2, 20, 3, 30], [1, 10, 2, 20, 4, 30], 3, 0.75],
    ['r2', 'equal targets that are met', [2, 2], [2, 2], 2, 1],
    ['r2', 'equal targets that are not met', [2, 2], [2, 3], 2, 0],
    ['medianAbsoluteError', 'an odd number, in no order', [0, 0, 0], [5, -1, 2], 3, 2],
    ['medianAbsoluteError', 'an even number, sorted as numbers', [0, 0, 0, 0], [4, 1, -2, 10], 4, 3],
    ['medianAbsoluteError', 'the mean over two outputs', [0, 5, 0, 5, 0, 5], [1, 5, 3, 6, 9, 15], 3, 2],
  ],
)('%s of %s', (name, _, target, output, numExamples, expected) => {
  expect(finish(name, { target, output }, numExamples)).toBeCloseTo(expected, 12)
})

describe('counts', () => {
  test('are whole numbers of examples, by rows, whatever f32 made of the shares', () => {
    expect(finish('counts', { share: [0.5, 0.25, 0, 0.25] })).toEqual([
      [2, 1],
      [0, 1],
    ])
    const third = Math.fround(1 / 3)
    expect(finish('counts', { share: Float32Array.of(third, 0, third, third) }, 3)).toEqual([
      [1, 0],
      [1, 1],
    ])
  })
})

describe('of nothing', () => {
  test.each([
    'reconstructionAccuracy',
    'shareOfCounted',
    'rootMean',
    'precision',
    'recall',
    'f1',
    'r2',
    'medianAbsoluteError',
    'auc',
    'calibrationError',
    'balancedAccuracy',
    'normalizedMutualInformation',
    'adjustedRandIndex',
    'clusterAccuracy',
  ])('%s is NaN', (name) => {
    expect(finish(name, {}, 0)).toBeNaN()
  })

  test('counts are no rows', () => {
    expect(finish('counts', {}, 0)).toEqual([])
  })

  test('auc is NaN where all examples are of one class', () => {
    expect(finish('auc', { score: [1, 2], label: [1, 1] })).toBeNaN()
    expect(finish('auc', { score: [1, 2], label: [0, 0] })).toBeNaN()
  })
})

test('a finisher is a name, and names that objects have by themselves are none', () => {
  expect(finisher('r2')).toEqual({ name: 'r2' })
  expect(finishers.toString).toBeUndefined()
})
