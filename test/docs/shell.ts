/**
 * Commands of our pages: parsed by the command line itself, looked up among the scripts, and run
 * where they are `gradpool`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine, openOutlet } from '@gradpool/cli'
import { findExperiments } from '@gradpool/experiments'
import { type Block, root } from './blocks.js'

const first = /^(gradpool|npx|npm|node|cd) /

/**
 * Blocks without a language are commands if they begin with one that we know; else output, or a
 * drawing.
 */
export function isShell({ language, text }: Block): boolean {
  return ['sh', 'bash', 'console'].includes(language) || (language === '' && first.test(text))
}

export const isCommand = (text: string) => first.test(text)

/** Programs within the lines: what stands in quotes after `node -e`. */
export function nodePrograms(text: string): string[] {
  return Array.from(text.matchAll(nodeProgram), ([, program = '']) => program)
}

const nodeProgram = /^node -e "([^"]*)"$/gm

/** The commands of some lines, each in words. What follows a pipe or redirection is not ours. */
export function commandsIn(text: string): string[][] {
  return text
    .replaceAll(nodeProgram, '')
    .split('\n')
    .flatMap((line) => {
      const [typed = ''] = line.replace(/^\$ /, '').split(/ #| \| | > | && |^#/)
      const words = typed.replaceAll(/[[\]…]/g, ' ').match(/'[^']*'|"[^"]*"|\S+/g)
      return words === null ? [] : [words.map((word) => word.replaceAll(/^['"]|['"]$/g, ''))]
    })
}

const ways = [['gradpool'], ['npx', 'gradpool'], ['npm', 'run', 'gradpool', '--']]

/** The arguments of `gradpool`, however it is called; undefined for another command. */
export function gradpoolArguments(words: readonly string[]): string[] | undefined {
  const way = ways.find((its) => its.every((word, at) => words[at] === word))
  return way && words.slice(way.length)
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Throws for a command that is not there, with the sentence that typing it would give. */
export async function checkCommand(words: readonly string[], isWhole = true): Promise<void> {
  const args = gradpoolArguments(words)
  if (args !== undefined) return checkArguments(args, isWhole)
  const [command = '', what = '', name = ''] = words
  if (!isThere(command, what, name)) throw new Error(`there is no \`${words.join(' ')}\``)
}

/** Programs that are not ours, and not npm's. */
const others = ['docker', 'export', 'kubectl', 'mkdir', 'redis-server', 'sbatch']

function isThere(command: string, what: string, name: string): boolean {
  if (others.includes(command)) return true
  if (command === 'npx') return existsSync(join(root, 'node_modules', '.bin', what))
  if (command === 'node' || command === 'cd') {
    return existsSync(join(root, what.startsWith('-') ? name : what))
  }
  if (command !== 'npm') return false
  if (what === 'run') return name in scripts
  return what in scripts || ['ci', 'install', 'pack'].includes(what)
}

/**
 * Parsed by the real program, whose commands do nothing. Within a sentence, arguments may be left
 * out.
 */
async function checkArguments(args: readonly string[], isWhole: boolean): Promise<void> {
  const io = {
    stdout: openOutlet(process.stdout, process.env),
    stderr: openOutlet(process.stderr, process.env),
    onClosed: () => undefined,
  }
  const program = commandLine(io, () => undefined)
  const experiments: string[] = []
  for (const command of program.commands.flatMap((it) => [it, ...it.commands])) {
    if (command.commands.length > 0) continue
    command.action((asked: unknown) => {
      if (command.name() === 'run' && Array.isArray(asked)) experiments.push(...asked.map(String))
    })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (/help|version/.test(code) || (!isWhole && /missing/i.test(code))) return
    throw error
  }
  // A file is a user's own, and NAME stands for any.
  findExperiments(experiments.filter((name) => !/\.m?[jt]s$|^[A-Z]+$/.test(name)))
}
