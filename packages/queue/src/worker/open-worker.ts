/** All that a machine needs to work for a queue: an engine's threads, stores, and a worker that uses both. */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { cacheFolder } from '@gradpool/storage'
import { enginePool, ownVersion } from '@gradpool/trainer'
import { randomBytes } from 'node:crypto'
import { hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { openQueueServer } from '../connection/open-queue.js'
import type { QueueAddress } from '../connection/queue-address.js'
import type { StageJob } from '../job.js'
import { type Listen, serveMetrics } from '../metrics/metrics-server.js'
import { WorkerMetrics } from '../metrics/worker-metrics.js'
import { StageJobRunner } from '../jobs/stage-job-runner.js'
import { cachedStore, diskCache, type BlobCache } from '../store/blob-cache.js'
import type { BlobStore } from '../store/blob-store.js'
import { openServedStore, openStore } from '../store/open-store.js'
import { StageWorker, type StageWorkerOptions, type WorkerEvent } from './stage-worker.js'

export interface OpenWorkerOptions extends Pick<StageWorkerOptions, 'struck' | 'lockSeconds' | 'onHeld' | 'onEvent'> {
  readonly address: QueueAddress
  readonly namespace: string
  /** Of the jobs whose submitter serves none. */
  readonly store: string | undefined
  readonly engine: Engine
  /** Threads, and so jobs at one time. */
  readonly workers: number
  /** Where it tells of what it counts, and how it is; nowhere by default. */
  readonly metrics?: Listen | undefined
  /** Told once, when a thread does not end, which only the end of the process ends. */
  readonly onStuck: () => void
}

export interface OpenWorker {
  readonly id: string
  /** `http://HOST:PORT`, where it tells of what it counts. */
  readonly metrics: string | undefined
  /** Hands back what is in progress, at checkpoints. */
  close(): Promise<void>
}

/** Of what comes from stores, on this machine's disk. */
const CACHE_BYTES = 8 * 2 ** 30

/** @throws UserError in one sentence, where the queue or the store cannot be used */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { address, namespace, engine, workers, onHeld, onStuck } = options
  const metrics = new WorkerMetrics()
  const onEvent = (event: WorkerEvent) => {
    metrics.count(event)
    options.onEvent?.(event)
  }
  const warn = (message: string) => onEvent({ type: 'warning', message })
  let worker: StageWorker | undefined
  // First of all: whoever waits for it to be ready may see how far it is.
  const told =
    options.metrics && (await serveMetrics(metrics, options.metrics, () => (worker ? worker.unready() : 'it starts')))
  const opened: { close(): Promise<void> }[] = told ? [told] : []
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part.close()
  }
  try {
    const server = await openQueueServer(address, namespace, warn)
    const stores = new Stores(metrics)
    opened.push(stores)
    await stores.openOwn(options.store)
    const pool = enginePool(engine, workers, warn, onStuck)
    opened.push(pool)
    const runner = new StageJobRunner({ engine, pool, workers, storeOf: (job) => stores.of(job) })
    opened.push(runner)
    const id = randomBytes(6).toString('hex')
    const { name, description, numerics } = engine
    const machine = {
      id,
      host: hostname(),
      cores: workers,
      memoryBytes: totalmem(),
      engine: name,
      description,
      numerics,
      version: ownVersion(),
      platform: `${process.platform} ${process.arch}`,
    }
    metrics.setMachine(machine)
    worker = await StageWorker.start({
      ...options,
      server,
      runner,
      machine,
      concurrency: workers,
      onEvent,
      onHeld(held) {
        metrics.setInProgress(held.length)
        onHeld?.(held)
      },
    })
    opened.push(worker)
    return { id, metrics: told?.address, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A worker's own store, and those that submitters serve. */
class Stores {
  readonly #metrics: WorkerMetrics
  readonly #cache: BlobCache
  #own: BlobStore | undefined
  readonly #served = new Map<string, BlobStore>()

  constructor(metrics: WorkerMetrics) {
    this.#metrics = metrics
    this.#cache = metrics.cacheOf(diskCache(join(cacheFolder(), 'queue-blobs'), CACHE_BYTES))
  }

  /** Of the jobs whose submitter serves none. */
  async openOwn(address: string | undefined): Promise<void> {
    if (address === undefined) return
    const store = this.#metrics.storeOf(await openStore(address))
    // A folder is read as fast as its copy.
    this.#own = address.startsWith('file:') ? store : cachedStore(store, this.#cache)
  }

  of({ store }: StageJob): BlobStore {
    if (store === null) {
      if (this.#own) return this.#own
      throw new UserError('its store is the workers’ own, and this worker has none: --store says which')
    }
    const key = `${store.address} ${store.token}`
    const known = this.#served.get(key) ?? cachedStore(this.#metrics.storeOf(openServedStore(store)), this.#cache)
    this.#served.set(key, known)
    return known
  }

  async close(): Promise<void> {
    for (const store of [this.#own, ...this.#served.values()]) await store?.close()
  }
}
