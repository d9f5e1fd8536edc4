import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import { loadModel } from '@gradpool/trainer'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { digitsModel } from '../testing/small-models.js'
import { openModels, type OpenOptions, type Reload } from './open-models.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-serve-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** As who writes models does: whole, by a new name. */
async function replace(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}

const x = Float32Array.from({ length: 8 }, (_, at) => at)

async function opened(options: OpenOptions = {}) {
  const path = join(folder, `${crypto.randomUUID()}.gradpool`)
  await writeFile(path, digitsModel({ seed: 1 }))
  const reloads: Reload[] = []
  const models = await openModels([{ name: 'digits', path }], {
    lookEvery: 0,
    onReload: (reload) => reloads.push(reload),
    ...options,
  })
  onTestFinished(() => models.dispose())
  const get = () => {
    const model = models.get('digits')
    if (!model) throw new Error('it is there')
    return model
  }
  return { path, models, reloads, get }
}

describe('a file that changes', () => {
  it('is loaded again, without a request that is lost', async () => {
    const { path, models, reloads, get } = await opened()
    const hashes = await Promise.all(
      [1, 2].map(async (seed) => {
        await using model = await loadModel(digitsModel({ seed }))
        return [model.hash, (await model.predict({ x })).probabilities] as const
      }),
    )
    const expected = new Map(hashes)
    let isOver = false
    const seen = new Set<string>()
    const asking = Array.from({ length: 8 }, async () => {
      for (let asked = 0; !isOver || asked < 20; asked++) {
        const model = get()
        const { probabilities } = await model.predict({ x })
        expect(probabilities).toEqual(expected.get(model.hash))
        seen.add(model.hash)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    for (const seed of [2, 1, 2]) {
      await replace(path, digitsModel({ seed }))
      await models.look()
    }
    isOver = true
    await Promise.all(asking)
    expect([...seen].sort()).toEqual([...expected.keys()].sort())
    expect(reloads.map(({ hash }) => hash)).toEqual([hashes[1]?.[0], hashes[0]?.[0], hashes[1]?.[0]])
  })

  it('leaves the old model where it cannot be loaded, and is tried again when it changes again', async () => {
    const { path, models, reloads, get } = await opened()
    const before = get()
    await writeFile(path, digitsModel({ seed: 2 }).subarray(0, 500))
    await models.look()
    await models.look()
    expect(reloads).toMatchObject([{ model: 'digits', error: expect.any(UserError) as Error }])
    await rm(path)
    await models.look()
    expect(reloads[1]?.error?.message).toMatch(/there is no such file/)
    expect(get()).toBe(before)
    await replace(path, digitsModel({ seed: 2 }))
    await models.look()
    expect(get()).not.toBe(before)
    expect(reloads[2]).toEqual({ model: 'digits', hash: get().hash })
  })

  it('is seen without being told', async () => {
    const { path, get } = await opened({ lookEvery: 10 })
    const { hash } = get()
    await replace(path, digitsModel({ seed: 2 }))
    await expect.poll(() => get().hash).not.toBe(hash)
  })
})

it('answers what was asked before it ends', async () => {
  const { models, get } = await opened({ delay: 60_000, copies: 2 })
  const asked = get().predict({ x })
  await models.dispose()
  expect((await asked).probabilities).toHaveLength(6)
})

it('refuses names that are none, and files that are no models', async () => {
  const path = join(folder, 'text.gradpool')
  await writeFile(path, 'no model')
  const refused = (...files: { name: string; path: string }[]) => expect(openModels(files)).rejects
  await refused({ name: 'a/b', path }).toThrow(/^the name of a model has/)
  await refused({ name: '', path }).toThrow(UserError)
  await refused({ name: 'a', path }, { name: 'a', path }).toThrow(/^two models are called 'a'/)
  await refused({ name: 'a', path }).toThrow(UserError)
  await refused({ name: 'a', path: join(folder, 'none.gradpool') }).toThrow(/there is no such file/)
})
