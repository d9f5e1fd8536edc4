/**
 * Training happens in a child process, so that what ends that process does not end the run: after a crash it is started
 * again from the last checkpoint, a few times. This process only waits, and passes on what it is asked to do.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { exitCode } from './exit-code.js'

const mostRestarts = 3

/** A child that said how it ended, or lost its supervisor, but does not end. */
const lingerMs = 10_000

/** Commands that train. */
const supervised = ['run', 'resume']

/** What the child is told in its environment. */
const runVariable = 'GRADPOOL_SUPERVISED_RUN'
const afterVariable = 'GRADPOOL_SUPERVISED_AFTER'
const byVariable = 'GRADPOOL_SUPERVISED_BY'

/** From the child: where the run is, and with what code it would end. */
type FromChild = { readonly run: string } | { readonly ends: number }

/** To the child: stop gracefully. */
interface ToChild {
  readonly stop: NodeJS.Signals
}

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
  let asked: keyof typeof codes | undefined

  for (const signal of Object.keys(codes) as (keyof typeof codes)[]) {
    process.on(signal, () => {
      if (asked === undefined) child?.send({ stop: signal } satisfies ToChild, () => undefined)
      else child?.kill('SIGKILL')
      asked ??= signal
    })
  }

  for (let restarts = 0, after = ''; ; restarts++) {
    child = spawn(process.execPath, [...program, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [runVariable]: run, [afterVariable]: after, [byVariable]: String(process.pid) },
    })
    const { code, signal } = await endOf(child, (directory) => {
      run = directory
    })
    if (code !== null) return code
    if (asked !== undefined) return codes[asked]
    after = signal ?? 'an unknown signal'
    const said = `The training process was ended by ${after}`
    if (restarts === mostRestarts) {
      const hint = run === '' ? '' : `; gradpool resume ${run} resumes the run`
      process.stderr.write(`${said} again${hint}\n`)
      return exitCode.failed
    }
    const how = run === '' ? 'it is started again' : 'it goes on from the last checkpoint'
    process.stderr.write(`${said}; ${how} (${restarts + 1} of ${mostRestarts} times)\n`)
  }
}

function endOf(
  child: ChildProcess,
  onRun: (directory: string) => void,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let told: number | null = null
    child.on('message', (message: FromChild) => {
      if ('run' in message) onRun(message.run)
      else {
        told = message.ends
        setTimeout(() => child.kill('SIGKILL'), lingerMs).unref()
      }
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code: code ?? told, signal }))
  })
}

/** Whether this process is such a child. */
export function isSupervised(): boolean {
  return process.env[runVariable] !== undefined && process.channel !== undefined
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
  const onMessage = ({ stop }: ToChild) => onStop(stop)
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
