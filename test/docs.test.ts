/** The code and the commands of every page do what they say: see docs/blocks.ts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { pages, root } from './docs/blocks.js'
import { checkCommand, commandsIn, gradpoolArguments, isCommand, isShell, nodePrograms } from './docs/shell.js'
import { installedFolder, isCode, isTypeScript, runCode, runNode, typeErrors } from './docs/typescript.js'
import { gradpool } from './gradpool.js'

const all = pages()
const few = smallData()

describe('types', () => {
  const blocks = all.flatMap((page) => page.blocks.filter(isTypeScript))
  let errors = new Map<string, string[]>()
  beforeAll(() => {
    const { path, remove } = installedFolder()
    errors = typeErrors(blocks, path)
    return remove
  })

  test.each(blocks.map(({ name }) => name))('%s', (name) => {
    expect(errors.get(name) ?? []).toEqual([])
  })

  test('of all', () => {
    expect([...errors.keys()].filter((name) => !blocks.some((it) => it.name === name))).toEqual([])
  })
})

describe.each(all)('$path', ({ blocks, inline }) => {
  const folder = installedFolder()
  afterAll(folder.remove)

  const paths = inline.filter(({ text }) => /^(packages|tools|test|docs)\/[\w./-]+\.\w+$/.test(text))
  test.runIf(paths.length > 0)('files within sentences', () => {
    expect(paths.filter(({ text }) => !existsSync(join(root, text)))).toEqual([])
  })

  const commands = inline.filter(({ text }) => isCommand(text))
  test.runIf(commands.length > 0)('commands within sentences', async () => {
    for (const { name, text } of commands) {
      for (const words of commandsIn(text)) {
        await expect(checkCommand(words, false), `${name}: ${text}`).resolves.toBeUndefined()
      }
    }
  })

  // In the order of the page: a command may need the file of a block before it.
  for (const block of blocks.filter(isCode).filter(({ runs }) => runs)) {
    test(block.name, async () => {
      expect(await runCode(block, folder.path)).toContain(block.prints ?? '')
    })
  }
  for (const block of blocks.filter(isShell)) {
    test(block.name, async () => {
      for (const words of commandsIn(`${block.setup}\n${block.text}`)) {
        await checkCommand(words)
        const args = gradpoolArguments(words)
        if (args === undefined || !block.runs) continue
        if (args[0] === 'run') args.push(...(args.includes('--data') ? [] : few), ...commandsIn(block.options).flat())
        const { code, stdout, stderr } = await gradpool(args, { cwd: folder.path })
        expect(code, `${words.join(' ')}: ${stdout}${stderr}`).toBe(0)
      }
      for (const program of block.runs ? nodePrograms(block.text) : []) {
        expect(await runNode(['-e', program], folder.path)).toContain(block.prints ?? '')
      }
    })
  }
})
