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
import type { QueueJob } from '../job.js'
import { StageJobRunner } from '../jobs/stage-job-runner.js'
import { cachedStore, diskCache, type BlobCache } from '../store/blob-cache.js'
import type { BlobStore } from '../store/blob-store.js'
import { openServedStore, openStore } from '../store/open-store.js'
import { StageWorker, type StageWorkerOptions } from './stage-worker.js'

export interface OpenWorkerOptions extends Pick<StageWorkerOptions, 'struck' | 'lockSeconds' | 'onHeld' | 'onEvent'> {
  readonly address: QueueAddress
  readonly namespace: string
  /** Of the jobs whose submitter serves none. */
  readonly store: string | undefined
  readonly engine: Engine
  /** Threads, and so jobs at one time. */
  readonly workers: number
  /** Told once, when a thread does not end, which only the end of the process ends. */
  readonly onStuck: () => void
}

export interface OpenWorker {
  readonly id: string
  /** Hands back what is in progress, at checkpoints. */
  close(): Promise<void>
}

/** Of what comes from stores, on this machine's disk. */
const CACHE_BYTES = 8 * 2 ** 30

/** @throws UserError in one sentence, where the queue or the store cannot be used */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { address, namespace, engine, workers, onEvent, onStuck } = options
  const warn = (message: string) => onEvent?.({ type: 'warning', message })
  const server = await openQueueServer(address, namespace, warn)
  const stores = new Stores(await openOwn(options.store))
  const pool = enginePool(engine, workers, warn, onStuck)
  const runner = new StageJobRunner({ engine, pool, workers, storeOf: (job) => stores.of(job) })
  const id = randomBytes(6).toString('hex')
  const close = async () => {
    await runner.close()
    await pool.close()
    await stores.close()
  }
  try {
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
    const worker = await StageWorker.start({ ...options, server, runner, machine, concurrency: workers })
    return {
      id,
      async close() {
        await worker.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openOwn(store: string | undefined): Promise<BlobStore | undefined> {
  if (store === undefined) return undefined
  const opened = await openStore(store)
  // A folder is read as fast as its copy.
  return store.startsWith('file:') ? opened : cachedStore(opened, blobCache())
}

let cache: BlobCache | undefined

function blobCache(): BlobCache {
  cache ??= diskCache(join(cacheFolder(), 'queue-blobs'), CACHE_BYTES)
  return cache
}

/** A worker's own store, and those that submitters serve. */
class Stores {
  readonly #own: BlobStore | undefined
  readonly #served = new Map<string, BlobStore>()

  constructor(own: BlobStore | undefined) {
    this.#own = own
  }

  of({ store }: QueueJob): BlobStore {
    if (store === null) {
      if (this.#own) return this.#own
      throw new UserError('its store is the workers’ own, and this worker has none: --store says which')
    }
    const key = `${store.address} ${store.token}`
    const known = this.#served.get(key) ?? cachedStore(openServedStore(store), blobCache())
    this.#served.set(key, known)
    return known
  }

  async close(): Promise<void> {
    for (const store of [this.#own, ...this.#served.values()]) await store?.close()
  }
}
