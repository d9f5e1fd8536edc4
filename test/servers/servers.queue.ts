/** Each server starts, does what its options say, and is gone when it is stopped. */
import { existsSync } from 'node:fs'
import { connect as connectTls } from 'node:tls'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { makeCertificate } from './certificate.js'
import { NotToBeHad } from './fetched.js'
import { startPostgres } from './postgres.js'
import { type RedisOptions, type RedisServer, startRedis } from './redis.js'

const MINUTES = { timeout: 900_000 }

/** Skips, with a word, where a server is not to be had. */
async function orSkip<T>({ skip }: TestContext, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error
    console.log(error.message)
    return skip(error.message)
  }
}

async function redis(context: TestContext, options: RedisOptions): Promise<RedisServer> {
  const server = await orSkip(context, () => startRedis(options))
  onTestFinished(server.stop)
  return server
}

/** What is said on this socket until there is such a text. */
function said(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.once('error', reject)
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (!pattern.test(text)) return
      socket.destroy()
      resolve(text)
    })
  })
}

function ask(port: number, command: string, pattern = /\r\n$/): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${command}\r\n`)
  return said(socket, pattern)
}

test.for(['8.2', '6.2'] as const)('Redis %s', MINUTES, async (version, context) => {
  const server = await orSkip(context, () => startRedis({ version }))
  expect(await ask(server.port, 'INFO server', /redis_version:[\d.]+/)).toMatch(`redis_version:${version}`)
  expect(await ask(server.port, 'CONFIG GET maxmemory-policy')).toMatch('noeviction')
  await server.stop()
  await expect(ask(server.port, 'PING')).rejects.toThrow(/ECONNREFUSED/)
  expect(existsSync(server.folder)).toBe(false)
})

test('Redis with a password', MINUTES, async (context) => {
  const { url, port } = await redis(context, { password: 'open-sesame' })
  expect(url).toBe(`redis://:open-sesame@127.0.0.1:${port}`)
  expect(await ask(port, 'SET a b')).toMatch(/^-NOAUTH/)
  expect(await ask(port, 'AUTH open-sesame\r\nSET a b', /OK\r\n.*\r\n$/)).toBe('+OK\r\n+OK\r\n')
})

test('Redis that is killed has what is in its append-only file', MINUTES, async (context) => {
  const server = await redis(context, { appendOnly: true })
  expect(await ask(server.port, 'SET a kept')).toBe('+OK\r\n')
  await server.restart()
  expect(await ask(server.port, 'GET a', /\r\n.*\r\n$/)).toBe('$4\r\nkept\r\n')
})

test('Redis with little memory', MINUTES, async (context) => {
  const { port } = await redis(context, { maxMemory: '3mb' })
  expect(await ask(port, 'SETRANGE a 4000000 x')).toBe(':4000001\r\n')
  expect(await ask(port, 'SET a b')).toMatch(/^-OOM command not allowed/)
})

test('a replica of Redis', MINUTES, async (context) => {
  const { port } = await redis(context, { password: 'secret' })
  const replica = await redis(context, { password: 'secret', replicaOf: port })
  expect(await ask(replica.port, 'AUTH secret\r\nSET a b', /OK\r\n.*\r\n$/)).toMatch(/-READONLY You can't write/)
})

test('Redis with TLS', MINUTES, async (context) => {
  const tls = await orSkip(context, makeCertificate)
  const { url } = await redis(context, { tls })
  expect(url).toMatch(/^rediss:/)
  const socket = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port), ca: tls.cert })
  socket.write('PING\r\n')
  expect(await said(socket, /\r\n/)).toBe('+PONG\r\n')
  const other = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port) })
  await expect(said(other, /./)).rejects.toThrow(/self-signed/)
})

test('PostgreSQL, killed and started again', MINUTES, async (context) => {
  const server = await orSkip(context, () => startPostgres())
  onTestFinished(server.stop)
  expect(new URL(server.url).port).toBe(`${server.port}`)
  const { pid } = server.process().child
  await server.restart()
  expect(server.process().child.pid).not.toBe(pid)
})
