import { onnxRuntime } from '@gradpool/engine-contract'
import { cacheFolder, decodeSafetensors, encodeSafetensors } from '@gradpool/storage'
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, test, vi } from 'vitest'
import {
  arrays,
  customEncoder,
  encodeData,
  encodeInputs,
  loadDataset,
  onnxEncoder,
  prepareDataset,
  stored,
} from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const runtime = await onnxRuntime(cacheFolder())
if (runtime) vi.doMock('onnxruntime-node', () => runtime)

beforeEach(async () => {
  vi.stubEnv('GRADPOOL_CACHE', await tempFolder())
  return () => vi.unstubAllEnvs()
})

const image = { values: Uint8Array.from({ length: 10 * 6 }, (_, i) => i), shape: [2, 3] }
const label = Int32Array.from({ length: 10 }, (_, i) => i % 2)
const spec = arrays({ image, label }, { test: 0.3, validation: { image, label } })

/** First and last byte of a row, and how many rows it was given with. */
const endsOf = vi.fn((rows: { values: ArrayLike<number>; shape: readonly number[] }) => {
  const numRows = rows.values.length / 6
  const numbers = Array.from({ length: numRows }, (_, row) => [
    rows.values[6 * row] ?? 0,
    rows.values[6 * row + 5] ?? 0,
  ])
  return { shape: [2], values: Float32Array.from(numbers.flat()) }
})

describe("an encoder of one's own", () => {
  it('makes a field once, whatever the splits, and keeps what it made', async () => {
    endsOf.mockClear()
    const encoder = customEncoder('ends 1', endsOf, { batchSize: 4 })
    const [raw, encoded] = [await loadDataset(spec), await encodeData(spec, encoder)]
    expect(endsOf.mock.calls.map(([{ values }]) => values.length / 6)).toEqual([4, 4, 2])
    const values = Float32Array.from({ length: 20 }, (_, i) => 6 * Math.floor(i / 2) + 5 * (i % 2))
    expect(encoded.fields.train).toEqual({ x: { dtype: 'f32', shape: [2], values }, label: raw.fields.train.label })
    for (const name of ['all', 'train', 'test', 'validation'] as const) {
      expect(encoded.splits[name]?.rows).toEqual(raw.splits[name]?.rows)
      expect(Object.keys(encoded.splits[name]?.fields ?? {})).toEqual(['x', 'label'])
    }
    expect(encoded.encoder).toEqual({ hash: encoder.hash, from: 'image', to: 'x' })
    expect([encoded.imageShape, encoded.classes]).toEqual([undefined, 2])
    expect(encoded.hash).not.toBe(raw.hash)

    endsOf.mockClear()
    const again = await encodeData(spec, encoder)
    expect(endsOf).not.toHaveBeenCalled()
    expect([again.hash, again.fields.train.x?.values]).toEqual([encoded.hash, values])
    const other = await encodeData(spec, customEncoder('ends 2', endsOf))
    expect(endsOf).toHaveBeenCalled()
    expect(other.hash).not.toBe(encoded.hash)
  })

  it('reads stored rows, and is stored with what it made', async () => {
    const [folder, encoder] = [await tempFolder(), customEncoder('ends', endsOf)]
    await prepareDataset(arrays({ image, label }), join(folder, 'raw'))
    const [found, expected] = [stored(join(folder, 'raw')), arrays({ image, label })]
    const encoded = await encodeData(found, encoder)
    expect(encoded.fields).toEqual((await encodeData(expected, encoder)).fields)
    await prepareDataset(encoded, join(folder, 'encoded'))
    const { encoder: names, fields } = await loadDataset(stored(join(folder, 'encoded')))
    expect(names).toEqual(encoded.encoder)
    expect(fields.train.x?.values).toEqual(encoded.fields.train.x?.values)
  })

  it('encodes rows to predict from, if it is the same', async () => {
    const encoder = customEncoder('ends', endsOf, { batchSize: 4 })
    const names = await encodeData(spec, encoder)
    const { x } = await encodeInputs(image, encoder, names)
    expect(x).toEqual(names.fields.train.x?.values)
    const other = customEncoder('other', endsOf)
    expect(await userErrorOf(() => encodeInputs(image, other, names))).toMatch(/^this is another encoder than/)
    expect(await userErrorOf(() => encodeInputs(image, encoder, {}))).toMatch(/^this model was trained on data that no/)
  })

  it('is the same for what is held out, or it is refused', async () => {
    const encoder = customEncoder('ends', endsOf)
    const [train, other] = await Promise.all([encodeData(spec, encoder), encodeData(spec, customEncoder('b', endsOf))])
    const raw = arrays({ x: { values: new Float32Array(20), shape: [2] }, label })
    expect(
      (await loadDataset(train, { test: await encodeData({ image, label }, encoder) })).splits.test?.rows,
    ).toHaveLength(10)
    for (const test of [other, raw]) {
      expect(await userErrorOf(() => loadDataset(train, { test }))).toMatch(
        /were made by another encoder than the training/,
      )
    }
  })

  it('makes anew what was changed or cut short', async () => {
    const encoder = customEncoder('ends', endsOf)
    const { hash } = await encodeData({ image, label }, encoder)
    const folder = join(process.env.GRADPOOL_CACHE ?? '', 'encodings')
    const [name = ''] = await readdir(folder)
    const bytes = await readFile(join(folder, name))
    const changed = Buffer.from(bytes)
    changed[bytes.length - 2] = 7
    const { tensors, metadata } = decodeSafetensors(bytes, 'it')
    const encoded = [...tensors].map(
      ([tensor, { shape, values }]) => [tensor, { shape: [...shape, 1], values }] as const,
    )
    // The same numbers in another shape.
    const reshaped = encodeSafetensors({ tensors: new Map(encoded), metadata })
    for (const other of [changed, reshaped, bytes.subarray(0, -3), Buffer.alloc(0)]) {
      await writeFile(join(folder, name), other)
      endsOf.mockClear()
      expect((await encodeData({ image, label }, encoder)).hash).toBe(hash)
      expect(endsOf).toHaveBeenCalledTimes(1)
      expect(await readFile(join(folder, name))).toEqual(bytes)
    }
  })

  it('does without a cache that cannot be written', async () => {
    const file = join(process.env.GRADPOOL_CACHE ?? '', 'file')
    await writeFile(file, '')
    vi.stubEnv('GRADPOOL_CACHE', file)
    expect((await encodeData({ image, label }, customEncoder('ends', endsOf))).fields.train.x?.shape).toEqual([2])
  })

  it('is told of in one sentence where it does not fit', async () => {
    const of =
      (encode: typeof endsOf, options = {}) =>
      () =>
        encodeData({ image, label }, customEncoder('a', encode, options))
    const one = vi.fn(() => ({ shape: [2], values: new Float32Array(2) }))
    const nan = vi.fn(() => ({ shape: [], values: new Float32Array(10).fill(NaN) }))
    const wrong: [() => unknown, RegExp][] = [
      [
        of(endsOf, { from: 'text' }),
        /^the data have no field 'text', which the encoder reads; they have image, label$/,
      ],
      [of(endsOf, { to: 'label' }), /^the data have a field 'label'/],
      [of(one), /^the encoder made 2 numbers of 10 rows, expected 2 of each, \[2\]$/],
      [of(nan), /^the encoded data\.x is not a number in row 0/],
      [of(endsOf, { to: 'constructor' }), /^customEncoder: 'constructor' /],
      [of(endsOf, { batchSize: 0 }), /^customEncoder: batchSize must be a whole number of at least 1, not 0$/],
    ]
    for (const [call, message] of wrong) expect(await userErrorOf(call)).toMatch(message)
  })
})

interface Oracle {
  readonly shape: readonly [number, number, number, number]
  readonly images: readonly number[]
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  readonly features: readonly number[]
}

const oracles = fileURLToPath(new URL('../../../../tools/oracles/encoders_onnx/', import.meta.url))

describe.skipIf(!runtime)('a network in an ONNX file', () => {
  const path = join(oracles, 'small.onnx')
  const oracle = JSON.parse(readFileSync(join(oracles, 'small.json'), 'utf8')) as Oracle
  const { mean, deviation } = oracle
  const options = { output: 'features', scale: 1 / 255, mean, deviation }
  const [numRows, ...shape] = oracle.shape
  const images = { image: { values: Uint8Array.from(oracle.images), shape } }

  it.each([1, 3, 32])('makes the numbers of PyTorch, in batches of %i', async (batchSize) => {
    const encoder = await onnxEncoder(path, { ...options, batchSize })
    const { fields } = await encodeData(images, encoder)
    expect(fields.train.x?.shape).toEqual([4])
    expect(fields.train.x?.values).toHaveLength(4 * numRows)
    oracle.features.forEach((feature, at) => expect(fields.train.x?.values[at]).toBeCloseTo(feature, 5))
  })

  it('has a hash of all that decides its numbers', async () => {
    const hashes: string[] = []
    for (const other of [{}, { output: 'map' }, { mean: [0] }, { scale: 1 }, { from: 'photo' }, { batchSize: 2 }]) {
      hashes.push((await onnxEncoder(path, { ...options, ...other })).hash)
    }
    const [first, ...others] = hashes
    expect(others.pop()).toBe(first)
    expect(new Set([first, ...others]).size).toBe(5)
  })

  it('is told of in one sentence where it does not fit', async () => {
    const file = join(await tempFolder(), 'a.onnx')
    await writeFile(file, 'no network')
    const wrong: [() => unknown, RegExp][] = [
      [() => onnxEncoder(file), /a\.onnx: ONNX Runtime says: /],
      [() => onnxEncoder('none.onnx'), /^none\.onnx is missing, expected a file$/],
      [() => onnxEncoder(path, { output: 'y' }), /has no output 'y'; its outputs are 'features', 'map'$/],
      [() => onnxEncoder(path, { input: 'x' }), /has no input 'x'; its inputs are 'pixels'$/],
      [async () => encodeData({ image }, await onnxEncoder(path)), /ONNX Runtime says: /],
    ]
    for (const [call, message] of wrong) expect(await userErrorOf(call)).toMatch(message)
  })
})

test.skipIf(runtime)('without ONNX Runtime a sentence says how to install it', async () => {
  expect(await userErrorOf(() => onnxEncoder('a.onnx'))).toBe(
    'onnxEncoder needs ONNX Runtime: npm install onnxruntime-node',
  )
})
