/**
 * Who may ask: a token where others than this machine can, and no page of another site. A page that a browser shows
 * here may send requests to this machine, under a name that its owner lets point here (DNS rebinding) or across origins
 * (CSRF): the names of Host and Origin are checked.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { refused } from '../protocol/answers.js'
import { quoted, Refusal } from '../protocol/refusal.js'

export interface GuardOptions {
  /** Names that Host may have, without a port, besides this machine's own; `*` is any, where there is a token. */
  readonly hosts?: readonly string[] | undefined
  /** Asked for as `Authorization: Bearer TOKEN`, or of a browser as the password of any user. */
  readonly token?: string | undefined
  /** The name of a cookie that may have the token, too, for a page that asks for it itself: no browser asks for one. */
  readonly cookie?: string | undefined
  /** Paths that need no token, as those that tell whether a server lives. */
  readonly open?: readonly string[]
}

export interface Caller {
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
  /** The header. */
  readonly cookie?: string | undefined
}

export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** @returns why a caller may not ask; undefined where it may */
export function refusalOf(caller: Caller, { hosts = [], token, cookie, open = [] }: GuardOptions): Refusal | undefined {
  const { path, host = '', origin, authorization = '' } = caller
  const allowed = [...LOOPBACK, ...hosts]
  if (!(token !== undefined && hosts.includes('*')) && !allowed.includes(hostName(host))) {
    return new Refusal(403, `the host ${quoted(host)} is none of ${allowed.join(', ')}`)
  }
  if (origin !== undefined && hostOf(origin) !== host) {
    return new Refusal(403, `pages of ${quoted(origin)} may not ask here`)
  }
  if (token === undefined || open.includes(path) || isToken(authorization, token)) return undefined
  if (cookie !== undefined && isEqual(valueIn(caller.cookie ?? '', cookie), token)) return undefined
  return new Refusal(401, 'a token is needed: Authorization: Bearer TOKEN')
}

/** Refuses whoever may not ask, before anything of the body is read. */
export function addGuard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook('onRequest', ({ url, headers }, reply, next) => {
    const { host, origin, authorization, cookie } = headers
    const [path = ''] = url.split('?')
    const refusal = refusalOf({ path, host, origin, authorization, cookie }, options)
    if (!refusal) {
      next()
      return
    }
    const { status, headers: its, body } = refused(refusal)
    const challenge = options.cookie === undefined ? 'Bearer, Basic realm="gradpool"' : 'Bearer'
    if (status === 401) void reply.header('www-authenticate', challenge)
    void reply.code(status).headers(its).send(body)
  })
}

/** `[::1]:8000` is `[::1]`. */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '')
}

/** With its port, unless that is the scheme's own. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Of the header Cookie; empty where it is not there. */
function valueIn(header: string, name: string): string {
  const pairs = header.split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
}

function isToken(authorization: string, token: string): boolean {
  const [scheme = '', given = ''] = authorization.split(' ')
  const isBasic = scheme.toLowerCase() === 'basic'
  const typed = isBasic
    ? Buffer.from(given, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : given
  return isEqual(typed, token) && (isBasic || scheme.toLowerCase() === 'bearer')
}

/** In a time that tells nothing of the token. */
function isEqual(typed: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(typed), digest(token))
}
