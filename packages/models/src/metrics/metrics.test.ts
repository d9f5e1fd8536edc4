import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compute, type Operand } from '../testing/compute.js'
import { accuracy } from './accuracy.js'
import { confusionMatrix } from './confusion-matrix.js'
import { reconstructionAccuracy } from './reconstruction-accuracy.js'

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

  test('refuses labels that are no classes', () => {
    const operands: Operand[] = [
      { shape: [2, 3], values: [] },
      { shape: [2], values: [] },
    ]
    expect(() => compute(operands, accuracy)).toThrow('accuracy: labels must be class numbers')
  })
})

describe('confusionMatrix', () => {
  test('has the share of each pair of label and estimate', () => {
    fc.assert(
      fc.property(judged, ({ logits, numbers, oneHot, pairs }) => {
        const expected = new Array<number>(classes * classes).fill(0)
        for (const [label, estimate] of pairs) {
          const cell = label * classes + estimate
          expected[cell] = (expected[cell] ?? 0) + 1 / pairs.length
        }
        for (const labels of [numbers, oneHot]) {
          const matrix = compute([logits, labels], (x, y) => confusionMatrix(x, y, classes))
          matrix.forEach((share, cell) => expect(share).toBeCloseTo(expected[cell] ?? NaN, 12))
        }
      }),
      search,
    )
  })
})

describe('reconstructionAccuracy', () => {
  test('is 1 - √mse / mean(target)', () => {
    const output = { shape: [2, 2], values: [10, 20, 30, 44] }
    const target = { shape: [2, 2], values: [10, 22, 30, 40], dtype: 'u8' as const }
    const expected = 1 - Math.sqrt((4 + 16) / 4) / (102 / 4)
    expect(compute([output, target], reconstructionAccuracy)[0]).toBeCloseTo(expected, 12)
  })

  test('is 1 for a perfect reconstruction and does not depend on the scale', () => {
    const target = { shape: [1, 3], values: [1, 2, 3] }
    expect(compute([target, target], reconstructionAccuracy)).toEqual([1])
    const half = (operand: Operand) => ({ ...operand, values: operand.values.map((x) => x / 2) })
    const output = { shape: [1, 3], values: [1, 3, 3] }
    expect(compute([half(output), half(target)], reconstructionAccuracy)[0]).toBeCloseTo(
      compute([output, target], reconstructionAccuracy)[0] ?? NaN,
      12,
    )
  })
})
