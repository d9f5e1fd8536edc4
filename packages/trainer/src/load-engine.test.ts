import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { chooseEngine, engineFor } from './choose-engine.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-engines-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const good = `export const createEngine = async () => ({
  name: 'mine', description: 'mine', numerics: 'mine', workerModule: import.meta.url,
  allocate: (numBytes) => new Uint8Array(numBytes), compile() {}, dispose: async () => undefined,
})`

test('the engine of a file, by its path and by its URL, one for all who name it', async () => {
  const path = file('good.mjs', good)
  expect(await chooseEngine({ engine: path })).toMatchObject({ name: 'mine', numerics: 'mine' })
  expect(await chooseEngine({ engine: pathToFileURL(path).href })).toMatchObject({ name: 'mine' })
  expect(await engineFor(path)).toBe(await engineFor(path))
})

test.each([
  ['nothing of that name', 'no-such-engine', /^there is no engine 'no-such-engine': engine must be 'auto' or /],
  ['no such file', './no-such-engine.mjs', /^there is no engine '\.\/no-such-engine\.mjs'/],
  ['another module', 'node:fs', /^the module 'node:fs' exports no function createEngine, so it is no engine$/],
  ['a module that throws', file('throws.mjs', 'throw new Error("out of\\nluck")'), /could not be loaded: out of$/],
  ['no engine made', file('none.mjs', 'export const createEngine = () => ({ name: "x" })'), /does not give an engine/],
])('one sentence for %s', async (_, engine, message) => {
  await expect(chooseEngine({ engine })).rejects.toThrow(message)
  await expect(chooseEngine({ engine })).rejects.toMatchObject({ name: 'UserError' })
})
