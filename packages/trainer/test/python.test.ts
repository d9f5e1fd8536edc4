/**
 * Python's safetensors reads the weights of a saved model. Skipped, with a word, where there is no
 * Python or no network.
 */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { loadModel } from '../src/index.js'

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

/** What Python reads, or undefined where it is not to be had. */
async function readInPython(): Promise<Record<string, unknown> | undefined> {
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
  return JSON.parse(tools.execute(pythonPath, [here('python/read.py'), model])) as Record<string, unknown>
}

it('is read in Python', { timeout: 300_000 }, async ({ skip }) => {
  const read = await readInPython()
  if (!read) return skip()
  await using loaded = await loadModel(model)
  const tensors = Object.entries(loaded.weights).map(([name, { shape, values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    return [name, ['float32', shape, createHash('sha256').update(bytes).digest('hex')]] as const
  })
  expect(read).toEqual({
    metadata: ['gradpool'],
    kind: 'model',
    tensors: Object.fromEntries(tensors),
  })
  expect(tensors.length).toBeGreaterThan(5)
})
