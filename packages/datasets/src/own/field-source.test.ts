import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { arrays, loadDataset, loadSource, prepareDataset, stored, type FieldSource, type RowBlock } from '../index.js'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'

const types = { x: { dtype: 'f32', shape: [2] }, label: { dtype: 'u8', shape: [] } } as const
const blocks: RowBlock[] = [
  { x: Float32Array.of(1, 2, 3, 4), label: Uint8Array.of(0, 2) },
  { x: [5, 6.5], label: [1] },
]
const sourceOf = (read: FieldSource['read'], fields: ReturnType<FieldSource['fields']> = types): FieldSource => ({
  fields: () => fields,
  read,
})
const rows = { x: { values: [1, 2, 3, 4, 5, 6.5], shape: [2] }, label: Uint8Array.of(0, 2, 1) }

test.each([
  ['at once', () => blocks],
  [
    'asynchronously',
    async function* () {
      await Promise.resolve()
      yield* blocks
    },
  ],
] as const)('rows that come %s are those of arrays, in memory and in files', async (_, read) => {
  const source = sourceOf(read)
  const wanted = await loadDataset(arrays(rows, { test: 1 }))
  const loaded = await loadSource(source, { test: 1, name: 'mine' })
  expect([loaded.name, loaded.hash, loaded.classes]).toEqual(['mine', wanted.hash, 3])
  expect(loaded.splits.test?.rows).toEqual(wanted.splits.test?.rows)
  const folder = join(await tempFolder(), 'mine')
  expect(await prepareDataset(source, folder)).toMatchObject({ hash: wanted.hash, numRows: 3, classes: 3 })
  expect((await loadDataset(stored(folder))).hash).toBe(wanted.hash)
})

test('a source may use its memory again, and is not asked for more than is taken', async () => {
  const x = new Float32Array(2)
  const fill = vi.fn((from: number) => x.set([from, from + 1]))
  const source = sourceOf(function* () {
    for (let row = 0; row < 4; row++) {
      fill(2 * row)
      yield { x, label: [row % 2] }
    }
  })
  const folder = join(await tempFolder(), 'mine')
  const { hash } = await prepareDataset(source, folder)
  expect(fill).toHaveBeenCalledTimes(4)
  expect((await loadSource(source)).hash).toBe(hash)
  expect([...((await loadSource(source)).fields.train.x?.values ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('one sentence for what is not as it was said', async () => {
  const wrong: [FieldSource['read'], RegExp][] = [
    [() => [], /^read\(\) gives no rows$/],
    [() => [{ x: [1, 2] }], /^read\(\) gives the fields x, and fields\(\) says x, label$/],
    [
      () => [{ x: [1, 2], label: [0], y: [1] }],
      /^read\(\) gives the fields x, label, y, and fields\(\) says x, label$/,
    ],
    [() => [...blocks, { x: [1, 2, 3], label: [0] }], /^from row 3 on, read\(\)\.x has 3 values, which are no whole/],
    [() => [{ x: [1, 2], label: [0, 1] }], /^from row 0 on, read\(\)\.x has 1 rows and .*label 2, expected as many$/],
    [() => [{ x: [1, NaN], label: [0] }], /^from row 0 on, read\(\)\.x is not a number in row 0/],
    [
      () => [{ x: [1, 2], label: [0.5] }],
      /^from row 0 on, read\(\) gives label as f32\[\], and fields\(\) says u8\[\]$/,
    ],
  ]
  for (const [read, message] of wrong) {
    expect(await userErrorOf(() => loadSource(sourceOf(read)))).toMatch(message)
    const folder = join(await tempFolder(), 'mine')
    expect(await userErrorOf(() => prepareDataset(sourceOf(read), folder))).toMatch(message)
  }
})
