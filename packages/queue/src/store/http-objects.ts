/** Objects of a store that another process serves over HTTP: see store-server.ts. */
import { UserError } from '@gradpool/core'
import { type Check, hasFields, isText } from '@gradpool/storage'
import { HTTP_LIMITS, httpClient, type HttpAnswer, type HttpLimits, type HttpRequest } from './http-request.js'
import { type ObjectKey, type ObjectStore, storeError, StoreError, titleOf } from './object-store.js'
import { RETRIES, type RetryRule, TemporaryFailure, withRetries } from './retries.js'

export interface HttpStoreOptions {
  readonly token: string
  readonly retries?: RetryRule
  readonly limits?: HttpLimits
}

/** To ask costs as much as to send so few bytes. */
const ASKS_FROM_BYTES = 65_536

export function httpObjects(
  url: string,
  { token, retries = RETRIES, limits = HTTP_LIMITS }: HttpStoreOptions,
): ObjectStore {
  const root = new URL(url)
  if (root.username !== '' || root.password !== '' || root.search !== '' || root.hash !== '') {
    throw new UserError(`the address of a store is http://HOST:PORT alone; its token is given apart`)
  }
  if (!/^[\w.~+/=-]{1,512}$/.test(token)) throw new UserError(`the token of the store ${root.origin} is none`)
  const base = root.href.replace(/\/$/, '')
  const client = httpClient(limits)

  async function send(
    key: ObjectKey,
    what: string,
    request: Pick<HttpRequest, 'method' | 'body' | 'most'>,
  ): Promise<HttpAnswer> {
    const path = 'blob' in key ? `/blobs/${key.blob}` : `/names/${key.name}`
    const type = request.body === undefined ? {} : { 'content-type': 'application/octet-stream' }
    const headers = { authorization: `Bearer ${token}`, ...type }
    try {
      return await withRetries(retries, () => client.send({ ...request, url: new URL(base + path), headers }))
    } catch (error) {
      throw asStoreError(error, `${what} ${titleOf(key)}`, base, retries)
    }
  }

  return {
    address: base,
    asksFromBytes: ASKS_FROM_BYTES,
    async read(key, most) {
      const { status, body } = await send(key, 'cannot read', { method: 'GET', most })
      if (status === 200) return body
      if (status === 404) return undefined
      throw refused(`cannot read ${titleOf(key)}`, base, status, body)
    },
    async write(key, bytes) {
      const { status, body } = await send(key, 'cannot write', { method: 'PUT', body: bytes })
      if (status !== 204) throw refused(`cannot write ${titleOf(key)}`, base, status, body)
    },
    async has(key) {
      const { status, body } = await send(key, 'cannot look for', { method: 'HEAD' })
      if (status === 200 || status === 404) return status === 200
      throw refused(`cannot look for ${titleOf(key)}`, base, status, body)
    },
    async delete(key) {
      const { status, body } = await send(key, 'cannot delete', { method: 'DELETE' })
      if (status !== 204) throw refused(`cannot delete ${titleOf(key)}`, base, status, body)
    },
    close: () => {
      client.close()
      return Promise.resolve()
    },
  }
}

/** What the transport threw, in one sentence. */
export function asStoreError(error: unknown, what: string, address: string, { tries }: RetryRule): unknown {
  if (error instanceof StoreError) return storeError(what, address, error.message, error)
  if (!(error instanceof TemporaryFailure)) return error
  const times = tries === 1 ? '' : `, tried ${tries} times`
  return storeError(what, address, error.message + times, error)
}

function refused(what: string, address: string, status: number, body: Uint8Array): StoreError {
  const reason = status === 401 ? 'it does not take this token' : reasonIn(body)
  return storeError(what, address, reason ?? `it answered with ${status}`)
}

const isReason: Check = (value) => isText(value) && value.length <= 1000

/** What the server's answer says of it. */
function reasonIn(body: Uint8Array): string | undefined {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body))
    return hasFields(answer, { error: isText }) && isReason(answer.error) ? answer.error : undefined
  } catch {
    return undefined
  }
}
