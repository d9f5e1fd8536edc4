import { rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { encodeIdx } from './idx/write.js'
import { datasetLoader, loadDataset } from './load.js'
import { idxFolder, mnist } from './spec.js'
import { tinyFiles, tinyFolder, tinyImages, tinyLabels } from './testing/tiny-folder.js'
import { userErrorOf } from './testing/user-errors.js'

const validation = 5

function load(directory: string) {
  return loadDataset(idxFolder({ directory, validation }))
}

describe('a data folder', () => {
  it('becomes fields that the splits share', async () => {
    const directory = await tinyFolder()
    const data = await loadDataset(idxFolder({ directory, validation, labelled: 0.1 }))
    expect(data).toMatchObject({ name: basename(directory), imageShape: [2, 3], classes: 10 })
    const { train, test } = data.fields
    expect(train.image).toMatchObject({ dtype: 'u8', shape: [6] })
    expect(train.label).toMatchObject({ dtype: 'u8', shape: [] })
    expect([train.image.values.length, train.label.values.length]).toEqual([120, 20])
    expect([test.image.values.length, test.label.values.length]).toEqual([36, 6])
    const { all, train: labelled, ...rest } = data.splits
    for (const split of [all, labelled, rest.validation]) expect(split?.fields).toBe(train)
    expect(rest.test).toEqual({ fields: test, rows: Int32Array.of(0, 1, 2, 3, 4, 5) })
    expect([all, labelled, rest.validation].map((split) => split?.rows.length)).toEqual([20, 2, 5])
  })

  it('is allocated field by field, and nothing beside', async () => {
    const allocate = vi.fn((numBytes: number) => new Uint8Array(numBytes))
    await loadDataset(mnist({ validation }), { allocate, directory: await tinyFolder() })
    const sizes = allocate.mock.calls.map(([numBytes]) => numBytes)
    expect(sizes.sort((a, b) => a - b)).toEqual([6, 20, 36, 120])
  })

  it('has the same hash under any of its names, and another for other contents', async () => {
    const plain = await tinyFolder()
    const packed = await tinyFolder()
    for (const name of Object.keys(tinyFiles)) {
      await rename(join(packed, name), join(packed, name.replace('-idx', '.idx')))
    }
    const gzipped = await tinyFolder({
      'train-images-idx3-ubyte': undefined,
      'train-images-idx3-ubyte.gz': gzipSync(tinyImages(20)),
    })
    const other = await tinyFolder({ 't10k-labels-idx1-ubyte': withLabel(6, 0, 1) })
    const { hash } = await load(plain)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect((await load(packed)).hash).toBe(hash)
    expect((await load(gzipped)).hash).toBe(hash)
    expect((await load(other)).hash).not.toBe(hash)
  })
})

describe('what is held out', () => {
  it('is a tenth of a folder for validation, and as many as asked for otherwise', async () => {
    const spec = idxFolder({ directory: await tinyFolder() })
    expect((await loadDataset(spec)).splits.validation?.rows).toHaveLength(2)
    const none = await loadDataset(spec, { validation: 0 })
    expect(none.splits).not.toHaveProperty('validation')
    expect(none.splits.train.rows).toHaveLength(20)
    const drawn = await loadDataset(spec, { validation: 0.25, test: 3 })
    const { all, train, validation, test } = drawn.splits
    const lengths = [all, train, validation, test].map((split) => split?.rows.length)
    expect(lengths).toEqual([17, 12, 5, 3])
    expect(test?.fields).toBe(drawn.fields.train)
    expect(all.rows.some((row) => test?.rows.includes(row))).toBe(false)
  })

  it('is the same whether asked for before or after loading', async () => {
    const spec = idxFolder({ directory: await tinyFolder(), labelled: 0.5, splitSeed: 7 })
    const before = await loadDataset(spec, { validation: 4 })
    const loaded = await loadDataset(spec)
    expect(await loadDataset(loaded)).toBe(loaded)
    const after = await loadDataset(loaded, { validation: 4 })
    expect(after.splits).toEqual(before.splits)
    expect(after.fields.train).toBe(loaded.fields.train)
  })
})

describe('a loader', () => {
  it('loads the examples of a source once, however they are split', async () => {
    const allocate = vi.fn((numBytes: number) => new Uint8Array(numBytes))
    const directory = await tinyFolder()
    const load = datasetLoader({ allocate })
    const whole = await load(idxFolder({ directory }))
    const few = await load(idxFolder({ directory, labelled: 0.1, validation }))
    expect(allocate).toHaveBeenCalledTimes(4)
    expect(few.fields).toEqual(whole.fields)
    expect(few.fields.train).toBe(whole.fields.train)
    const alone = await loadDataset(idxFolder({ directory, labelled: 0.1, validation }))
    expect(few.hash).toBe(alone.hash)
    expect(few.splits).toEqual(alone.splits)
  })
})

describe('a folder that is not right', () => {
  it('does not exist, or is a file', async () => {
    const directory = await tinyFolder()
    const gone = join(directory, 'gone')
    expect(await userErrorOf(() => load(gone))).toBe(`The data folder ${gone} does not exist`)
    const file = join(directory, 'train-labels-idx1-ubyte')
    expect(await userErrorOf(() => load(file))).toBe(`${file} is not a folder of data files`)
  })

  it('lacks files', async () => {
    const directory = await tinyFolder({
      'train-labels-idx1-ubyte': undefined,
      't10k-images-idx3-ubyte': undefined,
    })
    expect(await userErrorOf(() => load(directory))).toBe(
      `${directory} has no train-labels-idx1-ubyte, t10k-images-idx3-ubyte, ` +
        'expected each of them, with or without .gz',
    )
  })

  it.each([
    ['train-labels-idx1-ubyte', withLabel(20, 7, 200), 'the label 200 at position 7, expected 0 to 9'],
    ['t10k-labels-idx1-ubyte', withLabel(6, 5, 10), 'the label 10 at position 5, expected 0 to 9'],
    ['train-images-idx3-ubyte', tinyImages(19), 'has 19 images, expected 20, one for each label in'],
    ['t10k-labels-idx1-ubyte', tinyLabels(7), 'has 6 images, expected 7, one for each label in'],
    ['t10k-images-idx3-ubyte', tinyImages(6, 3, 2), 'has images of 3 × 2 pixels, expected 2 × 3 as'],
    ['train-images-idx3-ubyte', tinyLabels(20), 'has 1 dimension, expected 3'],
    ['train-labels-idx1-ubyte', tinyImages(20), 'has 3 dimensions, expected 1'],
    ['train-labels-idx1-ubyte', tinyLabels(0), 'is empty: it has 0 elements'],
    ['train-images-idx3-ubyte', tinyImages(0), 'is empty: it has the dimensions 0 × 2 × 3'],
    ['t10k-images-idx3-ubyte', gzipSync(tinyImages(6)).subarray(0, 30), 'is cut short'],
  ])('has a wrong %s', async (name, bytes, complaint) => {
    const directory = await tinyFolder({ [name]: bytes })
    const message = await userErrorOf(() => load(directory))
    expect(message).toContain(complaint)
    expect(message).toContain(directory)
  })

  it('has labels up to the number of classes that the spec says', async () => {
    const directory = await tinyFolder({ 'train-labels-idx1-ubyte': withLabel(20, 7, 25) })
    const spec = idxFolder({ directory, validation, classes: 26 })
    expect(await loadDataset(spec)).toMatchObject({ classes: 26 })
  })

  it('has too few images for the split', async () => {
    const directory = await tinyFolder()
    expect(await userErrorOf(() => loadDataset(mnist({ directory })))).toBe(
      'Of 20 rows, 1000 for validation leave none to train on: hold out fewer',
    )
  })
})

function withLabel(count: number, position: number, label: number): Uint8Array {
  const values = new Uint8Array(count)
  values[position] = label
  return encodeIdx({ dims: [count], values })
}
