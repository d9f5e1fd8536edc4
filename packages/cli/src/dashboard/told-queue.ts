/** What is in a queue, for the dashboard; it is opened when somebody asks. */
import { type JobTold as ShownJob, type QueueTold } from '@gradpool/dashboard'
import { type JobTold, type QueueAdmin, type QueueReport } from '@gradpool/queue'
import { type QueueChoice } from '../options/queue-options.js'
import { loadQueue } from '../queue/load-queue.js'
import { queueVariable } from '../queue/queue-secret.js'

/** A queue that is silent for longer is told of as one that is gone. */
const MOST_MS = 3000
/** What only reads has nothing to end there. */
const CLOSE_MS = 500

export interface ToldQueue {
  /** @throws UserError in one sentence where there is no queue, or not any more */
  read(): Promise<QueueTold>
  close(): Promise<void>
}

type Counts = QueueReport['queues'][number]['counts']

/**
 * Undefined where no queue is named.
 *
 * @throws UserError for an address that is none
 */
export async function toldQueue(
  { queue, queueFile, namespace }: QueueChoice,
  warn: (message: string) => void,
): Promise<ToldQueue | undefined> {
  if (queue === undefined && queueFile === undefined && queueVariable() === undefined) return undefined
  const { QueueAdmin, queueAddress, checkNamespace, openQueueServer } = await loadQueue()
  const address = queueAddress({ address: queue, file: queueFile, variable: queueVariable() })
  const named = checkNamespace(namespace)
  let opened: Promise<QueueAdmin> | undefined
  return {
    async read() {
      opened ??= openQueueServer(address, named, warn).then((server) => new QueueAdmin(server, warn))
      opened.catch(() => (opened = undefined))
      const { address: url, namespace: project, queues, machines } = await (await opened).reportWithin(MOST_MS)
      const hosts = new Map(machines.map(({ id, host }) => [id, host]))
      const shown = ({ name, stage, seed, experiments, step, steps, worker, added, error }: JobTold): ShownJob => ({
        name,
        stage,
        seed,
        experiments,
        step,
        steps,
        // Before its first news it has the worker's id.
        machine: worker === null ? null : (hosts.get(worker) ?? worker),
        added,
        error,
      })
      const sum = (count: (counts: Counts) => number) => queues.reduce((total, { counts }) => total + count(counts), 0)
      return {
        url,
        namespace: project,
        isPaused: queues.some(({ isPaused }) => isPaused),
        counts: {
          waiting: sum(({ waiting, delayed }) => waiting + delayed),
          running: sum(({ active }) => active),
          failed: sum(({ failed }) => failed),
        },
        waiting: queues.flatMap(({ waiting, delayed }) => [...waiting, ...delayed].map(shown)),
        running: queues.flatMap(({ active }) => active.map(shown)),
        failed: queues.flatMap(({ failed }) => failed.map(shown)),
        machines: machines.map(({ host, id, cores, memoryBytes, engine, jobs }) => ({
          host,
          id,
          cores,
          memoryBytes,
          engine,
          jobs,
        })),
      }
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close(CLOSE_MS)
    },
  }
}
