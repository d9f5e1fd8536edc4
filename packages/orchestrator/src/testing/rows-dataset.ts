/** A dataset that the real engine trains on in a moment: 80 images of 4 × 4 pixels, and 20 to test with. */
import type { Dataset, ImageFields } from '@gradpool/datasets'

/** Images of 4 × 4 with one bright row, which is the class. */
function rows(numExamples: number): ImageFields {
  const classOf = (example: number) => example % 4
  const pixel = (_: unknown, i: number) =>
    Math.floor((i % 16) / 4) === classOf(Math.floor(i / 16)) ? 200 + (i % 50) : i % 40
  return {
    image: {
      dtype: 'u8',
      shape: [16],
      values: Uint8Array.from({ length: numExamples * 16 }, pixel),
    },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from({ length: numExamples }, (_, example) => classOf(example)),
    },
  }
}

export function rowsDataset(): Dataset {
  const train = rows(80)
  const test = rows(20)
  const from = (start: number, end: number) => Int32Array.from({ length: end - start }, (_, i) => start + i)
  return {
    name: 'rows',
    hash: '0'.repeat(64),
    imageShape: [4, 4],
    classes: 4,
    fields: { train, test },
    splits: {
      all: { fields: train, rows: from(0, 80) },
      train: { fields: train, rows: from(0, 50) },
      validation: { fields: train, rows: from(60, 80) },
      test: { fields: test, rows: from(0, 20) },
    },
  }
}
