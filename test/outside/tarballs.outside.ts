/** What is in the packed packages, as the tools see it that others judge packages by. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../docs/blocks.js'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import { unpack } from './packed.js'
import { fetched, orSkip } from './fetched.js'
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

  test('attw has nothing to say', async (context) => {
    const folder = await orSkip(fetched('@arethetypeswrong/cli'), context)
    const program = join(folder, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    // What a kernel's bytes or a style sheet are to an importer is a bundler's choice, so no types could be right.
    const untyped = Object.keys(exportsOf(packed.name)).filter((name) => /\.(wasm|css)$/.test(name))
    // Modules alone: every Node that the packages run on takes them by `require` (docs/decisions/0034), and the rule is
    // about Nodes before. A package that has a form in CommonJS is held to the rule, but for the module of its threads,
    // which nobody imports.
    const hasCommonJs = packed.files.some((path) => path.endsWith('.cjs'))
    const excluded = hasCommonJs ? [...untyped, './worker'] : untyped
    const options = [
      ...['--no-definitely-typed', '--format', 'ascii', '--profile', 'strict'],
      ...(hasCommonJs ? [] : ['--ignore-rules', 'cjs-resolves-to-esm']),
      ...(excluded.length > 0 ? ['--exclude-entrypoints', ...excluded] : []),
    ]
    const { code, stdout, stderr } = await run([node, program, packed.path, ...options], { cwd: tmpdir() })
    expect(code, `${stdout}${stderr}`).toBe(0)
  })
})
