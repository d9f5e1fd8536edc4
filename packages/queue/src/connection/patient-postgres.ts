/**
 * A connection of BullMQ to PostgreSQL keeps for ever that its server was not there when it was first asked for. Here
 * it asks again until the server is there, as connections to Redis do.
 */
import type { PostgresConnection } from 'bullmq'
import { setTimeout } from 'node:timers/promises'

const AGAIN_MS = 1000

export function waitPatiently(connection: PostgresConnection): void {
  // One that is in use when the server ends tells whoever waits for its answer, and would end the process besides.
  connection.pool.on('connect', (client) => client.on('error', () => undefined))
  const wait = connection.waitUntilReady.bind(connection)
  /** All who wait do so together. */
  let waiting: Promise<void> | undefined
  connection.waitUntilReady = () => (waiting ??= waitLong())

  async function waitLong(): Promise<void> {
    for (;;) {
      try {
        await wait()
        return
      } catch (error) {
        if (connection.isClosing) throw error
        if (connection.listenerCount('error') > 0) connection.emit('error', error)
      }
      await setTimeout(AGAIN_MS, undefined, { ref: false })
      // Where it keeps how the first time went.
      Reflect.set(connection, 'readyPromise', undefined)
    }
  }
}
