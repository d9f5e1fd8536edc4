/**
 * Runs the built `gradpool` command as a user has it: a process of its own, in a folder of its own, outside of the
 * repository and of any `node_modules`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { main, openOutlet } from '@gradpool/cli'
import { onTestFinished } from 'vitest'

const installed = createRequire(import.meta.url).resolve('gradpool/package.json')
const command = join(dirname(installed), 'bin', 'gradpool.js')

export interface Options {
  /** Working directory. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node, for this process alone: not for one that it starts. */
  readonly node?: readonly string[]
  /** File names in `preload/`, loaded first in every thread. */
  readonly preload?: readonly string[]
  /** The system cuts longer files short, as a full disk does. */
  readonly mostFileBytes?: number
  /** A command that runs it, such as one that enters a namespace. */
  readonly within?: readonly string[]
  /** In a process group of its own, which `endGroup` ends as a power cut does. */
  readonly isGroup?: boolean
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Fulfilled when stdout has this text. */
  readonly said: (text: string) => Promise<void>
  readonly saidOnStderr: (text: string) => Promise<void>
}

/** Those that have not ended. They do so with this process, also where the run of the tests is killed. */
const children = new Set<ChildProcess>()

for (const event of ['disconnect', 'SIGTERM'] as const) {
  process.once(event, () => {
    for (const child of children) child.kill('SIGKILL')
    process.kill(process.pid, 'SIGKILL')
  })
}

export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'gradpool-end-to-end-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** An empty folder, removed when the test ends. */
export async function emptyFolder(): Promise<string> {
  const { path, remove } = await temporaryFolder()
  onTestFinished(remove)
  return path
}

export async function gradpool(args: readonly string[], options: Options = {}): Promise<Ended> {
  return start(args, options).ended
}

export function start(args: readonly string[], options: Options = {}): Running {
  const { cwd, env, node = [], preload = [], mostFileBytes, within = [], isGroup = false } = options
  const imports = preload.map((name) => `--import ${new URL(`preload/${name}`, import.meta.url).href}`)
  const line = [...within, process.execPath, ...node, command, ...args]
  const limit = ['-c', `ulimit -f ${(mostFileBytes ?? 0) / 512} && exec "$@"`, 'sh']
  const [file = '', ...rest] = mostFileBytes === undefined ? line : ['sh', ...limit, ...line]
  const child = spawn(file, rest, {
    cwd,
    env: { ...environment(), NODE_OPTIONS: imports.join(' '), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isGroup,
  })
  children.add(child)
  child.on('close', () => children.delete(child))
  const output = { stdout: '', stderr: '' }
  const waiting: (() => void)[] = []
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (text: string) => {
      output[name] += text
      for (const check of [...waiting]) check()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...output }))
  })
  const saidOn = (name: 'stdout' | 'stderr') => (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (output[name].includes(text)) resolve()
      }
      waiting.push(check)
      check()
      void ended.then(() => reject(new Error(`ended without saying '${text}': ${output.stderr}`)))
    })
  return { child, ended, said: saidOn('stdout'), saidOnStderr: saidOn('stderr') }
}

/** Ends a process and all that it started, at once. */
export async function endGroup({ child, ended }: Running): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, 'SIGKILL')
  await ended
}

/** A command that trains nothing, without the time that a process of its own takes to start. */
export async function gradpoolHere(args: readonly string[], cwd: string): Promise<Ended> {
  const output = { stdout: '', stderr: '' }
  const outlet = (name: keyof typeof output) => {
    const write = (chunk: unknown, _: unknown, done: () => void) => {
      output[name] += String(chunk)
      done()
    }
    return openOutlet(new Writable({ write }), environment())
  }
  const before = process.cwd()
  process.chdir(cwd)
  try {
    const code = await main(args, { stdout: outlet('stdout'), stderr: outlet('stderr'), onClosed: () => undefined })
    return { code, ...output }
  } finally {
    process.chdir(before)
  }
}

/** Without what Vitest adds, and what would colour the output. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env
  return { PATH, HOME, TMPDIR, SystemRoot }
}

/** What is in a folder; nothing if it is not there. */
export async function contentsOf(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}

/** Names of the run directories in `runs`, oldest first. */
export async function runsIn(cwd: string): Promise<string[]> {
  const names = await contentsOf(join(cwd, 'runs'))
  return names.filter((name) => !name.startsWith('.')).sort()
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}
