/** A server in a process of its own, on a free port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '@gradpool/storage'

export interface ServerCommand {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Of the user that it runs as; this one's by default. */
  readonly uid?: number
  /** Whether it starts processes of its own, which end with it. */
  readonly isGroup?: boolean
  /** How long it may take to start. Default: a minute. */
  readonly startMs?: number
  /** Whether it takes requests. */
  readonly isReady: () => Promise<boolean>
}

export interface ServerProcess {
  readonly child: ChildProcess
  /** All that it printed. */
  readonly said: () => string
  /** Ends it as a power cut does, or by the signal; fulfilled when it has ended. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>
}

const START_MS = 60_000

/** @throws Error with what the server said, where it ends or takes no requests in time */
export async function startServer({
  command,
  cwd,
  env,
  uid,
  isGroup = false,
  startMs = START_MS,
  isReady,
}: ServerCommand): Promise<ServerProcess> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: isGroup,
    ...(uid !== undefined && { uid, gid: uid }),
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-100_000)))
  }
  const signalAll = (signal: NodeJS.Signals) => {
    if (!isGroup || child.pid === undefined) return void child.kill(signal)
    try {
      process.kill(-child.pid, signal)
    } catch (error) {
      // None of them is left.
      if (codeOf(error) !== 'ESRCH') throw error
    }
  }
  const end = () => signalAll('SIGKILL')
  // Also where the run of the tests is killed, which ends this process by the next listener.
  process.prependOnceListener('exit', end).prependOnceListener('disconnect', end)
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
    child.once('exit', () => {
      resolve()
    })
  }).finally(() => process.off('exit', end).off('disconnect', end))
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    signalAll(signal)
    await Promise.race([ended, delay(10_000, undefined, { ref: false })])
    signalAll('SIGKILL')
    await ended
  }
  const until = Date.now() + startMs
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined || Date.now() > until) {
      await kill()
      throw new Error(`${file} did not start: ${said.slice(-2000)}`)
    }
    await Promise.race([ended, delay(50)])
  }
  return { child, said: () => said, kill }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  })
}
