/** A queue's server for a test file; its tests are skipped, with a word, where it is not to be had. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { NotToBeHad } from '../servers/fetched.js'
import { type RedisOptions, type RedisServer, startRedis } from '../servers/redis.js'

/** @returns what gives it, in tests */
export function redisForAll(options: RedisOptions = {}): () => RedisServer {
  let server: RedisServer | undefined
  let missing = ''
  beforeAll(async () => {
    try {
      server = await startRedis(options)
    } catch (error) {
      if (!(error instanceof NotToBeHad)) throw error
      missing = error.message
      console.log(missing)
    }
  }, 900_000)
  afterAll(() => server?.stop())
  beforeEach(({ skip }) => {
    if (server === undefined) skip(missing)
  })
  return () => {
    if (server === undefined) throw new Error(missing)
    return server
  }
}
