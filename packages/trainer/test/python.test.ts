/**
 * Python's safetensors reads the weights of a saved model. Skipped, with a word, where there is no
 * Python or no network.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { loadModel } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

interface PythonTools {
  pythonEnvironment(
    name: string,
    requirements: string,
  ): { readonly pythonPath: string; install(what: string, packages: readonly string[]): void }
  execute(command: string, args: readonly string[]): string
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const requirements = here('python/requirements.txt')
const model = here('golden/v0.2.gradpool')

/** What Python reads of each file, or undefined where it is not to be had. */
async function readInPython(files: readonly string[]): Promise<unknown> {
  // A tool of the repository, without types.
  const tools = (await import(here('../../../tools/python-environment.mjs'))) as PythonTools
  const { pythonPath, install } = tools.pythonEnvironment('safetensors', requirements)
  try {
    install('safetensors', ['numpy', 'safetensors'])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.log(
      `SKIPPED: reading a saved model in Python (${reason}); by hand: pip install -r packages/trainer/test/python/requirements.txt && python packages/trainer/test/python/read.py FILE`,
    )
    return undefined
  }
  return JSON.parse(tools.execute(pythonPath, [here('python/read.py'), ...files]))
}

it('is read in Python, whatever its weights', { timeout: 300_000 }, async ({ skip }) => {
  const folder = await temporaryFolder()
  const types = ['f32', 'f16', 'i8'] as const
  await using loaded = await loadModel(model)
  const files = types.map((type) => join(folder, `${type}.gradpool`))
  for (const [at, weights] of types.entries()) await loaded.save(files[at] ?? '', { weights })
  const read = await readInPython(files)
  if (read === undefined) return skip()
  const expected = []
  for (const [at, weights] of types.entries()) {
    await using saved = await loadModel(files[at] ?? '')
    const tensors = Object.entries(saved.weights).map(([name, { shape, values }]) => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      return [name, ['float32', shape, createHash('sha256').update(bytes).digest('hex')]] as const
    })
    expect(tensors.length).toBeGreaterThan(3)
    expected.push({ kind: 'model', weights, tensors: Object.fromEntries(tensors) })
  }
  expect(read).toEqual(expected)
})

it('is read by the function that the page has', async () => {
  const [page, script] = await Promise.all(
    [here('../../../docs/exports.md'), here('python/read.py')].map((path) => readFile(path, 'utf8')),
  )
  const code = /^def read_weights[^]*?return weights, about\n/m
  expect(code.exec(page ?? '')?.[0]).toBe(code.exec(script ?? '')?.[0])
  expect(page).toMatch(code)
})
