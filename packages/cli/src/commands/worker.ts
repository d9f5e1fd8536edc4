/** `gradpool worker`: trains what is in a queue, until it is told to stop; then it hands back what it has. */
import type { WorkerEvent } from '@gradpool/queue'
import { chooseEngine } from '@gradpool/trainer'
import { titleOfStage } from '../display/titles.js'
import { exitCode } from '../exit-code.js'
import { watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'
import { type QueueChoice } from '../options/queue-options.js'
import { type RunCommandOptions } from '../options/run-options.js'
import { loadQueue } from '../queue/load-queue.js'
import { queueVariable } from '../queue/queue-secret.js'
import { seldom } from '../queue/seldom.js'
import { isSupervised, struckJobs, tellSupervisor } from '../supervise.js'

export interface WorkerCommandOptions extends QueueChoice, Pick<RunCommandOptions, 'workers' | 'engine' | 'quiet'> {
  readonly store?: string
  readonly lockSeconds: number
  /** Where it tells of metrics and health. */
  readonly metrics?: { readonly host: string; readonly port: number }
}

/** What is told of a job. */
function lineOf(event: Exclude<WorkerEvent, { type: 'warning' | 'locks' }>): string {
  const { title, stage } = event.job.job
  const name = `${titleOfStage({ ...title, hash: stage }, true)} ${title.name} (${stage.slice(0, 8)})`
  if (event.type === 'started') return `${name} …`
  if (event.type === 'resumed') return `${name}: goes on from step ${event.fromStep}`
  return `${name}: ${event.how} after ${event.seconds.toFixed(1)} s`
}

/** @throws UserError in one sentence, where the queue or the store cannot be used */
export async function workerCommand(options: WorkerCommandOptions, io: Io): Promise<number> {
  const { queueAddress, checkNamespace, openWorker } = await loadQueue()
  const { queue, queueFile, namespace, store, lockSeconds, metrics, workers, quiet = false } = options
  const address = queueAddress({ address: queue, file: queueFile, variable: queueVariable() })
  const stopped = new AbortController()
  const interrupts = watchInterrupts(() => {
    if (!quiet) io.stderr.print('Stopping at checkpoints …')
  })
  io.onClosed((why) => {
    io.stderr.print(`The worker stops at checkpoints, because ${why}.`)
    interrupts.abort()
  })
  interrupts.signal.addEventListener('abort', () => stopped.abort())
  const stuck = new AbortController()
  const engine = await chooseEngine(options)
  const warn = seldom((message) => io.stderr.print(`Warning: ${message}`))
  const print = (text: string) => {
    if (!quiet) io.stdout.print(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  try {
    const struck = struckJobs()
    const worker = await openWorker({
      address,
      namespace: checkNamespace(namespace),
      store,
      metrics,
      engine,
      workers,
      lockSeconds,
      ...(struck && { struck }),
      onHeld: (held) => tellSupervisor({ held }),
      onStuck() {
        stuck.abort()
        stopped.abort()
      },
      onEvent(event) {
        if (event.type === 'warning') warn(event.message)
        else if (event.type !== 'locks') print(lineOf(event))
      },
    })
    print(
      `Worker ${worker.id} on ${address.shown}, ${workers} at one time; engine ${engine.name}: ${engine.description}`,
    )
    if (worker.metrics !== undefined) print(`Metrics at ${worker.metrics}/metrics`)
    if (!stopped.signal.aborted) await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve))
    await worker.close()
    // A thread that does not end is ended with its process, which its supervisor starts again.
    if (stuck.signal.aborted && isSupervised()) process.kill(process.pid, 'SIGKILL')
    return interrupts.exitCode() === undefined ? exitCode.failed : exitCode.done
  } finally {
    interrupts.dispose()
    await engine.dispose()
  }
}
