/** What a server has to refuse. That it serves is in store-contract.test.ts. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from '../../../../test/servers/certificate.js'
import { NotToBeHad } from '../../../../test/servers/fetched.js'
import { startRelay } from '../../../../test/servers/tls-relay.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { openStore } from './open-store.js'
import { sha256 } from './sha256.js'
import { serveStore, type StoreServerOptions } from './store-server.js'

const RETRIES = { tries: 2, firstMs: 1, mostMs: 2 }

async function served(options: StoreServerOptions = {}) {
  const folder = await temporaryFolder()
  const store = await openStore(`file:${folder}`)
  const server = await serveStore(store, options)
  onTestFinished(server.close)
  const ask = (method: string, path: string, body?: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(server.address + path, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body && { 'content-type': 'application/octet-stream' }),
        ...headers,
      },
      ...(body && { body }),
    })
  return { folder, store, server, ask }
}

/** Sends bytes as they are; all that comes back until the connection ends, or for a moment. */
function raw(address: string, text: string | Uint8Array, { endsAfterMs = 2000 } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    let said = ''
    socket.on('data', (data) => (said += data.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve(said)
    })
    socket.write(text)
    setTimeout(() => socket.destroy(), endsAfterMs)
  })
}

test('who has no token gets nothing, and does not learn what is there', async () => {
  const { store, server, ask } = await served()
  const hash = await store.put(Buffer.from('a'))
  for (const authorization of ['', 'Bearer ', `Bearer ${server.token}x`, `Basic ${server.token}`, server.token]) {
    for (const [method, path] of [
      ['GET', `/blobs/${hash}`],
      ['HEAD', `/blobs/${hash}`],
      ['DELETE', `/blobs/${hash}`],
      ['GET', '/names/a'],
      ['DELETE', '/names/a'],
      ['GET', '/nothing'],
    ] as const) {
      const answer = await ask(method, path, undefined, { authorization })
      expect([method, path, answer.status]).toEqual([method, path, 401])
      expect(await answer.text()).toBe(method === 'HEAD' ? '' : '{"error":"this token is not taken"}')
    }
  }
  expect(await store.has(hash)).toBe(true)
  const client = await openStore(server.address, { token: 'another' })
  onTestFinished(() => client.close())
  await expect(client.get(hash, 1)).rejects.toThrow(
    /^cannot read blob .*… in the store http:.*: it does not take this token$/,
  )
  await expect(client.put(randomBytes(2_000_000))).rejects.toThrow(/: it does not take this token$/)
})

test('each server has a token of its own', async () => {
  const [one, other] = [await served(), await served()]
  expect(one.server.token).toMatch(/^[\w-]{43}$/)
  expect(one.server.token).not.toBe(other.server.token)
})

test('a body that is too long is refused before it comes', async () => {
  const { server, store } = await served({ mostBytes: 1000 })
  const bytes = randomBytes(1001)
  const headers = `authorization: Bearer ${server.token}\r\ncontent-type: application/octet-stream`
  const head = `PUT /blobs/${sha256(bytes)} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`
  expect(await raw(server.address, `${head}content-length: 1001\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  expect(await raw(server.address, `${head}transfer-encoding: chunked\r\n\r\n`)).toMatch(/^HTTP\/1\.1 411 /)
  expect(await store.has(sha256(bytes))).toBe(false)
})

test('a body that breaks off is never seen', async () => {
  const { server, store, folder } = await served()
  const bytes = randomBytes(100_000)
  const headers = `authorization: Bearer ${server.token}\r\ncontent-type: application/octet-stream`
  const head = `PUT /blobs/${sha256(bytes)} HTTP/1.1\r\nhost: a\r\n${headers}\r\ncontent-length: 100000\r\n\r\n`
  await raw(server.address, Buffer.concat([Buffer.from(head), bytes.subarray(0, 99_999)]), { endsAfterMs: 200 })
  await delay(100)
  expect(await store.has(sha256(bytes))).toBe(false)
  expect(await readdir(join(folder, 'incoming'))).toEqual([])
})

test('bytes of another hash are refused', async () => {
  const { store, ask } = await served()
  const hash = sha256(Buffer.from('right'))
  const answer = await ask('PUT', `/blobs/${hash}`, new Uint8Array(Buffer.from('wrong')))
  expect([answer.status, await answer.text()]).toEqual([400, '{"error":"the bytes are not those of this hash"}'])
  expect(await store.has(hash)).toBe(false)
})

test('bytes of all requests together are bounded', async () => {
  const { server, ask } = await served({ mostBytesAtOnce: 150_000 })
  const bytes = randomBytes(100_000)
  const headers = `authorization: Bearer ${server.token}\r\ncontent-type: application/octet-stream`
  const head = `PUT /blobs/${sha256(bytes)} HTTP/1.1\r\nhost: a\r\n${headers}\r\ncontent-length: 100000\r\n\r\n`
  const slow = raw(server.address, head, { endsAfterMs: 1000 })
  await delay(200)
  const body = new Uint8Array(bytes)
  expect((await ask('PUT', `/blobs/${sha256(bytes)}`, body).catch(() => undefined))?.status ?? 503).toBe(503)
  await slow
  await delay(100)
  expect((await ask('PUT', `/blobs/${sha256(bytes)}`, body)).status).toBe(204)
})

test.each([
  ['GET', '/blobs/..%2f..%2fetc%2fpasswd', 400],
  ['GET', '/names/..%2f..%2fetc%2fpasswd', 400],
  ['GET', `/blobs/${'0'.repeat(65)}`, 400],
  ['HEAD', '/blobs/abc', 400],
  ['DELETE', '/blobs/abc', 400],
  ['PUT', '/blobs/abc', 400],
  ['GET', '/names/', 400],
  ['GET', '/blobs/%', 400],
  ['GET', '/', 404],
  ['POST', '/names/a', 404],
  ['PATCH', '/blobs/abc', 404],
])('refuses %s %s', async (method, path, status) => {
  const { ask } = await served()
  const body = method === 'PUT' || method === 'POST' ? new Uint8Array(1) : undefined
  const answer = await ask(method, path, body)
  expect(answer.status).toBe(status)
  expect(await answer.text()).not.toMatch(/\n| at \//)
})

test('a body of another type is refused', async () => {
  const { ask } = await served()
  const answer = await ask('PUT', '/names/a', new Uint8Array(1), { 'content-type': 'application/json' })
  expect(answer.status).toBe(415)
})

test('what the store behind it throws is no more than said', async () => {
  const store = await openStore(`file:${await temporaryFolder()}`)
  const broken = { ...store, readName: () => Promise.reject(new Error('at /secret/path')) }
  const { address, token, close } = await serveStore(broken)
  onTestFinished(close)
  const answer = await fetch(`${address}/names/a`, { headers: { authorization: `Bearer ${token}` } })
  expect([answer.status, await answer.text()]).toEqual([500, '{"error":"it failed"}'])
})

test('says where it cannot listen', async () => {
  const { server, store } = await served()
  const port = Number(new URL(server.address).port)
  await expect(serveStore(store, { port })).rejects.toThrow(/^cannot serve the store at 127\.0\.0\.1:\d+: /)
})

test('is for this machine alone, and for others where it is told so', async () => {
  const { server } = await served()
  expect(new URL(server.address).hostname).toBe('127.0.0.1')
  const { server: open } = await served({ host: '0.0.0.0' })
  expect(new URL(open.address).hostname).not.toBe('0.0.0.0')
})

test('a server that is gone: one sentence', async () => {
  const { server } = await served()
  const client = await openStore(server.address, { token: server.token, retries: RETRIES })
  onTestFinished(() => client.close())
  await client.put(Buffer.from('a'))
  await server.close()
  const sentence = /^cannot look for blob .*… in the store http:.*: nothing listens there, tried 2 times$/
  await expect(client.has(sha256(Buffer.from('a')))).rejects.toThrow(sentence)
})

test('behind a proxy with TLS, it is a store for those who trust the certificate', async ({ skip }) => {
  const certificate = await makeCertificate().catch((error: unknown) => {
    if (!(error instanceof NotToBeHad)) throw error
    console.log(error.message)
    return skip(error.message)
  })
  const { server, store, folder } = await served()
  const relay = await startRelay(Number(new URL(server.address).port), certificate)
  onTestFinished(relay.stop)
  const address = `https://127.0.0.1:${relay.port}`
  const client = await openStore(address, { token: server.token, retries: RETRIES })
  onTestFinished(() => client.close())
  await expect(client.put(randomBytes(10))).rejects.toThrow(/in the store https:.*: self-signed certificate, tried 2/)

  const trusted = join(folder, 'trusted.pem')
  await writeFile(trusted, certificate.cert)
  const program = fileURLToPath(new URL('../testing/put-blobs.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, address, server.token, '2'], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted },
    stdio: 'inherit',
  })
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(await store.has(sha256(Buffer.alloc(10_000, 'blob 1')))).toBe(true)
})
