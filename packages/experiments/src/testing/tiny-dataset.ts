/** A dataset small enough to plan in a millisecond: images of 2 × 2, three classes. */
import type { ImageDataset, ImageFields } from '@gradpool/datasets'

const train = fields(12)
const test = fields(6)

export const tinyDataset: ImageDataset = {
  name: 'tiny',
  hash: 'ab'.repeat(32),
  imageShape: [2, 2],
  classes: 3,
  fields: { train, test },
  splits: {
    all: { fields: train, rows: Int32Array.from({ length: 12 }, (_, row) => row) },
    train: { fields: train, rows: Int32Array.of(3, 1, 4, 0, 5, 9, 2, 6) },
    validation: { fields: train, rows: Int32Array.of(7, 8) },
    test: { fields: test, rows: Int32Array.of(0, 1, 2, 3, 4, 5) },
  },
}

function fields(numExamples: number): ImageFields {
  const values = Uint8Array.from({ length: numExamples * 4 }, (_, i) => (i * 37) % 256)
  return {
    image: { dtype: 'u8', shape: [4], values },
    label: {
      dtype: 'u8',
      shape: [],
      values: Uint8Array.from(values.subarray(0, numExamples), (v) => v % 3),
    },
  }
}
