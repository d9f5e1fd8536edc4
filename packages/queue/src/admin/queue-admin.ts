/** What is in the queues of a namespace and who works on them, as data; and what can be done about it. */
import { UserError } from '@gradpool/core'
import { closeParts, endsWithin } from '../connection/ends-within.js'
import { openJobQueue, publish, type JobQueue, type QueueServer } from '../connection/open-queue.js'
import { jobId } from '../queue/job-id.js'
import { readQueued, stageOptions } from '../queue/queued-stage.js'
import { type Machine, Registry } from '../queue/registry.js'
import { readNews } from '../queue/stage-news.js'
import { REMOVED_EVENT } from '../queue/removed-event.js'

/** Of one job. */
export interface JobTold {
  readonly stage: string
  readonly name: string
  readonly seed: number
  readonly experiments: readonly string[]
  /** Lower is earlier; see `MOST_PRIORITY`. */
  readonly priority: number
  readonly submitter: string
  /** ISO 8601. */
  readonly added: string
  /** Of one that is being trained: who has it, and how far it is; null where nothing was told yet. */
  readonly worker: string | null
  readonly step: number | null
  readonly steps: number | null
  /** Of one that failed. */
  readonly error: string | null
  /** How often it ended the process that trained it. */
  readonly strikes: number
}

export interface QueueTold {
  readonly name: string
  readonly isPaused: boolean
  readonly counts: {
    readonly waiting: number
    readonly active: number
    readonly delayed: number
    readonly failed: number
  }
  readonly active: readonly JobTold[]
  /** The first of them. */
  readonly waiting: readonly JobTold[]
  readonly delayed: readonly JobTold[]
  readonly failed: readonly JobTold[]
}

export interface QueueReport {
  readonly address: string
  readonly namespace: string
  readonly queues: readonly QueueTold[]
  /** That are connected now. */
  readonly machines: readonly Machine[]
}

/** Jobs of each kind that a report has. */
const MOST_TOLD = 50
const WAITING = ['waiting', 'prioritized'] as const
type Kind = (typeof WAITING)[number] | 'active' | 'delayed' | 'failed'

type AnyQueue = JobQueue<unknown, unknown>

export class QueueAdmin {
  readonly #server: QueueServer
  readonly #registry: Registry
  readonly #onError: (message: string) => void
  readonly #open = new Map<string, AnyQueue>()
  /** What the connection failed by last. */
  #failure = { message: '', at: -Infinity }
  #reporting: Promise<QueueReport> | undefined

  /** @param onError told in one sentence, as often as the connection fails */
  constructor(server: QueueServer, onError: (message: string) => void) {
    this.#server = server
    this.#onError = (message) => {
      this.#failure = { message, at: performance.now() }
      onError(message)
    }
    this.#registry = new Registry(server, this.#onError)
  }

  async report(): Promise<QueueReport> {
    const queues = await this.#queues()
    const told = await Promise.all(queues.map(tell))
    const machines = await this.#machines(queues)
    return { address: this.#server.address.shown, namespace: this.#server.namespace, queues: told, machines }
  }

  /**
   * The same for many who ask, and do not wait for a server to come back.
   *
   * @throws UserError in one sentence where it does not answer so soon
   */
  async reportWithin(ms: number): Promise<QueueReport> {
    const began = performance.now()
    this.#reporting ??= this.report().finally(() => (this.#reporting = undefined))
    const reporting = this.#reporting
    const failure = () => (this.#failure.at >= began - ms ? this.#failure.message : undefined)
    try {
      if (await endsWithin(ms, reporting)) return await reporting
    } catch (error) {
      throw new UserError(failure() ?? this.#server.sentence(error), { cause: error })
    }
    throw new UserError(failure() ?? `The queue at ${this.#server.address.shown} does not answer`)
  }

  /** Puts what failed into its queue again. @returns how many */
  async retry(stages: readonly string[] = []): Promise<number> {
    return this.#each(stages, ['failed'], async (queue, id) => {
      const job = await queue.getJob(id)
      const queued = readQueued(job?.data)
      if (job === undefined || queued === undefined) return false
      const { name, opts } = job
      await queue.remove(id)
      const fresh = { ...queued, strikes: 0, stop: false }
      await queue.add(name, fresh, stageOptions(id, opts.priority ?? 0))
      return true
    })
  }

  /** Takes all out that nobody trains. Runs that wait for them are told. @returns how many */
  async drain(): Promise<number> {
    return this.#each([], [...WAITING, 'delayed'], (queue, id) => this.#remove(queue, id))
  }

  /** @returns how many; what is being trained is left @throws UserError where one of them is in no queue */
  async remove(stages: readonly string[]): Promise<number> {
    return this.#each(stages, [...WAITING, 'delayed', 'failed'], (queue, id) => this.#remove(queue, id))
  }

  /** What is being trained goes on; nothing else begins. */
  async pause(): Promise<void> {
    for (const queue of await this.#queues()) await queue.pause()
  }

  async resume(): Promise<void> {
    for (const queue of await this.#queues()) await queue.resume()
  }

  /** @param mostMs that its server may take to answer */
  async close(mostMs?: number): Promise<void> {
    await closeParts([this.#registry, ...this.#open.values()], mostMs)
  }

  async #remove(queue: AnyQueue, id: string): Promise<boolean> {
    if ((await queue.remove(id)) !== 1) return false
    await publish(this.#server, queue.name, [{ eventName: REMOVED_EVENT, jobId: id }])
    return true
  }

  /**
   * Does something to each of these jobs, or to all of some kinds where none is named. @returns to how many it was done
   */
  async #each(
    stages: readonly string[],
    kinds: readonly Kind[],
    work: (queue: AnyQueue, id: string) => Promise<boolean>,
  ): Promise<number> {
    let count = 0
    const left = new Set(stages)
    for (const queue of await this.#queues()) {
      for (const id of await queue.getRanges([...kinds], 0, -1)) {
        const asked = stages.length === 0 ? id : stages.find((each) => each.length >= 8 && id.startsWith(each))
        if (asked === undefined) continue
        left.delete(asked)
        if (await work(queue, id)) count++
      }
    }
    const [missing] = left
    if (missing === undefined) return count
    throw new UserError(
      `There is no such job: '${missing}' (\`gradpool queue --json\` has the hashes of all that may be meant)`,
    )
  }

  async #queues(): Promise<AnyQueue[]> {
    const names = await this.#registry.queues()
    return names.map((name) => {
      const queue = this.#open.get(name) ?? openJobQueue<unknown, unknown>(this.#server, name, this.#onError)
      this.#open.set(name, queue)
      return queue
    })
  }

  async #machines(queues: readonly AnyQueue[]): Promise<Machine[]> {
    const told = await this.#registry.machines()
    const clients = (await Promise.all(queues.map((queue) => queue.getWorkers()))).flat()
    const names = clients.map(({ rawname = '' }) => rawname)
    // A server that tells of no connections: what was told is all there is.
    if (clients.some(({ name = '' }) => name.startsWith('GCP'))) return told
    const isAlive = ({ id }: Machine) => names.some((name) => name.endsWith(`:w:${id}`))
    for (const { id } of told.filter((machine) => !isAlive(machine))) await this.#registry.forget(id)
    return told.filter(isAlive)
  }
}

async function tell(queue: AnyQueue): Promise<QueueTold> {
  const jobs = async (kinds: Kind[]): Promise<JobTold[]> => {
    const found = await queue.getJobs(kinds, 0, MOST_TOLD - 1, true)
    return found.flatMap((job) => {
      const queued = readQueued(job.data)
      if (queued === undefined) return []
      const { title } = queued.job
      const news = readNews(job.progress)
      const isActive = kinds.includes('active')
      return {
        stage: jobId(queued.job),
        ...title,
        priority: queued.priority,
        submitter: queued.submitter,
        added: new Date(job.timestamp).toISOString(),
        worker: isActive ? (news?.worker ?? job.processedBy ?? null) : null,
        step: news?.progress?.step ?? null,
        steps: news?.progress?.steps ?? null,
        error: kinds.includes('failed') ? job.failedReason : null,
        strikes: queued.strikes,
      }
    })
  }
  const counts = await queue.getJobCounts(...WAITING, 'active', 'delayed', 'failed')
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts
  return {
    name: queue.name,
    isPaused: await queue.isPaused(),
    counts: { waiting: waiting + prioritized, active, delayed, failed },
    active: await jobs(['active']),
    waiting: await jobs([...WAITING]),
    delayed: await jobs(['delayed']),
    failed: await jobs(['failed']),
  }
}
