/** What is in the packed packages, as the tools see it that others judge packages by. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../docs/blocks.js'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import { unpack } from './packed.js'
import { fetched } from './fetched.js'
import { node, run } from './run.js'

const packages = inject('packages').map((it) => [it.name, it] as const)

function exportsOf(name: string): object {
  const file = join(root, 'packages', name.replace('@gradpool/', ''), 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly exports: object }).exports
}

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
    // Those of threads, which nobody imports, and those that are no modules.
    const left = Object.keys(exportsOf(packed.name)).filter((name) =>
      /wasm$|worker$|step-chunk|run-rounds|-thread|bin$/.test(name),
    )
    const hasCommonJs = packed.files.some((path) => path.endsWith('.cjs'))
    const options = ['--no-definitely-typed', '--format', 'ascii', '--profile', hasCommonJs ? 'strict' : 'esm-only']
    const excluded = left.length > 0 ? ['--exclude-entrypoints', ...left] : []
    const { code, stdout, stderr } = await run([node, program, packed.path, ...options, ...excluded], { cwd: tmpdir() })
    expect(code, `${stdout}${stderr}`).toBe(0)
  })
})
