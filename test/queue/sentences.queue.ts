// What is wrong with a queue's server is one sentence, by real servers that have it wrong.
import { writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { openQueueServer, queueAddress } from '@gradpool/queue'
import { Redis } from 'ioredis'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { emptyFolder, gradpool } from '../gradpool.js'
import { makeCertificate } from '../servers/certificate.js'
import { freePort } from '../servers/server-process.js'
import { startPostgres } from '../servers/postgres.js'
import { startRedis, type RedisOptions } from '../servers/redis.js'
import { fakeStage } from './fake-stages.js'
import { queueOf, run, until } from './harness.js'
import { orSkip, serverOf } from './or-skip.js'

/** The warnings of a server that is opened. */
async function open(url: string, namespace = 'default'): Promise<string[]> {
  const warnings: string[] = []
  await openQueueServer(queueAddress({ variable: url }), namespace, (warning) => warnings.push(warning))
  return warnings
}

/** The whole sentence, which has no password. */
async function sentence(url: string, namespace?: string): Promise<string> {
  const { message } = await open(url, namespace).then(
    () => new Error('it opened'),
    (error: unknown) => error as Error,
  )
  expect(message).not.toMatch(/\n|secret|wrong-one/)
  return message
}

/** Commands to the server itself. */
function redisAt(port: number): Redis {
  const redis = new Redis({ port, host: '127.0.0.1' })
  redis.on('error', () => undefined)
  onTestFinished(() => {
    redis.disconnect()
  })
  return redis
}

test('no Redis, or none that answers', async () => {
  const port = await freePort()
  expect(await sentence(`redis://127.0.0.1:${port}`)).toBe(
    `There is no Redis at redis://127.0.0.1:${port}: the connection was refused`,
  )
  const silent = await fakeServer(() => undefined)
  expect(await sentence(`redis://127.0.0.1:${silent}`)).toBe(
    `There is no answer from a Redis at redis://127.0.0.1:${silent}`,
  )
  expect(await sentence('redis://no-such-host.invalid')).toMatch(/^There is no Redis at .*: its host has no address$/)
})

test.for<[string, string]>([
  ['', 'asks for a password: put the whole address into the variable GRADPOOL_QUEUE, or into a file for --queue-file'],
  [':wrong-one@', 'refuses the password or the user'],
  ['someone:secret@', 'refuses the password or the user'],
])('a password of Redis: %s', async ([user, wanted], context) => {
  const { port } = await serverOf(context, startRedis({ password: 'secret' }))
  expect(await sentence(`redis://${user}127.0.0.1:${port}`)).toContain(wanted)
})

test('a database of Redis that is not there', async (context) => {
  const { port } = await serverOf(context, startRedis())
  expect(await sentence(`redis://127.0.0.1:${port}/99`)).toContain('has no database of that number')
})

test('a user of Redis that may not write', async (context) => {
  const { port } = await serverOf(context, startRedis())
  await redisAt(port).acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+info', '+select', '+ping')
  expect(await sentence(`redis://reader:secret@127.0.0.1:${port}`)).toContain('may not do what queues need')
})

test('a Redis that is full says so, and what it had is trained when it has room', async (context) => {
  const { port, url } = await serverOf(context, startRedis())
  const { worker, trainer, warnings } = await queueOf(url)
  const control = redisAt(port)
  await control.config('SET', 'maxmemory', '100kb')
  expect(await sentence(url)).toContain('is full: give it more memory (maxmemory), or remove what it keeps')
  // It was there before it was full.
  const ended = run(trainer(), fakeStage('of a full queue'))
  await until(() => warnings.some((warning) => warning.includes('is full')))
  await control.config('SET', 'maxmemory', '0')
  await worker('one')
  expect((await ended).status).toBe('done')
})

test('a Redis that becomes full while a stage trains loses nothing', async (context) => {
  const { port, url } = await serverOf(context, startRedis())
  const { worker, trainer } = await queueOf(url)
  const control = redisAt(port)
  await worker('one')
  const long = fakeStage('that trains', { epochs: 100, ms: 20 })
  const ended = run(trainer(), long)
  await until(() => long.told.length > 0)
  await control.config('SET', 'maxmemory', '100kb')
  await new Promise((resolve) => setTimeout(resolve, 4000))
  await control.config('SET', 'maxmemory', '0')
  expect((await ended).status).toBe('done')
})

test('a report does not wait for a Redis that is gone, and is whole when it is back', async (context) => {
  const server = await serverOf(context, startRedis({ password: 'secret', appendOnly: true }))
  const { worker, admin } = await queueOf(server.url)
  await worker('one')
  const shown = `redis://127.0.0.1:${server.port}`
  expect(await admin.reportWithin(10_000)).toMatchObject({ address: shown, machines: [{ id: 'one' }] })
  await server.process().kill()
  const gone = `There is no Redis at ${shown}: the connection was refused`
  // As many as ask are told so, also after BullMQ has given up on the first report.
  for (const wait of [0, 0, 40_000]) {
    await new Promise((resolve) => setTimeout(resolve, wait))
    await expect(Promise.all([admin.reportWithin(3000), admin.reportWithin(3000)])).rejects.toThrow(gone)
  }
  await server.restart()
  await until(() =>
    admin.reportWithin(3000).then(
      ({ machines }) => machines.length === 1,
      () => false,
    ),
  )
  // One that was stopped takes connections, and says nothing.
  server.process().child.kill('SIGSTOP')
  await expect(admin.reportWithin(1000)).rejects.toThrow(`The queue at ${shown} does not answer`)
  server.process().child.kill('SIGCONT')
  expect((await admin.reportWithin(10_000)).queues).toHaveLength(1)
})

test('a replica of Redis', async (context) => {
  const primary = await serverOf(context, startRedis())
  const replica = await serverOf(context, startRedis({ replicaOf: primary.port }))
  expect(await sentence(replica.url)).toBe(
    `The Redis at ${replica.url} is a replica, which takes no jobs: its primary is 127.0.0.1:${primary.port}`,
  )
})

test('a primary that becomes a replica while jobs wait, and a primary again', async (context) => {
  const other = await serverOf(context, startRedis())
  const { port, url } = await serverOf(context, startRedis())
  const { worker, trainer, warnings } = await queueOf(url)
  const control = redisAt(port)
  await control.config('SET', 'replica-serve-stale-data', 'yes')
  await control.replicaof('127.0.0.1', other.port)
  const ended = run(trainer(), fakeStage('of a replica'))
  await until(() => warnings.some((warning) => warning.includes('is a replica, which takes no jobs')))
  await control.replicaof('NO', 'ONE')
  await worker('one')
  expect((await ended).status).toBe('done')
})

test('a Redis of the oldest version works, and one that is older is named', async (context) => {
  const { url } = await serverOf(context, startRedis({ version: '6.2' }))
  const { worker, trainer } = await queueOf(url)
  await worker('one')
  expect((await run(trainer(), fakeStage('on an old one'))).status).toBe('done')

  const old = await fakeRedis(['redis_version:5.0.14', 'role:master'])
  expect(await sentence(old)).toBe(`The Redis at ${old} is 5.0.14, and 6.2 or newer is needed`)
  const cluster = await fakeRedis(['redis_version:7.2.0', 'role:master', 'cluster_enabled:1'])
  expect(await sentence(cluster)).toContain('is a cluster, which queues do not use')
  // Valkey counts from 7.2, and says what Redis it is like.
  const valkey = await fakeRedis(['redis_version:7.2.4', 'valkey_version:8.1.0', 'role:slave', 'master_host:far'])
  expect(await sentence(valkey)).toContain('The Valkey at')
})

test('keys of another program are left as they are', async (context) => {
  const { port, url } = await serverOf(context, startRedis())
  const theirs = redisAt(port)
  const key = 'gradpool:default:stages-1-exact-2'
  await theirs.set(`${key}:wait`, 'a text')
  await theirs.hset(`${key}:meta`, 'version', 'their own')
  expect(await sentence(url)).toBe(`The keys under '${key}' at ${url} are another program's: take another --namespace`)
  expect(await theirs.get(`${key}:wait`)).toBe('a text')
  expect(await open(url, 'ours')).toEqual([])
})

test('a Redis that may drop jobs is warned of', async (context) => {
  const options: RedisOptions = { policy: 'allkeys-lru' }
  const { url } = await serverOf(context, startRedis(options))
  expect(await open(url)).toEqual([
    `the Redis at ${url} may drop jobs when its memory is full (maxmemory-policy allkeys-lru): set it to noeviction`,
  ])
})

test('Redis over TLS, with a certificate that is trusted or not', async (context) => {
  const tls = await orSkip(context, makeCertificate())
  const { url, port } = await serverOf(context, startRedis({ tls, password: 'secret' }))
  const shown = url.replace(':secret@', '')
  expect(await sentence(url)).toBe(
    `The certificate of the Redis at ${shown} is not trusted (self-signed certificate); NODE_EXTRA_CA_CERTS names a file with the one that signed it`,
  )
  expect(await sentence(url.replace('rediss:', 'redis:'))).toContain('speaks no Redis, or only over TLS (rediss://)')
  // Redis waits for the end of what it takes for a line.
  expect(await sentence(`rediss://:secret@127.0.0.1:${port}`)).toContain('There is no answer from a Redis')
  // As a user has it, with the threads and processes that a worker starts.
  const cwd = await emptyFolder()
  const file = join(cwd, 'authority.pem')
  await writeFile(file, tls.cert)
  const env = { GRADPOOL_QUEUE: url, NODE_EXTRA_CA_CERTS: file }
  const shownQueue = await gradpool(['queue', '--json'], { cwd, env })
  expect(shownQueue).toMatchObject({ code: 0, stdout: expect.stringContaining(shown) as string })
})

test('PostgreSQL', async (context) => {
  const port = await freePort()
  const at = (user: string, where: number, database = 'postgres') => `postgres://${user}@127.0.0.1:${where}/${database}`
  expect(await sentence(at('me', port))).toBe(`There is no PostgreSQL at ${at('me', port)}: the connection was refused`)
  const server = await serverOf(context, startPostgres())
  expect(await sentence(at('postgres', server.port))).toContain('asks for a password')
  expect(await sentence(at('postgres:wrong-one', server.port))).toContain('refuses the password or the user')
  expect(await sentence(at('postgres:secret', server.port, 'nothing'))).toContain('has no such database')
  const client = new pg.Client(server.url)
  onTestFinished(() => client.end())
  client.on('error', () => undefined)
  await client.connect()
  // A user that may connect, and make nothing.
  await client.query("create role reader login password 'secret'")
  expect(await sentence(at('reader:secret', server.port))).toContain('may not make the tables of a queue')
  // Names of namespaces may have hyphens, and those of schemas not.
  await client.query('grant create on database postgres to reader')
  const { worker, trainer } = await queueOf(at('reader:secret', server.port), 'a_b-c')
  await worker('one')
  expect((await run(trainer(), fakeStage('of a user'))).status).toBe('done')
})

test('a report of a PostgreSQL that is gone, and back', async (context) => {
  const server = await serverOf(context, startPostgres())
  const { worker, admin } = await queueOf(server.url)
  await worker('one')
  expect((await admin.reportWithin(10_000)).machines).toHaveLength(1)
  await server.process().kill()
  await expect(admin.reportWithin(3000)).rejects.toThrow(
    /^The(?:re is no)? PostgreSQL at postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres(?: has ended the connection|: the connection was refused)$/,
  )
  await server.restart()
  await until(() =>
    admin.reportWithin(3000).then(
      ({ machines }) => machines.length === 1,
      () => false,
    ),
  )
})

test('a PostgreSQL that takes no more connections, or may not be written', async (context) => {
  const settings = { max_connections: '4', superuser_reserved_connections: '0', reserved_connections: '0' }
  const server = await serverOf(context, startPostgres({ settings }))
  const clients = Array.from({ length: 4 }, () => new pg.Client(server.url))
  for (const client of clients) {
    client.on('error', () => undefined)
    await client.connect()
  }
  expect(await sentence(server.url)).toContain('takes no more connections: raise max_connections')
  const [first] = clients
  await first?.query('alter system set default_transaction_read_only = on')
  await first?.query('select pg_reload_conf()')
  for (const client of clients) await client.end()
  expect(await sentence(server.url)).toContain('may not be written: give the address of its primary')
})

test('what is no PostgreSQL, or an old one', async () => {
  const silent = await fakeServer(() => undefined)
  expect(await sentence(`postgres://me@127.0.0.1:${silent}/name`)).toMatch(/^There is no answer from a PostgreSQL/)
  const rude = await fakeServer((socket) => socket.destroy())
  expect(await sentence(`postgres://me@127.0.0.1:${rude}/name`)).toMatch(/^The PostgreSQL at .* cannot be used: /)
})

/** @returns its port */
async function fakeServer(onData: (socket: Socket, data: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      onData(socket, data)
    })
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return port
}

/** One that tells this of itself, and answers to all else that it is well. @returns its address */
async function fakeRedis(info: readonly string[]): Promise<string> {
  const text = info.join('\r\n')
  const port = await fakeServer((socket, data) => {
    // Commands may come several at once, each an array of texts.
    for (const command of data.toString('latin1').split(/(?=^\*\d+\r\n)/m)) {
      socket.write(/\$4\r\ninfo/i.test(command) ? `$${text.length}\r\n${text}\r\n` : '+OK\r\n')
    }
  })
  return `redis://127.0.0.1:${port}`
}
