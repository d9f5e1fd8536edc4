/**
 * Tells over HTTP how a worker is, for Prometheus and for whoever starts it again:
 *
 *   GET /metrics    what it counts
 *   GET /livez      200 while the process answers
 *   GET /readyz     200 while it takes jobs, else 503 with the reason
 *
 * Nothing can be asked of it, and it has no secrets; what it tells is for whoever reaches it.
 */
import { UserError } from '@gradpool/core'
import { reasonOf } from '@gradpool/storage'
import { fastify } from 'fastify'
import type { WorkerMetrics } from './worker-metrics.js'

export interface Listen {
  readonly host: string
  readonly port: number
}

export interface MetricsServer {
  /** `http://HOST:PORT` */
  readonly address: string
  close(): Promise<void>
}

/**
 * @param unready why the worker takes no jobs, in a few words; undefined while it does
 * @throws UserError where it cannot listen there
 */
export async function serveMetrics(
  metrics: WorkerMetrics,
  { host, port }: Listen,
  unready: () => string | undefined,
): Promise<MetricsServer> {
  const server = fastify({ forceCloseConnections: true })
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  server.get('/livez', (_request, reply) => reply.type('text/plain').send('ok\n'))
  server.get('/readyz', (_request, reply) => {
    const why = unready()
    return reply
      .code(why === undefined ? 200 : 503)
      .type('text/plain')
      .send(`${why ?? 'ok'}\n`)
  })
  try {
    return { address: await server.listen({ host, port }), close: () => server.close() }
  } catch (error) {
    throw new UserError(`cannot tell of metrics at ${host}:${port}: ${reasonOf(error)}`, { cause: error })
  }
}
