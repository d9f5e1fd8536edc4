/** The server of `gradpool dashboard`: the page, and what it asks for. */
import fastifyStatic from '@fastify/static'
import { fastify } from 'fastify'
import { fileURLToPath } from 'node:url'

export interface DashboardOptions {
  /** Where run directories are. */
  readonly runs: string
  /** Who can reach it. Default: '127.0.0.1', this machine alone. */
  readonly host?: string
  /** Default: 8100; 0 is any that is free. */
  readonly port?: number
}

export interface Dashboard {
  /** `http://127.0.0.1:8100` */
  readonly address: string
  readonly token: string | undefined
  close(): Promise<void>
}

/** @throws UserError with one sentence, for an address that cannot be had */
export async function startDashboard({ host = '127.0.0.1', port = 8100 }: DashboardOptions): Promise<Dashboard> {
  const app = fastify()
  // `tools/bundle.mjs` makes these files.
  const own = import.meta.url.endsWith('.ts') ? '../../dist/page/' : './page/'
  await app.register(fastifyStatic, { root: fileURLToPath(new URL(own, import.meta.url)), index: ['index.html'] })
  const address = await app.listen({ host, port })
  return { address, token: undefined, close: () => app.close() }
}
