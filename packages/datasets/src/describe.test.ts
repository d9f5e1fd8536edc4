import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { describeData } from './describe.js'
import { arrays, idxFolder, mnist } from './spec.js'
import { tinyFolder, tinyImages } from './testing/tiny-folder.js'

describe('describeData', () => {
  it('knows the files of MNIST without reading them', async () => {
    const { ready, rows, files } = await describeData(mnist())
    expect(ready).toBe(true)
    expect(rows).toEqual({ train: 59_000, validation: 1000, test: 10_000 })
    expect(files.map(({ header }) => header?.dims)).toEqual([[60_000, 28, 28], [60_000], [10_000, 28, 28], [10_000]])
    expect(files[0]?.header).toMatchObject({ compressed: false, fileBytes: 47_040_016 })
  })

  it('tells what is missing and what cannot be used', async () => {
    const packed = gzipSync(tinyImages(20))
    const directory = await tinyFolder({
      'train-images-idx3-ubyte': undefined,
      'train-images.idx3-ubyte.gz': packed,
      'train-labels-idx1-ubyte': undefined,
      't10k-images-idx3-ubyte': Uint8Array.of(1, 2, 3, 4),
      't10k-labels-idx1-ubyte': undefined,
    })
    const labels = join(directory, 't10k-labels-idx1-ubyte')
    await mkdir(labels)
    expect(await describeData(mnist(), { directory })).toEqual({
      name: basename(directory),
      ready: false,
      directory,
      files: [
        {
          role: 'trainImages',
          path: join(directory, 'train-images.idx3-ubyte.gz'),
          state: 'ready',
          header: { dims: [20, 2, 3], compressed: true, fileBytes: packed.length },
        },
        {
          role: 'trainLabels',
          path: 'train-labels-idx1-ubyte',
          state: 'missing',
          problem: 'train-labels-idx1-ubyte is missing',
        },
        {
          role: 'testImages',
          path: join(directory, 't10k-images-idx3-ubyte'),
          state: 'unusable',
          problem: expect.stringContaining('is not an IDX file') as string,
        },
        {
          role: 'testLabels',
          path: labels,
          state: 'unusable',
          problem: `${labels} is a directory, expected a file`,
        },
      ],
    })
  })

  it('tells how the rows are split, and when there are too few', async () => {
    const directory = await tinyFolder()
    const rows = { train: 18, validation: 2, test: 6 }
    expect(await describeData(idxFolder({ directory }))).toMatchObject({ ready: true, rows })
    expect(await describeData(mnist({ directory }))).toMatchObject({
      ready: false,
      problem: 'Of 20 rows, 1000 for validation leave none to train on: hold out fewer',
    })
  })

  it('tells how arrays are split', async () => {
    const x = { values: new Float32Array(20), shape: [2] }
    expect(await describeData(arrays({ x }, { name: 'points', test: 0.2 }))).toEqual({
      name: 'points',
      ready: true,
      files: [],
      rows: { train: 8, validation: 0, test: 2 },
    })
    expect(await describeData(arrays({ x }, { test: 10 }))).toMatchObject({ ready: false })
  })

  it('tells that there is no such folder', async () => {
    const directory = join(await tinyFolder(), 'gone')
    expect(await describeData(idxFolder({ directory }))).toEqual({
      name: directory,
      ready: false,
      problem: `The data folder ${directory} does not exist`,
      files: [],
    })
  })
})
