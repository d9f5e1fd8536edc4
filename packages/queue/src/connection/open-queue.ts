/**
 * The server of queues: an address that was looked at, and what makes BullMQ's parts on it. They know of no difference
 * between Redis and PostgreSQL, and have no password in their options but in the connection itself.
 */
import {
  createPostgresBackend,
  createRedisBackend,
  type BackendFactory,
  type IQueueBackend,
  Queue,
  QueueEvents,
  QueueEventsProducer,
} from 'bullmq'
import { waitPatiently } from './patient-postgres.js'
import { lookAtPostgres, postgresOptions, postgresSentence, schemaOf } from './open-postgres.js'
import { lookAtRedis, redisOptions, redisSentence } from './open-redis.js'
import type { QueueAddress } from './queue-address.js'

/** Of every part: the connection is the factory's, and what they have as theirs is the address that is shown. */
export type Backends = BackendFactory<IQueueBackend, string>

/** What another thread is told, to open the same. */
export interface ServerFacts {
  readonly address: QueueAddress
  readonly namespace: string
  /** Whether BullMQ need not look at the server, which was looked at and warned of here. */
  readonly isChecked: boolean
}

export interface QueueServer extends ServerFacts {
  readonly prefix: string
  readonly backends: Backends
  /** What an error of the connection means. */
  sentence(error: unknown): string
}

/**
 * @param onWarning told in one sentence of what is wrong there, but stops nothing
 * @throws UserError in one sentence, where it cannot be used
 */
export async function openQueueServer(address: QueueAddress, namespace: string, onWarning: Told): Promise<QueueServer> {
  const warnings =
    address.kind === 'redis'
      ? await lookAtRedis(address, prefixOf(namespace))
      : await lookAtPostgres(address, schemaOf(namespace)).then(() => [])
  for (const warning of warnings) onWarning(warning)
  return queueServer({ address, namespace, isChecked: warnings.length > 0 })
}

/** One that was opened before. */
export function queueServer({ address, namespace, isChecked }: ServerFacts): QueueServer {
  const { shown } = address
  const shared = { address, namespace, isChecked, prefix: prefixOf(namespace) }
  if (address.kind === 'postgres') {
    const connection = postgresOptions(address, schemaOf(namespace))
    return {
      ...shared,
      backends(name, given, how) {
        const backend = createPostgresBackend(name, { ...given, connection: { ...connection } }, how)
        waitPatiently(backend.connection)
        return backend
      },
      sentence: (error) => postgresSentence(error, shown, true),
    }
  }
  const connection = redisOptions(address)
  return {
    ...shared,
    backends: (name, given, how) =>
      createRedisBackend(name, { ...given, connection: { ...connection, skipVersionCheck: isChecked } }, how),
    sentence: (error) => redisSentence(error, shown, true),
  }
}

const prefixOf = (namespace: string) => `gradpool:${namespace}`

type Told = (message: string) => void

export type JobQueue<Data, Result> = Queue<Data, Result, string, Data, Result, string, IQueueBackend, string>
export type JobEvents = QueueEvents<unknown, IQueueBackend, string>

/** Of the stream that tells submitters of what happens; what one misses it looks for itself. */
export const MOST_EVENTS = 5000

/** What all parts of a server are made with. */
export function partOptions({ address, prefix }: QueueServer) {
  return { connection: address.shown, prefix }
}

export function openJobQueue<Data, Result>(server: QueueServer, name: string, onError: Told): JobQueue<Data, Result> {
  const options = { ...partOptions(server), streams: { events: { maxLen: MOST_EVENTS } } }
  const queue: JobQueue<Data, Result> = new Queue(name, options, server.backends)
  queue.on('error', (error) => onError(server.sentence(error)))
  return queue
}

export function openJobEvents(server: QueueServer, name: string, onError: Told): JobEvents {
  const events: JobEvents = new QueueEvents(name, partOptions(server), server.backends)
  events.on('error', (error) => onError(server.sentence(error)))
  return events
}

/** Tells all submitters of something, once. */
export async function publish(
  server: QueueServer,
  name: string,
  events: readonly ({ eventName: string } & Record<string, string>)[],
) {
  const producer = new QueueEventsProducer<IQueueBackend, string>(name, partOptions(server), server.backends)
  producer.on('error', () => undefined)
  try {
    for (const event of events) await producer.publishEvent(event, MOST_EVENTS)
  } finally {
    await producer.close()
  }
}
