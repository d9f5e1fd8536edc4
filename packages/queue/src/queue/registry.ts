/**
 * Who works on a server, and which queues there are: jobs of a queue of their own that nobody takes, so that it is the
 * same on Redis and PostgreSQL. Whether a machine is alive its connection tells, since clocks differ.
 */
import { hasFields, isCount, isText } from '@gradpool/storage'
import { type JobQueue, openJobQueue, type QueueServer } from '../connection/open-queue.js'

/** What a worker says of itself. */
export interface Machine {
  readonly id: string
  readonly host: string
  /** Threads that it trains on. */
  readonly cores: number
  readonly memoryBytes: number
  readonly engine: string
  /** With its instruction set. */
  readonly description: string
  readonly numerics: string
  readonly version: string
  readonly platform: string
  /** ISO 8601. */
  readonly started: string
  /** Titles of the jobs that it trains now. */
  readonly jobs: readonly string[]
}

const NAME = 'registry'
const QUEUE = 'queue'
const MACHINE = 'machine'

interface Entry {
  readonly kind: string
  readonly value: unknown
}

export class Registry {
  readonly #queue: JobQueue<Entry, null>

  constructor(server: QueueServer, onError: (message: string) => void) {
    this.#queue = openJobQueue(server, NAME, onError)
  }

  /** Says of a machine what it is now. */
  async tell(machine: Machine): Promise<void> {
    await this.#put(MACHINE, machine.id, machine)
  }

  async forget(id: string): Promise<void> {
    await this.#queue.remove(`${MACHINE}-${id}`)
  }

  /** That there is a queue of stages. */
  async addQueue(name: string): Promise<void> {
    await this.#put(QUEUE, name, name)
  }

  async queues(): Promise<string[]> {
    return (await this.#values(QUEUE)).filter(isText).sort()
  }

  /** All that were told of, alive or not. */
  async machines(): Promise<Machine[]> {
    return (await this.#values(MACHINE)).filter(isMachine)
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }

  /** Where the server does not answer. */
  async disconnect(): Promise<void> {
    await this.#queue.disconnect()
  }

  async #values(kind: string): Promise<unknown[]> {
    const jobs = await this.#queue.getWaiting()
    return jobs.flatMap(({ data }) => (data.kind === kind ? [data.value] : []))
  }

  async #put(kind: string, id: string, value: unknown): Promise<void> {
    const data = { kind, value }
    const jobId = `${kind}-${id}`
    const job = await this.#queue.getJob(jobId)
    if (job === undefined) await this.#queue.add(kind, data, { jobId })
    else await job.updateData(data)
  }
}

function isMachine(value: unknown): value is Machine {
  const texts = { id: isText, host: isText, engine: isText, description: isText, numerics: isText, version: isText }
  return hasFields(value, {
    ...texts,
    platform: isText,
    started: isText,
    cores: isCount,
    memoryBytes: isCount,
    jobs: (jobs) => Array.isArray(jobs) && jobs.every(isText),
  })
}
