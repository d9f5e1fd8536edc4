/**
 * One request over HTTP: bounded in what it takes, and in how long nothing may happen. Node's `fetch` has no limit of
 * time for an upload that stands still, so this is on `node:http`, whose sockets have.
 */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { codeOf, messageOf } from '@gradpool/storage'
import { StoreError } from './object-store.js'
import { TemporaryFailure } from './retries.js'

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** More bytes of an answer that is not an error are refused before they are read. */
  readonly most?: number
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

export interface HttpClient {
  /**
   * @throws TemporaryFailure where no whole answer comes, or one that says that another time will do
   * @throws StoreError where the answer has too many bytes
   */
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>
  readonly close: () => void
}

export interface HttpLimits {
  /** The longest time in which no byte goes or comes. */
  readonly idleMs: number
  /** Connections at once; more requests wait. */
  readonly connections: number
}

export const HTTP_LIMITS: HttpLimits = { idleMs: 30_000, connections: 16 }

/** A request may take as long in all, and longer by its bytes at this rate. */
const MOST_MS = 300_000
const LEAST_BYTES_PER_MS = 100
/** Timers of Node's take no more. */
const MOST_TIMER_MS = 2 ** 31 - 1
/** Of answers that tell of an error. */
const MOST_ERROR_BYTES = 16_384
const FOR_NOW = new Set([408, 425, 429, 500, 502, 503, 504])
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was broken',
  EPIPE: 'the connection was broken',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'it does not answer',
}

export function httpClient({ idleMs, connections }: HttpLimits = HTTP_LIMITS): HttpClient {
  const options = { keepAlive: true, maxSockets: connections }
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) }
  return {
    send: (request) => {
      const isSecure = request.url.protocol === 'https:'
      return send(request, idleMs, isSecure ? agents.https : agents.http, isSecure ? requestHttps : requestHttp)
    },
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

function send(
  { method, url, headers, body, most = 0 }: HttpRequest,
  idleMs: number,
  agent: HttpAgent,
  start: typeof requestHttp,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': `${body.length}` }
    const request = start(url, { method, agent, headers: { ...headers, ...length } })
    // Also for what comes a byte at a time.
    const wholeMs = Math.min(MOST_MS + (body?.length ?? most) / LEAST_BYTES_PER_MS, MOST_TIMER_MS)
    const fail = (error: unknown) => {
      reject(asFailure(error))
      request.destroy()
    }
    const stop = () => {
      fail(new TemporaryFailure(`nothing came for ${idleMs / 1000} s`))
    }
    const giveUp = () => {
      fail(new TemporaryFailure(`it took longer than ${Math.round(wholeMs / 1000)} s`))
    }
    const timers: NodeJS.Timeout[] = []
    request.once('socket', (socket) => {
      timers.push(setTimeout(giveUp, wholeMs))
      if (!socket.connecting) return
      const connecting = setTimeout(stop, idleMs)
      timers.push(connecting)
      socket.once('connect', () => {
        clearTimeout(connecting)
      })
    })
    request.setTimeout(idleMs, stop)
    request.on('error', fail)
    request.once('close', () => {
      timers.forEach(clearTimeout)
    })
    request.once('response', (response) => {
      read(response, method, most).then(resolve, fail)
    })
    request.end(body)
  })
}

async function read(response: IncomingMessage, method: string, most: number): Promise<HttpAnswer> {
  const { headers, statusCode: status = 0 } = response
  const isError = status >= 300
  const limit = isError ? MOST_ERROR_BYTES : most
  const told = Number(headers['content-length'] ?? NaN)
  if (method !== 'HEAD' && !isError && told > most) {
    throw new StoreError(`it has ${told} bytes, and ${most} is the most that are read`)
  }
  const parts: Buffer[] = []
  let numBytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    numBytes += part.length
    if (numBytes > limit) {
      if (isError) break
      throw new StoreError(`it has more than ${most} bytes, the most that are read`)
    }
    parts.push(part)
  }
  if (FOR_NOW.has(status)) throw new TemporaryFailure(`it answered with ${status}`)
  const body = Buffer.concat(parts)
  if (method !== 'HEAD' && !isError && Number.isFinite(told) && body.length !== told) {
    throw new TemporaryFailure('its answer was cut short')
  }
  return { status, headers, body }
}

function asFailure(error: unknown): Error {
  if (error instanceof StoreError || error instanceof TemporaryFailure) return error
  const code = codeOf(error)
  const reason = typeof code === 'string' ? REASONS[code] : undefined
  return new TemporaryFailure(reason ?? messageOf(error), { cause: error })
}
