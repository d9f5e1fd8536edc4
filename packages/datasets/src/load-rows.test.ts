import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonl, loadDataset, loadRows } from './index.js'
import { tempFolder } from './testing/temp-folder.js'
import { userErrorOf } from './testing/user-errors.js'

const houses = Array.from({ length: 20 }, (_, i) => ({
  size: 50 + i,
  kind: ['flat', 'villa'][i % 2],
  price: 3 * i + 0.1,
}))

test('objects are rows, to the bit of the same rows in a file', async () => {
  const path = join(await tempFolder(), 'houses.jsonl')
  await writeFile(path, houses.map((house) => JSON.stringify(house)).join('\n'))
  const options = { target: 'price', test: 0.2, validation: 3 }
  const read = await loadRows(houses, options)
  const wanted = await loadDataset(jsonl(path, options))
  expect([read.hash, read.columns, read.categories]).toEqual([wanted.hash, ['size', 'kind'], wanted.categories])
  expect([read.splits.test?.rows, read.splits.validation?.rows]).toEqual([
    wanted.splits.test?.rows,
    wanted.splits.validation?.rows,
  ])
  expect((await loadRows(houses, { target: 'kind', columns: ['size'] })).classNames).toEqual(['flat', 'villa'])
})

test('they may come one after the other, and are asked for one at a time', async () => {
  let asked = 0
  let open = 0
  async function* cursor() {
    for (const house of houses) {
      asked++
      expect(++open).toBe(1)
      await Promise.resolve()
      open--
      yield house
    }
  }
  const { hash } = await loadRows(cursor(), { target: 'price' })
  expect(asked).toBe(houses.length)
  expect(hash).toBe((await loadRows(new Set(houses), { target: 'price' })).hash)
})

test('bigints, null and NaN, and rows that tell what they have, as those of Arrow do', async () => {
  const rows = [{ toJSON: () => ({ a: 1n, b: null }) }, { a: NaN, b: 2 }, { a: 3, b: 4 }]
  const { fields } = await loadRows(rows, { missing: { value: 9 } })
  expect([...(fields.train.x?.values ?? [])]).toEqual([1, 9, 9, 2, 3, 4])
})

test('one sentence for what is wrong', async () => {
  const wrong = [
    [() => loadRows([]), /^rows is empty, expected rows$/],
    [() => loadRows([{ a: 1 }, { a: 'x' }]), /^rows has 'x' in row 2, column 'a', expected a finite number/],
    [() => loadRows([{ a: 1 }, { a: 2, b: 3 }]), /^rows has 'b' in row 2, which the first row has not/],
    [() => loadRows([{ a: [1] }], { name: 'houses' }), /^houses has in row 1, column 'a', \[ 1 \], expected a number/],
    [
      () => loadRows(houses, { target: 'rent' }),
      /^rows has no column 'rent'; its columns are 'size', 'kind', 'price'$/,
    ],
    [() => loadRows(new Set([1]) as unknown as Set<object>), /^rows has 1 as row 1, expected an object/],
    [() => loadRows({ a: 1 } as unknown as []), /^loadRows takes objects, one after the other, not \{ a: 1 \}$/],
  ] as const
  for (const [load, message] of wrong) await expect(userErrorOf(load)).resolves.toMatch(message)
})
