/** An engine of someone else, named by the path of its file. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { root } from './docs/blocks.js'
import { emptyFolder, gradpool } from './gradpool.js'
import { documentOf, runJson } from './run-document.js'

const args = ['mnist_mlp_1p', '--epochs', '1', ...smallData()]
const kernels = pathToFileURL(join(root, 'packages', 'engine-cpu', 'dist', 'index.js')).href

/** The kernels under another name. */
const engine = `
import { wasmEngine } from '${kernels}'
export async function createEngine() {
  const engine = await wasmEngine()
  for (const key of ['name', 'numerics']) Object.defineProperty(engine, key, { value: 'mine' })
  return engine
}
`

test('a run on it is resumed on it, from any folder, where nothing else is asked for', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'my-engine.mjs'), engine)
  const theirs = await runJson([...args, '--engine', './my-engine.mjs'], { cwd })
  expect(theirs.engine).toBe('mine')
  const ours = await runJson(args, { cwd })
  expect(ours.experiments[0]?.weightsHash).toBe(theirs.experiments[0]?.weightsHash)
  const elsewhere = { cwd: await emptyFolder() }
  const resumed = await gradpool(['resume', join(cwd, theirs.run), '--json'], elsewhere)
  expect(resumed).toMatchObject({ code: 0 })
  expect(documentOf(resumed)).toMatchObject({ engine: 'mine', experiments: theirs.experiments })
  const other = await gradpool(['resume', join(cwd, theirs.run), '--engine', 'wasm'], elsewhere)
  expect(other.code).not.toBe(0)
  expect(other.stderr).toMatch(/mine/)
})
