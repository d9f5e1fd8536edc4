/** What is in the packed packages, as the tools see it that others judge packages by. */
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import { unpack } from './packed.js'
import { fetched } from './fetched.js'
import { node, run } from './run.js'

/** `index.d.cts` has the types of modules, which those have in their turn (docs/decisions/0034). */
const packages = inject('packages').map((it) => [it.name, it] as const)

describe.each(packages)('%s', (_, packed) => {
  test('publint has nothing to say', async ({ task }) => {
    const { path, manifest, remove } = await unpack(packed)
    try {
      const { messages } = await publint({ pkgDir: path, pack: false, strict: true })
      expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
      task.meta.found = `${(packed.packedBytes / 1000).toFixed(0)} KB packed, ${(packed.installedBytes / 1000).toFixed(0)} KB installed`
    } finally {
      await remove()
    }
  })

  test('attw has nothing to say', async () => {
    const program = join(await fetched('@arethetypeswrong/cli'), 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const files = packed.files.filter((path) => path.endsWith('.wasm')).map((path) => path.replace(/^dist\//, ''))
    const options = ['--format', 'json', '--no-definitely-typed', '--profile', packed.name === 'gradpool' ? 'strict' : 'esm-only']
    if (files.length > 0) options.push('--exclude-entrypoints', ...files)
    const { stdout, stderr } = await run([node, program, packed.path, ...options], { cwd: import.meta.dirname })
    const { problems } = JSON.parse(stdout || `{ "problems": ${JSON.stringify(stderr)} }`) as { readonly problems: unknown }
    expect(problems).toEqual({})
  })
})
