/**
 * Saved models last: each release adds one, made by golden/make.mjs, which every later version
 * reads and predicts with.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { UNVERIFIED_DESCRIPTION } from '@gradpool/storage'
import { loadModel } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

interface Golden {
  readonly hash: string
  readonly weightsHash: string
  readonly inputs: Readonly<Record<string, number[]>>
  readonly outputs: Readonly<Record<string, number[]>>
}

const folder = new URL('golden/', import.meta.url)
const releases = (await readdir(folder)).filter((name) => name.endsWith('.gradpool'))

it('has the files of a release', () => {
  expect(releases).toEqual(expect.arrayContaining(['v0.2.gradpool', 'v0.2-f16.gradpool', 'v0.2-i8.gradpool']))
})

it.each(releases.flatMap((name) => [[name, 'wasm'] as const, [name, 'native'] as const]))(
  '%s predicts the same bits with the engine %s',
  async (name, engine) => {
    const text = await readFile(new URL(name.replace(/gradpool$/, 'json'), folder), 'utf8')
    const { hash, weightsHash, inputs, outputs } = JSON.parse(text) as Golden
    await using model = await loadModel(new URL(name, folder), { engine })
    expect(model.hash).toBe(hash)
    expect(model.weightsHash).toBe(weightsHash)
    expect(model.saved.training).toBeDefined()
    // So often that there is a block, too.
    for (const times of [1, 50]) {
      const repeated = (values: readonly number[]) => Array(times).fill(values).flat() as number[]
      const given = Object.entries(inputs).map(([field, values]) => [field, repeated(values)])
      const predicted = await model.predict(Object.fromEntries(given) as typeof inputs)
      expect(Object.keys(predicted)).toEqual(Object.keys(outputs))
      for (const [output, values] of Object.entries(outputs)) {
        expect([...(predicted[output] ?? [])]).toEqual(repeated(values))
      }
    }
  },
)

it('of 0.2 has an unverified description, and so has a copy; what is trained from it is verified', async () => {
  const copy = join(await temporaryFolder(), 'copy.gradpool')
  await using model = await loadModel(new URL('v0.2.gradpool', folder), { engine: 'wasm' })
  expect(model.description).toBe('unverified')
  expect(model.summary()).toContain(`\ndescription ${UNVERIFIED_DESCRIPTION}\n`)
  await model.save(copy)
  await using copied = await loadModel(copy)
  expect(copied.description).toBe('unverified')

  const { inputs } = JSON.parse(await readFile(new URL('v0.2.json', folder), 'utf8')) as Golden
  const label = Uint8Array.from({ length: 8 }, (_, row) => row % 4)
  const values = ({ image = [], word = [], price = [] }: Golden['inputs']) => ({
    image: { values: Uint8Array.from(image), shape: [4, 4] },
    word: Int32Array.from(word),
    price: { values: Float32Array.from(price), shape: [2] },
  })
  const data = { ...values(inputs), label }
  const fitted = await model.fit({ data, epochs: 1, progress: false, engine: 'wasm' })
  await using trained = await loadModel(fitted.toBytes())
  expect(trained.description).toBe('verified')
  expect(trained.summary()).not.toContain('description')
})
