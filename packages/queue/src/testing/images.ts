/** Images of 28 × 28 with a bright band, whose place is the class: as MNIST's, but few. */
import type { Dataset, ImageFields } from '@gradpool/datasets'

const PIXELS = 784

function images(numExamples: number, first: number): ImageFields {
  const image = new Uint8Array(numExamples * PIXELS)
  const label = new Uint8Array(numExamples)
  for (let example = 0; example < numExamples; example++) {
    const digit = (example * 7 + first) % 10
    label[example] = digit
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const isBright = Math.floor(pixel / 80) === digit
      image[example * PIXELS + pixel] = isBright ? 200 + ((example + pixel) % 50) : (example * pixel) % 30
    }
  }
  return {
    image: { dtype: 'u8', shape: [PIXELS], values: image },
    label: { dtype: 'u8', shape: [], values: label },
  }
}

const rowsFrom = (start: number, end: number) => Int32Array.from({ length: end - start }, (_, i) => start + i)

export function imagesDataset(): Dataset {
  const train = images(400, 0)
  const test = images(100, 3)
  return {
    name: 'bands',
    hash: 'cd'.repeat(32),
    imageShape: [28, 28],
    classes: 10,
    fields: { train, test },
    splits: {
      all: { fields: train, rows: rowsFrom(0, 400) },
      // In no order, and more than are in the document itself.
      train: { fields: train, rows: rowsFrom(0, 123).map((row) => (row * 77) % 320) },
      validation: { fields: train, rows: rowsFrom(330, 400) },
      test: { fields: test, rows: rowsFrom(0, 100) },
    },
  }
}
