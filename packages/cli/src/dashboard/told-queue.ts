/** What is in a queue, for the dashboard; it is opened when somebody asks. */
import { type JobTold as ShownJob, type QueueTold } from '@gradpool/dashboard'
import { type JobTold, type QueueAdmin } from '@gradpool/queue'
import { type QueueChoice } from '../options/queue-options.js'
import { loadQueue } from '../queue/load-queue.js'
import { queueVariable } from '../queue/queue-secret.js'

export interface ToldQueue {
  read(): Promise<QueueTold>
  close(): Promise<void>
}

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
      const { address: url, queues, machines } = await (await opened).report()
      return {
        url,
        waiting: queues.flatMap(({ waiting, delayed }) => [...waiting, ...delayed].map(shown)),
        running: queues.flatMap(({ active }) => active.map(shown)),
        failed: queues.flatMap(({ failed }) => failed.map(shown)),
        machines: machines.map(({ host, id, cores, memoryBytes, engine, jobs }) => ({
          host,
          id,
          cores,
          memoryBytes,
          engine,
          jobs: jobs.length,
        })),
      }
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

function shown({ name, stage, seed, experiments, step, steps, worker, error }: JobTold): ShownJob {
  return { name, stage, seed, experiments, step, steps, machine: worker, error }
}
