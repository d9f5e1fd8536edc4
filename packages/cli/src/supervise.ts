/**
 * Training happens in a child process, so that what ends that process does not end the run: after a crash it is started
 * again from the last checkpoint, a few times. This process only waits, and passes on what it is asked to do.
 */
import { type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { exitCode } from './exit-code.js'
import { keepQueueVariable, queueVariable } from './queue/queue-secret.js'

const mostRestarts = 3
/** A machine works on while some of its jobs end its process. */
const mostRestartsOfWorker = 20
/** A child that lived so long begins the count anew. */
const longLifeMs = 600_000

/** A child that said how it ended, or lost its supervisor, but does not end. */
const lingerMs = 10_000

/** Commands that train. */
const supervised = ['run', 'resume', 'watch', 'worker']

/** What the child is told in its environment. */
const runVariable = 'GRADPOOL_SUPERVISED_RUN'
const afterVariable = 'GRADPOOL_SUPERVISED_AFTER'
const byVariable = 'GRADPOOL_SUPERVISED_BY'
const heldVariable = 'GRADPOOL_SUPERVISED_JOBS'
/** Whether the address of a queue comes as the first message: environments of processes can be read. */
const addressVariable = 'GRADPOOL_SUPERVISED_QUEUE'

/** A job of a queue that the child has. */
interface HeldJob {
  readonly id: string
  readonly token: string
}

/** From the child: where the run is, which jobs of a queue it has, and with what code it would end. */
type FromChild = { readonly run: string } | { readonly held: readonly HeldJob[] } | { readonly ends: number }

/** To the child: stop gracefully, or the address of a queue. */
type ToChild = { readonly stop: NodeJS.Signals } | { readonly queue: string }

const codes = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
  SIGHUP: exitCode.hungUp,
} as const

export function isToBeSupervised(args: readonly string[]): boolean {
  const [command = ''] = args
  return supervised.includes(command) && !args.includes('--in-process') && !isSupervised()
}

/** @param program Node's arguments up to those of `gradpool`. @returns the exit code. */
export async function supervise(program: readonly string[], args: readonly string[]): Promise<number> {
  let child: ChildProcess | undefined
  let run = process.env[runVariable] ?? ''
  let held: readonly HeldJob[] = []
  const queue = queueVariable()
  const most = args[0] === 'worker' ? mostRestartsOfWorker : mostRestarts
  let asked: keyof typeof codes | undefined

  for (const signal of Object.keys(codes) as (keyof typeof codes)[]) {
    process.on(signal, () => {
      if (asked === undefined) child?.send({ stop: signal } satisfies ToChild, () => undefined)
      else child?.kill('SIGKILL')
      asked ??= signal
    })
  }

  // Most commands have no child, and start sooner without what makes one.
  const { spawn } = await import('node:child_process')
  for (let restarts = 0, after = ''; ; restarts++) {
    child = spawn(process.execPath, [...program, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: {
        ...process.env,
        [runVariable]: run,
        [afterVariable]: after,
        [byVariable]: String(process.pid),
        [heldVariable]: JSON.stringify(held),
        ...(queue !== undefined && { [addressVariable]: '1' }),
      },
    })
    if (queue !== undefined) child.send({ queue } satisfies ToChild, () => undefined)
    held = []
    const startedMs = performance.now()
    const { code, signal } = await endOf(child, (message) => {
      if ('run' in message) run = message.run
      else held = message.held
    })
    if (code !== null) return code
    if (asked !== undefined) return codes[asked]
    after = signal ?? 'an unknown signal'
    if (performance.now() - startedMs > longLifeMs) restarts = 0
    const said = `The training process was ended by ${after}`
    if (restarts === most) {
      const hint = run === '' ? '' : `; gradpool resume ${run} resumes the run`
      process.stderr.write(`${said} again${hint}\n`)
      return exitCode.failed
    }
    const how = run === '' ? 'it is started again' : 'it goes on from the last checkpoint'
    process.stderr.write(`${said}; ${how} (${restarts + 1} of ${most} times)\n`)
  }
}

function endOf(
  child: ChildProcess,
  onTold: (message: Exclude<FromChild, { ends: number }>) => void,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let told: number | null = null
    child.on('message', (message: FromChild) => {
      if (!('ends' in message)) {
        onTold(message)
        return
      }
      told = message.ends
      setTimeout(() => child.kill('SIGKILL'), lingerMs).unref()
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code: code ?? told, signal }))
  })
}

/** Whether this process is such a child. */
export function isSupervised(): boolean {
  return process.env[runVariable] !== undefined && process.channel !== undefined
}

/** What starts this program once more, to which its arguments are added. */
export function program(): string[] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)]
}

/** Of this process, for one that it starts and that is no part of it. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const told = [runVariable, afterVariable, byVariable, heldVariable, addressVariable]
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !told.includes(name)))
}

/** In the child, first of all: it does not outlive its supervisor by more than the time of a graceful stop. */
export function endWithSupervisor(): void {
  if (!isSupervised()) return
  const workerData = { supervisor: Number(process.env[byVariable]), graceMs: lingerMs }
  const file = new URL(
    import.meta.url.endsWith('.ts') ? '../dist/supervisor-watch.js' : './supervisor-watch.js',
    import.meta.url,
  )
  // What is loaded first in every thread is not for this one.
  new Worker(file, { workerData, env: {}, execArgv: [] }).unref()
}

/** In the child: the run to resume, and what ended the process before; nothing the first time. */
export function restarted(): { readonly run?: string; readonly after?: string } {
  if (!isSupervised()) return {}
  const { [runVariable]: run = '', [afterVariable]: after = '' } = process.env
  return { ...(run !== '' && { run }), ...(after !== '' && { after }) }
}

/** In the child: the jobs that the process before had when something ended it; undefined the first time. */
export function struckJobs(): { readonly jobs: readonly HeldJob[]; readonly by: string } | undefined {
  const { [heldVariable]: held = '[]', [afterVariable]: by = '' } = process.env
  return isSupervised() && by !== '' ? { jobs: JSON.parse(held) as readonly HeldJob[], by } : undefined
}

/** In the child, before anything listens for messages: the address of a queue that the supervisor was given. */
export async function keepSupervisorsQueue(): Promise<void> {
  if (!isSupervised() || process.env[addressVariable] === undefined) return
  const [message] = (await once(process, 'message')) as [ToChild]
  if ('queue' in message) keepQueueVariable(message.queue)
}

/** In the child. */
export function tellSupervisor(message: FromChild): void {
  if (isSupervised()) process.send?.(message, undefined, undefined, () => undefined)
}

/**
 * In the child: calls `onStop` when it is to stop gracefully, undefined where the supervisor is gone.
 *
 * @returns what ends that
 */
export function onSupervisorsStop(onStop: (signal: NodeJS.Signals | undefined) => void): () => void {
  if (!isSupervised()) return () => undefined
  const onMessage = (message: ToChild) => {
    if ('stop' in message) onStop(message.stop)
  }
  const onDisconnect = () => onStop(undefined)
  process.on('message', onMessage)
  process.on('disconnect', onDisconnect)
  // Waiting for a message keeps no process alive.
  process.channel?.unref()
  return () => {
    process.off('message', onMessage)
    process.off('disconnect', onDisconnect)
  }
}
