/**
 * Serves a store over HTTP: the embedded store of a process that submits jobs, and any other. Who has the token may
 * read, write and delete all of it.
 *
 *   GET, HEAD, PUT, DELETE  /blobs/HASH    /names/NAME     Authorization: Bearer TOKEN
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'
import { UserError } from '@gradpool/core'
import { isHash, reasonOf } from '@gradpool/storage'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import type { BlobStore } from './blob-store.js'
import { checkKey, MOST_NAME_BYTES, StoreError } from './object-store.js'
import { sha256 } from './sha256.js'

export interface StoreServerOptions {
  /** Where it listens. Default: this machine alone, `127.0.0.1`. */
  readonly host?: string
  /** Default: a free one. */
  readonly port?: number
  /** Default: a random one. */
  readonly token?: string
  /** The most bytes of a blob. Default: 1 GiB. */
  readonly mostBytes?: number
  /** The most bytes that it holds in memory for all requests at once. Default: `mostBytes`. */
  readonly mostBytesAtOnce?: number
}

export interface StoreServer {
  /** `http://HOST:PORT`, as others reach it. */
  readonly address: string
  readonly token: string
  /** Answers what was asked, then closes; the store stays open. */
  readonly close: () => Promise<void>
}

const BYTES = 'application/octet-stream'
/** In which no byte comes or goes. */
const IDLE_MS = 60_000

/** @throws UserError where it cannot listen there */
export async function serveStore(store: BlobStore, options: StoreServerOptions = {}): Promise<StoreServer> {
  const { host = '127.0.0.1', port = 0, token = randomBytes(32).toString('base64url'), mostBytes = 2 ** 30 } = options
  const { mostBytesAtOnce = mostBytes } = options
  const server = fastify({
    bodyLimit: mostBytes,
    connectionTimeout: IDLE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500 },
  })
  const memory = bounded(mostBytesAtOnce)

  server.removeAllContentTypeParsers()
  server.addContentTypeParser(BYTES, { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  server.addHook('onRequest', async (request, reply) => {
    if (!isToken(request.headers.authorization, token)) return refuse(reply, 401, 'this token is not taken')
    if (request.method !== 'PUT') return
    // What is refused is refused before its bytes come.
    const numBytes = Number(request.headers['content-length'] ?? NaN)
    if (!Number.isSafeInteger(numBytes)) return refuse(reply, 411, 'a body needs its length')
    if (numBytes > mostBytes) return refuse(reply, 413, `it takes blobs of at most ${mostBytes} bytes`)
    const give = memory.take(numBytes)
    if (give === undefined) return refuse(reply, 503, 'it has no memory for more bytes now')
    reply.raw.once('close', give)
  })
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof StoreError) return refuse(reply, 507, error.reason)
    const status = statusOf(error)
    // Of fastify, about what was asked; anything else is a defect, or the store's machine.
    return status < 500 ? refuse(reply, status, reasonOf(error)) : refuse(reply, 500, 'it failed')
  })
  server.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such address'))

  server.route<{ Params: { hash: string } }>({
    method: 'GET',
    url: '/blobs/:hash',
    exposeHeadRoute: false,
    handler: async ({ params: { hash } }, reply) => {
      if (!isHash(hash)) return refuse(reply, 400, 'that is not a SHA-256 in hexadecimal')
      if (!(await store.has(hash))) return refuse(reply, 404, 'it does not have this blob')
      return reply.type(BYTES).send(asBuffer(await store.get(hash, mostBytes)))
    },
  })
  server.head<{ Params: { hash: string } }>('/blobs/:hash', async ({ params: { hash } }, reply) => {
    if (!isHash(hash)) return reply.code(400).send()
    return reply.code((await store.has(hash)) ? 200 : 404).send()
  })
  server.put<{ Params: { hash: string } }>('/blobs/:hash', async (request, reply) => {
    const bytes = bodyOf(request)
    const { hash } = request.params
    if (bytes === undefined || sha256(bytes) !== hash) return refuse(reply, 400, 'the bytes are not those of this hash')
    await store.put(bytes)
    return reply.code(204).send()
  })
  server.delete<{ Params: { hash: string } }>('/blobs/:hash', async ({ params: { hash } }, reply) => {
    if (!isHash(hash)) return refuse(reply, 400, 'that is not a SHA-256 in hexadecimal')
    await store.delete(hash)
    return reply.code(204).send()
  })

  server.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD', 'PUT', 'DELETE'],
    url: '/names/*',
    handler: async (request, reply) => {
      const name = request.params['*']
      try {
        checkKey({ name })
      } catch (error) {
        return refuse(reply, 400, error instanceof Error ? error.message : '')
      }
      if (request.method === 'DELETE') {
        await store.deleteName(name)
        return reply.code(204).send()
      }
      if (request.method === 'PUT') {
        const bytes = bodyOf(request)
        if (bytes === undefined) return refuse(reply, 400, 'there are no bytes')
        if (bytes.length > MOST_NAME_BYTES) return refuse(reply, 413, `a name has at most ${MOST_NAME_BYTES} bytes`)
        await store.writeName(name, bytes)
        return reply.code(204).send()
      }
      const bytes = await store.readName(name)
      if (bytes === undefined) return refuse(reply, 404, 'it does not have this name')
      return request.method === 'HEAD' ? reply.send() : reply.type(BYTES).send(asBuffer(bytes))
    },
  })

  try {
    await server.listen({ host, port })
  } catch (error) {
    throw new UserError(`cannot serve the store at ${host}:${port}: ${reasonOf(error)}`, { cause: error })
  }
  const listening = server.server.address()
  return {
    address: `http://${hostAsReached(host)}:${typeof listening === 'object' && listening !== null ? listening.port : port}`,
    token,
    close: () => server.close(),
  }
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  // Bytes that were not read are still on their way: the connection is of no more use.
  if (status === 401 || status === 411 || status === 413 || status === 503) reply.header('connection', 'close')
  return reply.code(status).type('application/json').send(JSON.stringify({ error }))
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : 500
}

/** Takes as long whatever the token is. */
function isToken(authorization: string | undefined, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${token}`))
}

function bodyOf({ body }: FastifyRequest): Buffer | undefined {
  return Buffer.isBuffer(body) ? body : undefined
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Bytes of memory that are lent. One request is always let in. */
function bounded(most: number): { take: (numBytes: number) => (() => void) | undefined } {
  let lent = 0
  return {
    take(numBytes) {
      if (lent > 0 && lent + numBytes > most) return undefined
      lent += numBytes
      return () => (lent -= numBytes)
    },
  }
}

/** For one that listens on all addresses, the first that is not of this machine alone. */
function hostAsReached(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? hostname()
}
