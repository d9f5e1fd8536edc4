/** The server of `gradpool dashboard`: the page, and what it asks for. */
import { createHash, randomBytes } from 'node:crypto'
import { UserError } from '@gradpool/core'
import { addGuard, hostsOf, isOwn, listen, Refusal } from '@gradpool/serve/fastify'
import { ownVersion } from '@gradpool/trainer'
import { fastify, type FastifyError, type FastifyInstance } from 'fastify'
import type { About, QueueTold, Refused } from '../api.js'
import { type FindNeighbours, ImageModels, type ModelFile } from '../drawing/image-models.js'
import { FollowedRuns } from '../watching/followed-runs.js'
import { WatchedList } from '../watching/watched-list.js'
import { addCurveRoutes } from './curve-routes.js'
import { addModelRoutes } from './model-routes.js'
import { readPageFiles, servePage } from './page-files.js'
import { resumeRun } from './resume-run.js'
import { addRunRoutes } from './run-routes.js'

export interface DashboardOptions {
  /** Where run directories are. */
  readonly runs: string
  /** Who can reach it. Default: '127.0.0.1', this machine alone. */
  readonly host?: string | undefined
  /** Default: 8100; 0 is any that is free. */
  readonly port?: number | undefined
  /** What each request must have. Default: none on this machine alone, else one of random bytes. */
  readonly token?: string | undefined
  /** Further names that the header Host may have, as of a proxy. */
  readonly hosts?: readonly string[] | undefined
  /** The program and arguments that go on with the run of a directory. Default: runs are not resumed from here. */
  readonly resumeCommand?: ((directory: string) => readonly string[]) | undefined
  /** What is in a queue. Default: there is none. */
  readonly queue?: (() => Promise<QueueTold>) | undefined
  /** Models besides those of runs. */
  readonly models?: readonly ModelFile[] | undefined
  /** Default: no neighbours are shown. */
  readonly neighbours?: FindNeighbours | undefined
  /** What was not to happen, such as a defect; the page is told no more than that. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface Dashboard {
  /** `http://127.0.0.1:8100` */
  readonly address: string
  readonly token: string | undefined
  /** Ends at once; what follows a run loses its connection. */
  close(): Promise<void>
}

const MOST_BODY_BYTES = 2 ** 16

/** Nothing is loaded from elsewhere, nothing but the page's own files runs, and no other page has it inside. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** @throws UserError with one sentence, for an address that cannot be had */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { runs, host = '127.0.0.1', port = 8100, hosts = [], resumeCommand, queue } = options
  const token = options.token ?? (isOwn(host) ? undefined : randomBytes(32).toString('base64url'))
  if (token === '') throw new UserError('a token is not empty')
  const cookie = token === undefined ? undefined : cookieOf(token)
  const list = new WatchedList(runs)
  const followed = new FollowedRuns(resumeCommand !== undefined)
  const models = new ImageModels({ list, files: options.models ?? [], neighbours: options.neighbours })
  const files = await readPageFiles()
  const app = fastify({
    bodyLimit: MOST_BODY_BYTES,
    // Who follows a run never ends its request.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 300 },
  })
  app.addHook('onRequest', (_request, reply, next) => {
    void reply.headers(HEADERS)
    next()
  })
  // The page asks for the token itself, and has nothing but its own files without.
  addGuard(app, { token, cookie, open: files.map(({ path }) => path), hosts: [...hosts, ...hostsOf(host)] })
  answerErrors(app, options.onError)
  app.removeContentTypeParser('text/plain')
  servePage(app, files)
  const about: About = {
    version: ownVersion(),
    folder: runs,
    hasQueue: queue !== undefined,
    canResume: resumeCommand !== undefined,
  }
  app.get('/api/about', () => about)
  app.post('/api/session', (_request, reply) => {
    if (cookie !== undefined) {
      void reply.header('set-cookie', `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/`)
    }
    return reply.code(204).send()
  })
  addRunRoutes(app, {
    list,
    followed,
    resume: resumeCommand && ((directory) => resumeRun(directory, resumeCommand(directory))),
  })
  addCurveRoutes(app, list)
  addModelRoutes(app, models)
  app.get('/api/queue', async (): Promise<QueueTold> => {
    if (queue === undefined) throw new Refusal(404, 'there is no queue: `gradpool dashboard --queue` names one')
    try {
      return await queue()
    } catch (error) {
      // What was asked for is right; the queue is not there, or not any more.
      throw error instanceof UserError ? new Refusal(503, error.message) : error
    }
  })
  const close = async () => {
    await app.close()
    list.close()
    await models.dispose()
  }
  try {
    return { address: await listen(app, host, port), token, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Cookies of a name are shared by all ports of a host: each dashboard has its own. */
function cookieOf(token: string): string {
  return `gradpool-${createHash('sha256').update(`cookie ${token}`).digest('hex').slice(0, 8)}`
}

function answerErrors(app: FastifyInstance, onError: (error: unknown) => void = () => undefined): void {
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'there is nothing here' } satisfies Refused),
  )
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const told = (status: number, sentence: string) => reply.code(status).send({ error: sentence } satisfies Refused)
    if (error instanceof Refusal) return told(error.status, error.message)
    if (error instanceof UserError) return told(400, error.message)
    const { statusCode = 500 } = error
    if (statusCode < 500) return told(statusCode, 'the request could not be read')
    onError(error)
    return told(500, 'this failed: the terminal of `gradpool dashboard` says why')
  })
}
