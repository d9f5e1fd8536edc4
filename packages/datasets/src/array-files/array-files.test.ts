import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { loadDataset, npy, npz, safetensors, surveyFile } from '../index.js'
import { npyBytes } from '../testing/numpy-files.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const x = npyBytes('<f4', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))
const label = npyBytes('<i8', [3], BigInt64Array.of(0n, 2n, 1n))
const pixels = npyBytes(
  '|u1',
  [3, 2, 2],
  Uint8Array.from({ length: 12 }, (_, i) => i),
)

async function written(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = await tempFolder()
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  return folder
}

test('arrays in files of their own', async () => {
  const folder = await written({ 'x.npy': x, 'label.npy': label })
  const spec = npy({ x: join(folder, 'x.npy'), label: join(folder, 'label.npy') }, { test: 1 })
  const { fields, splits, classes } = await loadDataset(spec)
  expect(fields.train.x).toEqual({ dtype: 'f32', shape: [2], values: Float32Array.of(1, 2, 3, 4, 5, 6) })
  expect(fields.train.label).toEqual({ dtype: 'i32', shape: [], values: Int32Array.of(0, 2, 1) })
  expect([classes, splits.train.rows.length, splits.test?.rows.length]).toEqual([3, 2, 1])
})

test('arrays of an archive, all or some', async () => {
  const folder = await written({ 'a.npz': zipSync({ 'image.npy': pixels, 'label.npy': label }) })
  const path = join(folder, 'a.npz')
  const { fields, imageShape } = await loadDataset(npz(path))
  expect(fields.train.image?.dtype).toBe('u8')
  expect([fields.train.image?.shape, imageShape, Object.keys(fields.train)]).toEqual([
    [2, 2],
    [2, 2],
    ['image', 'label'],
  ])
  const renamed = await loadDataset(npz(path, { fields: { y: 'label' } }))
  expect(Object.keys(renamed.fields.train)).toEqual(['y'])
})

test('tensors of a safetensors file, whole numbers as such', async () => {
  const header = JSON.stringify({
    x: { dtype: 'BF16', shape: [2, 2], data_offsets: [0, 8] },
    label: { dtype: 'I64', shape: [2], data_offsets: [8, 24] },
    image: { dtype: 'U8', shape: [2, 3], data_offsets: [24, 30] },
  })
  const bytes = Buffer.concat([
    Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer),
    Buffer.from(header),
    Buffer.from(Uint16Array.of(0x3f80, 0x4000, 0xc040, 0x3f00).buffer),
    Buffer.from(BigInt64Array.of(1n, 0n).buffer),
    Buffer.from([1, 2, 3, 4, 5, 255]),
  ])
  const path = join(await written({ 'a.safetensors': bytes }), 'a.safetensors')
  const { fields } = await loadDataset(safetensors(path))
  expect(fields.train).toEqual({
    x: { dtype: 'f32', shape: [2], values: Float32Array.of(1, 2, -3, 0.5) },
    label: { dtype: 'i32', shape: [], values: Int32Array.of(1, 0) },
    image: { dtype: 'u8', shape: [3], values: Uint8Array.of(1, 2, 3, 4, 5, 255) },
  })
  const survey = await surveyFile(path)
  expect([survey.rows, survey.columns.map(({ name, shape }) => [name, shape])]).toEqual([
    2,
    [
      ['x', [2]],
      ['label', []],
      ['image', [3]],
    ],
  ])
})

test('one sentence for what is wrong', async () => {
  const folder = await written({
    'a.npz': zipSync({ 'x.npy': x }),
    'x.npy': x,
    'short.npy': x.subarray(0, -1),
    'one.npy': npyBytes('<f4', [], Float32Array.of(1)),
    'none.npy': npyBytes('<f4', [0, 2], new Float32Array(0)),
    'large.npy': npyBytes('<i8', [1], BigInt64Array.of(2n ** 40n)),
    'nan.npy': npyBytes('<f4', [2], Float32Array.of(1, NaN)),
    'label.npy': npyBytes('<i8', [2], BigInt64Array.of(0n, 1n)),
  })
  const of = (name: string) => npy({ x: join(folder, name) })
  const wrong = [
    [of('short.npy'), /is not a whole .npy file/],
    [of('one.npy'), /is a single number, expected an axis of rows/],
    [of('none.npy'), /is empty: it has no values/],
    [of('large.npy'), /has the whole number 1099511627776, expected at most 16777216/],
    [of('nan.npy'), /^npy.x is not a number in row 1/],
    [of('missing.npy'), /is missing, expected a file/],
    [npy({ x: join(folder, 'x.npy'), label: join(folder, 'label.npy') }), /^npy.x has 3 rows and npy.label 2/],
    [npz(join(folder, 'a.npz'), { fields: { y: 'z' } }), /has no array 'z'; its arrays are 'x'$/],
    [npz(join(folder, 'x.npy')), /is not a whole .npz file/],
    [safetensors(join(folder, 'x.npy')), /is not a whole safetensors file/],
  ] as const
  for (const [spec, message] of wrong) {
    await expect(userErrorOf(() => loadDataset(spec))).resolves.toMatch(message)
  }
})
