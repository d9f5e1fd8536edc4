import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ImageDataset } from './dataset.js'
import { loadDataset } from './load.js'
import { expectMnist, mnistChecksums, mnistDirectory } from './mnist.js'
import { mnist } from './spec.js'
import { tinyFolder } from './testing/tiny-folder.js'
import { userErrorOf } from './testing/user-errors.js'

let data: ImageDataset
beforeAll(async () => {
  vi.spyOn(Math, 'random').mockImplementation(() => {
    throw new Error('Math.random has no place here')
  })
  data = await loadDataset(mnist({ labelled: 0.01 }))
})
afterAll(() => vi.restoreAllMocks())

describe('MNIST', () => {
  it('has 60,000 images to train on and 10,000 to test with', () => {
    expect(data).toMatchObject({ name: 'mnist', imageShape: [28, 28], classes: 10 })
    expect(data.hash).toBe('42fba4f787e0b19e7faba1307d5c5dc0041cbd2298cdf4edfd6da61303aa1767')
    const sizes = Object.entries(data.splits).map(([name, { rows }]) => [name, rows.length])
    expect(Object.fromEntries(sizes)).toEqual({
      all: 60_000,
      train: 600,
      validation: 1000,
      test: 10_000,
    })
  })

  it('is the data set that its well-known MD5 sums name', () => {
    const { train, test } = data.fields
    const md5 = (header: readonly number[], values: NodeJS.ArrayBufferView) =>
      createHash('md5').update(Uint8Array.from(header)).update(values).digest('hex')
    const pixels = [0, 0, 0, 28, 0, 0, 0, 28]
    expect([
      md5([0, 0, 8, 3, 0, 0, 0xea, 0x60, ...pixels], train.image.values),
      md5([0, 0, 8, 1, 0, 0, 0xea, 0x60], train.label.values),
      md5([0, 0, 8, 3, 0, 0, 0x27, 0x10, ...pixels], test.image.values),
      md5([0, 0, 8, 1, 0, 0, 0x27, 0x10], test.label.values),
    ]).toEqual([
      '6bbc9ace898e44ae57da46a324031adb',
      'a25bea736e30d166cdddb491f175f624',
      '2646ac647ad5339dbf082846283269ea',
      '27ae3e4e09519cfbb04c329615203637',
    ])
  })

  it('has each digit about as often', () => {
    const histogram = (labels: Iterable<number>) => {
      const counts = new Array<number>(10).fill(0)
      for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
      return counts
    }
    const { train, test } = data.fields
    expect(histogram(train.label.values)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    expect(histogram(test.label.values)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    const labelled = histogram(data.splits.train.rows.map((row) => train.label.values[row] ?? -1))
    for (const count of labelled) expect(count).toBeGreaterThan(35)
  })
})

describe('the package of MNIST', () => {
  it('tells how to get it where it is not installed', async () => {
    expect(await userErrorOf(() => mnistDirectory(() => undefined))).toBe(
      'MNIST is not installed: run `gradpool setup mnist` once, which gets 53 MB, or name a folder that has its files',
    )
  })

  it('has to have the files that are known', async () => {
    const paths = { trainImages: 'a', trainLabels: 'b', testImages: 'c', testLabels: 'd' }
    const changed = { ...mnistChecksums, testImages: '00ff' }
    expect(await userErrorOf(() => expectMnist(paths, changed))).toMatch(
      /^c is not MNIST's: its SHA-256 is 00ff, expected 0fa7898d/,
    )
  })

  it('gives way to a folder, whose files may be any', async () => {
    const directory = await tinyFolder()
    const other = await loadDataset(mnist({ directory, validation: 5 }))
    expect(other.fields.train.label.values).toHaveLength(20)
  })
})
