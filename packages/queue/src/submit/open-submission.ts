/** All that a run over a queue needs beside its stages: the queue, the store, and a trainer that uses both. */
import { QUEUE_STORE, type StageTrainer } from '@gradpool/orchestrator'
import { makeDirectories } from '@gradpool/storage'
import { connect } from 'node:net'
import { join } from 'node:path'
import { openQueueServer } from '../connection/open-queue.js'
import type { QueueAddress } from '../connection/queue-address.js'
import { StoreDocuments } from '../jobs/store-documents.js'
import { contentStore } from '../store/content-store.js'
import { openFileObjects } from '../store/file-objects.js'
import { openStore } from '../store/open-store.js'
import { serveStore } from '../store/store-server.js'
import { readServing, writeServing } from './serving-file.js'
import { QueueTrainer, type QueueTrainerOptions } from './queue-trainer.js'

export interface SubmissionOptions extends Omit<QueueTrainerOptions, 'server' | 'documents' | 'served'> {
  readonly address: QueueAddress
  readonly namespace: string
  /** Of a store that workers reach, too; undefined where this process serves one. */
  readonly store: string | undefined
  /** Where this process keeps the store that it serves. */
  readonly folder: string
  /** Of this machine, as workers reach it. Default: the address that it reaches the queue from. */
  readonly host?: string | undefined
}

export interface Submission {
  readonly trainer: StageTrainer
  /** The addresses, for records. */
  readonly queue: string
  readonly store: string
}

/** @throws UserError in one sentence, where the queue or the store cannot be used; nothing is open then */
export async function openSubmission(options: SubmissionOptions): Promise<Submission> {
  const { address, namespace, numerics, onWarning } = options
  const server = await openQueueServer(address, namespace, onWarning)
  const opened = await openStoreFor(options)
  const { store, served } = opened
  const trainer = new QueueTrainer({ ...options, server, served, documents: new StoreDocuments(store, numerics) })
  return {
    queue: address.shown,
    store: store.address,
    trainer: {
      limit: trainer.limit,
      start: (stage) => trainer.start(stage),
      async close() {
        await trainer.close()
        await opened.close()
      },
    },
  }
}

async function openStoreFor({ store: asked, folder, host, address }: SubmissionOptions) {
  if (asked !== undefined) {
    const store = await openStore(asked)
    return { store, served: null, close: () => store.close() }
  }
  const path = join(folder, QUEUE_STORE)
  await makeDirectories(path)
  const store = contentStore(await openFileObjects(path))
  // Jobs in the queue go on to find it after this process was started again.
  const before = await readServing(path)
  const place = { host: host ?? (await ownAddress(address)) }
  const serve = (known: typeof before) => serveStore(store, { ...place, ...known })
  const server = await serve(before).catch(() => serve(before && { token: before.token }))
  await writeServing(path, { token: server.token, port: Number(new URL(server.address).port) })
  return {
    store,
    served: { address: server.address, token: server.token },
    async close() {
      await server.close()
      await store.close()
    },
  }
}

/** The address of this machine that the queue's machine sees, and others like it. */
function ownAddress({ secret }: QueueAddress): Promise<string> {
  const { hostname, port, protocol } = new URL(secret)
  return new Promise((resolve) => {
    const socket = connect(Number(port || (protocol.startsWith('redis') ? 6379 : 5432)), hostname)
    const end = () => {
      resolve(socket.localAddress ?? '127.0.0.1')
      socket.destroy()
    }
    socket.once('connect', end)
    socket.once('error', end)
  })
}
