/**
 * Machines of a test: network namespaces, each with a link of its own to this machine and a folder for temporary files
 * that is its alone, so that it shares no file with others that it could write. Where namespaces cannot be made, which
 * takes root, they are processes of this machine.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { emptyFolder, endGroup, type Running, start } from '../gradpool.js'
import { type Link, startLink } from '../servers/link.js'

export interface Machine {
  readonly name: string
  /** A link of its own to a port of this machine: what it is for the machine. */
  readonly linkTo: (port: number) => Promise<{ readonly host: string; readonly link: Link }>
  /** Runs `gradpool` there, in a process group. */
  readonly start: (args: readonly string[], env: Readonly<Record<string, string>>) => Running
}

const execute = promisify(execFile)

async function ip(...args: string[]): Promise<void> {
  await execute('ip', args)
}

let missing: Promise<string> | undefined

/** Why there are no namespaces here; empty where there are. */
export function whyNoNamespaces(): Promise<string> {
  missing ??= execute('unshare', ['--net', '--mount', 'ip', 'link', 'show']).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)).trim(),
  )
  return missing
}

let count = 0

/** Removed with the test. */
export async function newMachine(): Promise<Machine> {
  const number = count++
  const why = await whyNoNamespaces()
  const home = join(await emptyFolder(), 'machine')
  await mkdir(home)
  if (why !== '') {
    if (number === 0) console.log(`SKIPPED: workers in network namespaces of their own (${why}); run it as root`)
    return machineOf(`process ${number}`, '127.0.0.1', [], home)
  }
  const name = `gp${process.pid}-${number}`
  const [here, there] = [`gp${process.pid}h${number}`, 'eth0']
  // Of the addresses for tests of networks.
  const net = `198.${18 + (process.pid % 2)}.${(process.pid >> 1) % 256}`
  const host = `${net}.${4 * number + 1}`
  await ip('netns', 'add', name)
  onTestFinished(() => ip('netns', 'delete', name))
  await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name)
  await ip('address', 'add', `${host}/30`, 'dev', here)
  await ip('link', 'set', here, 'up')
  await ip('-n', name, 'address', 'add', `${net}.${4 * number + 2}/30`, 'dev', there)
  for (const device of [there, 'lo']) await ip('-n', name, 'link', 'set', device, 'up')
  const alone = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"'
  const within = ['ip', 'netns', 'exec', name, 'sh', '-c', alone, 'sh', home, tmpdir()]
  return machineOf(name, host, within, tmpdir(), tmpdir())
}

function machineOf(name: string, host: string, within: readonly string[], home: string, cwd = home): Machine {
  return {
    name,
    linkTo: async (port) => {
      const link = await startLink(port, host)
      onTestFinished(() => {
        link.stop()
      })
      return { host: `${host}:${link.port}`, link }
    },
    start: (args, env) => {
      const running = start(args, { cwd, env: { HOME: home, ...env }, within, isGroup: true })
      onTestFinished(() => endGroup(running))
      return running
    },
  }
}
