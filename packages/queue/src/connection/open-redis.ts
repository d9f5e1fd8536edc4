/** Looks at a Redis or Valkey before BullMQ works on it: what is wrong there is one sentence. */
import { UserError } from '@gradpool/core'
import { messageOf } from '@gradpool/storage'
import { Redis } from 'ioredis'
import { isIP } from 'node:net'
import type { QueueAddress } from './queue-address.js'

/** The oldest that has all that BullMQ asks for. */
const OLDEST = [6, 2] as const
const CONNECT_MS = 5000

/** For BullMQ, which makes connections of its own. */
export interface RedisOptions {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly db: number
  readonly tls?: { readonly servername?: string }
  readonly retryStrategy: (times: number) => number
}

/**
 * @param prefix of all keys that are ours
 * @returns what is wrong but stops nothing, one sentence each
 * @throws UserError in one sentence
 */
export async function lookAtRedis(address: QueueAddress, prefix: string): Promise<string[]> {
  const redis = new Redis({
    ...redisOptions(address),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: true,
    retryStrategy: () => null,
  })
  let last: unknown
  redis.on('error', (error) => {
    last = error
  })
  try {
    await redis.connect()
    // A database that is not there would be another one.
    await redis.select(redisOptions(address).db)
    return await look(redis, address, prefix)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(redisSentence(isOfConnection(error) ? (last ?? error) : error, address.shown), { cause: error })
  } finally {
    redis.disconnect()
  }
}

/** What says only that there is no connection, and not why. */
function isOfConnection(error: unknown): boolean {
  return /^Connection is closed|max retries per request/i.test(messageOf(error))
}

export function redisOptions({ secret }: QueueAddress): RedisOptions {
  const url = new URL(secret)
  const { username, password, pathname } = url
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: Number(url.port || 6379),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    db: Number(pathname.slice(1) || 0),
    ...(url.protocol === 'rediss:' && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    // One that is started again is there within seconds.
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2000),
  }
}

/** @returns warnings @throws UserError */
async function look(redis: Redis, { shown }: QueueAddress, prefix: string): Promise<string[]> {
  const info = new Map(
    (await redis.info()).split(/\r?\n/).map((line): [string, string] => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
  const name = info.has('valkey_version') ? 'Valkey' : 'Redis'
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (name === 'Redis' && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    throw new UserError(`The Redis at ${shown} is ${version}, and ${OLDEST.join('.')} or newer is needed`)
  }
  if (info.get('cluster_enabled') === '1') {
    throw new UserError(
      `The ${name} at ${shown} is a cluster, which queues do not use: give the address of one that is none`,
    )
  }
  if (info.get('role') === 'slave') {
    const primary = `${info.get('master_host') ?? '?'}:${info.get('master_port') ?? '?'}`
    throw new UserError(`The ${name} at ${shown} is a replica, which takes no jobs: its primary is ${primary}`)
  }
  // Shows what it answers to a write: that it is full, or may not be written.
  await redis.set(`${prefix}:opened`, version, 'EX', 60)
  await checkKeys(redis, shown, prefix)
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  return policy === 'noeviction'
    ? []
    : [
        `the ${name} at ${shown} may drop jobs when its memory is full (maxmemory-policy ${policy}): set it to noeviction`,
      ]
}

/** The types of what BullMQ has under a queue's name. */
const types: Readonly<Record<string, string>> = {
  meta: 'hash',
  wait: 'list',
  active: 'list',
  prioritized: 'zset',
  failed: 'zset',
  events: 'stream',
}

/** @throws UserError where another program has keys of the names of ours */
async function checkKeys(redis: Redis, shown: string, prefix: string): Promise<void> {
  let cursor = '0'
  const keys: string[] = []
  do {
    const [next, some] = await redis.scan(cursor, 'MATCH', `${prefix}:*:meta`, 'COUNT', 1000)
    cursor = next
    keys.push(...some)
  } while (cursor !== '0' && keys.length < 100)
  for (const key of keys) {
    for (const [part, type] of Object.entries(types)) {
      const found = await redis.type(key.replace(/meta$/, part))
      if (found === 'none' || found === type) continue
      throw otherKeys(shown, key)
    }
    const version = await redis.hget(key, 'version')
    if (version !== null && !version.startsWith('bullmq:')) throw otherKeys(shown, key)
  }
}

function otherKeys(shown: string, key: string): UserError {
  return new UserError(
    `The keys under '${key.replace(/:meta$/, '')}' at ${shown} are another program's: take another --namespace`,
  )
}

/**
 * What an error of a connection means, as one sentence.
 *
 * @param wasThere Whether a Redis has answered there before.
 */
export function redisSentence(error: unknown, shown: string, wasThere = false): string {
  const message = messageOf(error)
  const at = `at ${shown}`
  if (wasThere && /ECONNRESET|EPIPE|Connection is closed/i.test(message)) {
    return `The Redis ${at} has ended the connection`
  }
  if (/WRONGPASS|invalid password|AUTH .*without any password/i.test(message)) {
    return `The Redis ${at} refuses the password or the user`
  }
  if (message.includes('NOAUTH')) {
    return `The Redis ${at} asks for a password: put the whole address into the variable GRADPOOL_QUEUE, or into a file for --queue-file`
  }
  if (message.includes('NOPERM')) return `The user of the Redis ${at} may not do what queues need: ${message}`
  if (/^OOM|maxmemory/.test(message)) {
    return `The Redis ${at} is full: give it more memory (maxmemory), or remove what it keeps`
  }
  if (message.includes('READONLY'))
    return `The Redis ${at} is a replica, which takes no jobs: give the address of its primary`
  if (message.includes('MISCONF')) return `The Redis ${at} takes no jobs, as it cannot write its own files to the disk`
  if (message.includes('LOADING')) return `The Redis ${at} still reads its files: try again in a moment`
  if (/DB index is out of range/i.test(message)) return `The Redis ${at} has no database of that number`
  if (message.includes('WRONGTYPE')) return `Keys ${at} are another program's: take another --namespace`
  if (message.includes('ECONNREFUSED')) return `There is no Redis ${at}: the connection was refused`
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return `There is no Redis ${at}: its host has no address`
  if (/ETIMEDOUT|timed out|EHOSTUNREACH|ENETUNREACH|max retries per request/.test(message))
    return `There is no answer from a Redis ${at}`
  if (/certificate|self.signed|altnames/i.test(message)) {
    return `The certificate of the Redis ${at} is not trusted (${message}); NODE_EXTRA_CA_CERTS names a file with the one that signed it`
  }
  if (
    /wrong version number|SSL|TLS|EPROTO|ECONNRESET|Protocol error|Unknown RESP|Connection is closed/i.test(message)
  ) {
    return `What answers ${at} speaks no ${shown.startsWith('rediss:') ? 'Redis over TLS' : 'Redis, or only over TLS (rediss://)'}: ${message}`
  }
  return `The Redis ${at} cannot be used: ${message}`
}
