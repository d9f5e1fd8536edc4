/** Machines on this one: network namespaces with cables between them, whose processes do not see each other's files. */
import { execFile, spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Ended } from '../gradpool.js'

const execute = promisify(execFile)

export interface Host {
  readonly address: string
  /** Runs a line of a shell there, in a folder that no other host sees. */
  readonly sh: (line: string) => { readonly ended: Promise<Ended>; readonly said: (text: string) => Promise<void> }
  /** Ends all that runs there. */
  readonly stop: () => Promise<void>
}

export interface HostOptions {
  readonly address: string
  /** Its home, and the working directory of all that runs there. */
  readonly folder: string
  /** Folders of programs. */
  readonly path: readonly string[]
}

/** Not allowed here, or there is no program `ip`. */
export class NoNetworks extends Error {
  override name = 'NoNetworks'
}

/** Hosts on one network, gone when the test ends. @throws NoNetworks */
export async function hostsOf(wanted: readonly HostOptions[]): Promise<Host[]> {
  const names = wanted.map((_, at) => `gp${process.pid}-${at}`)
  const bridge = `gp${process.pid}-b`
  const ip = (...args: readonly string[]) => execute('ip', [...args])
  const inside = (name: string, ...args: readonly string[]) => ip('netns', 'exec', name, ...args)
  onTestFinished(async () => {
    for (const name of names) {
      await endAll(name)
      await ip('netns', 'delete', name).catch(() => undefined)
    }
  })
  try {
    for (const name of names) await ip('netns', 'add', name)
    // The switch is in the first of them, so that this machine's own network stays as it is.
    const [first = ''] = names
    await inside(first, 'ip', 'link', 'add', bridge, 'type', 'bridge')
    await inside(first, 'ip', 'link', 'set', bridge, 'up')
    for (const [at, name] of names.entries()) {
      const [near, far] = [`gp${process.pid}n${at}`, `gp${process.pid}f${at}`]
      await inside(first, 'ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name)
      await inside(first, 'ip', 'link', 'set', near, 'master', bridge, 'up')
      await inside(name, 'ip', 'address', 'add', `${wanted[at]?.address ?? ''}/24`, 'dev', far)
      await inside(name, 'ip', 'link', 'set', far, 'up')
      await inside(name, 'ip', 'link', 'set', 'lo', 'up')
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
    throw new NoNetworks(`SKIPPED: network namespaces cannot be made here (${reason ?? ''})`, { cause: error })
  }
  return wanted.map((host, at) => {
    const others = wanted.filter((other) => other !== host).map(({ folder }) => folder)
    return { address: host.address, sh: shellOf(names[at] ?? '', host, others), stop: () => endAll(names[at] ?? '') }
  })
}

function shellOf(name: string, { folder, path }: HostOptions, others: readonly string[]): Host['sh'] {
  const hidden = others.map((other) => `mount -t tmpfs none '${other}' && `).join('')
  const env = { HOME: folder, PATH: [...path, process.env.PATH ?? ''].join(':'), npm_config_update_notifier: 'false' }
  return (line) => {
    const child = spawn('ip', ['netns', 'exec', name, 'sh', '-c', `${hidden}cd '${folder}' && ${line}`], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text))
    }
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code, ...output }))
    })
    return {
      ended,
      async said(text) {
        const end = ended.then(() => true)
        while (!output.stdout.includes(text)) {
          if (await Promise.race([end, setTimeout(100, false)])) throw new Error(`${line}: ${JSON.stringify(output)}`)
        }
      },
    }
  }
}

/** Of the processes of a namespace, which are all ours. */
async function endAll(name: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 200) {
      const { stdout } = await execute('ip', ['netns', 'pids', name]).catch(() => ({ stdout: '' }))
      const pids = stdout.split('\n').filter(Boolean).map(Number)
      if (pids.length === 0) return
      if (waitedMs === 0 || signal === 'SIGKILL') for (const pid of pids) end(pid, signal)
      await setTimeout(200)
    }
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
