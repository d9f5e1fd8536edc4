/** Where a server listens. */
import { UserError } from '@gradpool/core'
import type { FastifyInstance } from 'fastify'
import { LOOPBACK } from './guard.js'

/** Whether an address is one that this machine alone reaches. */
export function isOwn(host: string): boolean {
  return LOOPBACK.includes(host) || host === '::1'
}

/** Names that Host may have for who reaches a server at this address. */
export function hostsOf(host: string): readonly string[] {
  return [['0.0.0.0', '::'].includes(host) ? '*' : inUrl(host)]
}

/**
 * @returns its address, such as `http://127.0.0.1:8000`
 * @throws UserError with one sentence, for an address that cannot be had
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port })
    const bound = app.server.address()
    return `http://${inUrl(host)}:${typeof bound === 'object' ? (bound?.port ?? 0) : 0}`
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (typeof code !== 'string') throw cause
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another program listens there',
      EACCES: 'this user may not listen there',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'there is no such name',
    }
    throw new UserError(`the server cannot listen on ${host}, port ${port}: ${reasons[code] ?? code}`, { cause })
  }
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)
