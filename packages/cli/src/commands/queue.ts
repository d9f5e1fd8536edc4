/** `gradpool queue`: what waits, runs and failed in a queue, and who works on it; and what can be done about it. */
import { UserError } from '@gradpool/core'
import { type JobTold, type QueueAdmin, type QueueReport } from '@gradpool/queue'
import { createLogUpdate } from 'log-update'
import { gridOf } from '../display/grid.js'
import { type Outlet } from '../display/outlet.js'
import { titleOfStage } from '../display/titles.js'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'
import { type QueueAction, type QueueCommandOptions } from '../options/queue-command.js'
import { loadQueue } from '../queue/load-queue.js'
import { queueVariable } from '../queue/queue-secret.js'
import { seldom } from '../queue/seldom.js'

const REPAINT_MS = 2000

/** @throws UserError in one sentence, where the queue cannot be used */
export async function queueCommand(
  action: QueueAction,
  jobs: readonly string[],
  options: QueueCommandOptions,
  io: Io,
): Promise<number> {
  if (jobs.length > 0 && action !== 'retry' && action !== 'remove') {
    throw new UserError(`\`gradpool queue ${action}\` takes no jobs`)
  }
  if (jobs.length === 0 && action === 'remove') {
    throw new UserError(
      'Say which jobs to remove, by the first eight or more of their hashes; drain removes all that wait',
    )
  }
  const { QueueAdmin, queueAddress, checkNamespace, openQueueServer } = await loadQueue()
  const address = queueAddress({ address: options.queue, file: options.queueFile, variable: queueVariable() })
  const warn = seldom((message) => io.stderr.print(`Warning: ${message}`))
  const server = await openQueueServer(address, checkNamespace(options.namespace), warn)
  const admin = new QueueAdmin(server, warn)
  try {
    if (action !== 'list') {
      const done = await act(admin, action, jobs)
      if (options.json === true) io.stdout.printJson(JSON.stringify(done, null, 2))
      else io.stdout.print(done.told)
      return exitCode.done
    }
    if (options.watch === true) return await watch(admin, options, io)
    show(await admin.report(), options, io.stdout)
    return exitCode.done
  } finally {
    await admin.close()
  }
}

interface Done {
  readonly action: QueueAction
  readonly jobs: number | null
  readonly told: string
}

async function act(admin: QueueAdmin, action: Exclude<QueueAction, 'list'>, jobs: readonly string[]): Promise<Done> {
  if (action === 'pause') {
    await admin.pause()
    return { action, jobs: null, told: 'Nothing more is begun; what is being trained goes on.' }
  }
  if (action === 'resume') {
    await admin.resume()
    return { action, jobs: null, told: 'Workers take jobs again.' }
  }
  const count = await { retry: () => admin.retry(jobs), drain: () => admin.drain(), remove: () => admin.remove(jobs) }[
    action
  ]()
  const what = `${count} ${count === 1 ? 'job' : 'jobs'}`
  const told = action === 'retry' ? `${what} put into the queue again.` : `${what} taken out of the queue.`
  return { action, jobs: count, told }
}

async function watch(admin: QueueAdmin, options: QueueCommandOptions, io: Io): Promise<number> {
  const interrupts = watchInterrupts(() => undefined)
  io.onClosed(() => interrupts.abort())
  const paint = io.stdout.live && options.json !== true ? createLogUpdate(io.stdout.stream) : undefined
  try {
    while (!interrupts.signal.aborted) {
      const report = await admin.report()
      if (paint)
        paint(
          textOf(report, io.stdout)
            .split('\n')
            .slice(0, io.stdout.rows() - 2)
            .join('\n'),
        )
      else show(report, options, io.stdout)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, REPAINT_MS)
        interrupts.signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return exitCode.done
  } finally {
    paint?.done()
    interrupts.dispose()
  }
}

function show(report: QueueReport, { json, watch = false }: QueueCommandOptions, stdout: Outlet): void {
  // One line each time, where there are several.
  if (json === true) stdout.printJson(JSON.stringify(report, null, watch ? undefined : 2))
  else stdout.printColoured(textOf(report, stdout))
}

function textOf(report: QueueReport, outlet: Outlet): string {
  const { address, namespace, queues, machines } = visibleIn(report)
  const grid = (heads: string[], rows: string[][], flexible: number, right: number[]) =>
    gridOf(heads, rows, { columns: outlet.columns(), colours: outlet.colours, flexible, right })
  const counts = queues.map(({ name, isPaused, counts: { waiting, active, delayed, failed } }) => [
    name + (isPaused ? ' (paused)' : ''),
    ...[waiting, active, delayed, failed].map(String),
  ])
  const parts = [`${address}, namespace ${namespace}`]
  if (queues.length === 0) parts.push('Nothing was ever put into it.')
  else parts.push(grid(['queue', 'waiting', 'training', 'delayed', 'failed'], counts, 0, [1, 2, 3, 4]))
  const trained = queues.flatMap(({ active }) => active.map((job) => [...titleOf(job), job.worker ?? '', stepsOf(job)]))
  if (trained.length > 0) parts.push(grid(['training', 'job', 'on', 'step'], trained, 0, [3]))
  const failed = queues.flatMap(({ failed }) => failed.map((job) => [...titleOf(job), job.error ?? '']))
  if (failed.length > 0) parts.push(grid(['failed', 'job', 'why'], failed, 2, []))
  const told = machines.map(({ host, id, cores, memoryBytes, engine, description, version, numerics, jobs }) => [
    `${host} ${id}`,
    `${cores}`,
    `${(memoryBytes / 1e9).toFixed(0)} GB`,
    `${engine}: ${description}`,
    `${version}, ${numerics}`,
    `${jobs.length}`,
  ])
  if (told.length === 0) parts.push('No machine works on it: `gradpool worker` does.')
  else parts.push(grid(['machine', 'threads', 'memory', 'engine', 'version', 'jobs'], told, 3, [1, 2, 5]))
  return parts.join('\n\n')
}

function titleOf({ stage, ...ref }: JobTold): string[] {
  return [`${titleOfStage({ ...ref, hash: stage }, true)} ${ref.name}`, stage.slice(0, 12)]
}

function stepsOf({ step, steps }: JobTold): string {
  return step === null ? '' : `${step} of ${String(steps)}`
}
