/** What a worker counts, as Prometheus reads it. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BlobCache } from '../store/blob-cache.js'
import type { BlobStore } from '../store/blob-store.js'
import type { Machine } from '../queue/registry.js'
import type { WorkerEvent } from '../worker/stage-worker.js'

/** Of trainings: from a tenth of a second to a day. */
const SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 4 * 3600, 24 * 3600]

export class WorkerMetrics {
  readonly #registry = new Registry()
  readonly #shared = { registers: [this.#registry] }
  readonly #jobs = new Counter({
    name: 'gradpool_jobs_total',
    help: 'Jobs by how they ended here: done, failed, handed_back, unwanted, lost or late.',
    labelNames: ['outcome'],
    ...this.#shared,
  })
  readonly #jobSeconds = new Histogram({
    name: 'gradpool_job_seconds',
    help: 'How long a job was here, whatever its end.',
    buckets: SECONDS,
    ...this.#shared,
  })
  readonly #inProgress = new Gauge({
    name: 'gradpool_jobs_in_progress',
    help: 'Jobs that are trained now.',
    ...this.#shared,
  })
  readonly #threads = new Gauge({
    name: 'gradpool_worker_threads',
    help: 'Threads that train, and the most jobs at one time.',
    ...this.#shared,
  })
  readonly #info = new Gauge({
    name: 'gradpool_worker_info',
    help: 'Always 1; the labels tell of the worker.',
    labelNames: ['engine', 'description', 'numerics', 'version', 'platform'],
    ...this.#shared,
  })
  readonly #storeBytes = new Counter({
    name: 'gradpool_store_bytes_total',
    help: 'Bytes read from stores (in), caches aside, and given to them (out).',
    labelNames: ['direction'],
    ...this.#shared,
  })
  readonly #storeErrors = new Counter({
    name: 'gradpool_store_errors_total',
    help: 'Requests that a store did not answer as asked, after all tries.',
    ...this.#shared,
  })
  readonly #cacheReads = new Counter({
    name: 'gradpool_cache_reads_total',
    help: 'Blobs that were looked for in the cache of this machine: hit or miss.',
    labelNames: ['result'],
    ...this.#shared,
  })
  readonly #locks = new Counter({
    name: 'gradpool_locks_total',
    help: 'Locks of jobs that were extended, and those that were lost to another worker.',
    labelNames: ['result'],
    ...this.#shared,
  })
  readonly #warnings = new Counter({
    name: 'gradpool_warnings_total',
    help: 'Sentences of what was wrong but stopped nothing.',
    ...this.#shared,
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    // A rate of what was never counted is unknown, and not 0.
    for (const outcome of ['done', 'failed', 'handed_back', 'unwanted', 'lost', 'late']) this.#jobs.inc({ outcome }, 0)
    for (const direction of ['in', 'out']) this.#storeBytes.inc({ direction }, 0)
    for (const result of ['hit', 'miss']) this.#cacheReads.inc({ result }, 0)
    for (const result of ['extended', 'lost']) this.#locks.inc({ result }, 0)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  setMachine({ engine, description, numerics, version, platform, cores }: Omit<Machine, 'jobs' | 'started'>): void {
    this.#info.set({ engine, description, numerics, version, platform }, 1)
    this.#threads.set(cores)
  }

  setInProgress(jobs: number): void {
    this.#inProgress.set(jobs)
  }

  count(event: WorkerEvent): void {
    if (event.type === 'warning') this.#warnings.inc()
    if (event.type === 'locks') {
      this.#locks.inc({ result: 'extended' }, event.extended)
      this.#locks.inc({ result: 'lost' }, event.lost)
    }
    if (event.type !== 'ended') return
    this.#jobs.inc({ outcome: event.how.replace(/ /g, '_') })
    this.#jobSeconds.observe(event.seconds)
  }

  /** The store, with what goes in and out of it counted. */
  storeOf(store: BlobStore): BlobStore {
    const counted = async <T>(request: Promise<T>): Promise<T> => {
      try {
        return await request
      } catch (error) {
        this.#storeErrors.inc()
        throw error
      }
    }
    const read = <T extends Uint8Array | undefined>(bytes: T): T => {
      this.#storeBytes.inc({ direction: 'in' }, bytes?.length ?? 0)
      return bytes
    }
    const written = (bytes: Uint8Array) => this.#storeBytes.inc({ direction: 'out' }, bytes.length)
    return {
      address: store.address,
      put: async (bytes) => {
        const hash = await counted(store.put(bytes))
        written(bytes)
        return hash
      },
      get: async (hash, most) => read(await counted(store.get(hash, most))),
      has: (hash) => counted(store.has(hash)),
      delete: (hash) => counted(store.delete(hash)),
      readName: async (name) => read(await counted(store.readName(name))),
      writeName: async (name, bytes) => {
        await counted(store.writeName(name, bytes))
        written(bytes)
      },
      deleteName: (name) => counted(store.deleteName(name)),
      close: () => store.close(),
    }
  }

  /** The cache, with what is found in it counted. */
  cacheOf(cache: BlobCache): BlobCache {
    return {
      read: async (hash, most) => {
        const bytes = await cache.read(hash, most)
        this.#cacheReads.inc({ result: bytes === undefined ? 'miss' : 'hit' })
        return bytes
      },
      keep: (hash, bytes) => cache.keep(hash, bytes),
      forget: (hash) => cache.forget(hash),
    }
  }
}
