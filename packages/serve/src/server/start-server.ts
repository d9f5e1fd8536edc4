/** The server of `gradpool serve`: models from files, the protocol, a page of what can be asked, metrics. */
import { randomBytes } from 'node:crypto'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { UserError } from '@gradpool/core'
import { ownVersion } from '@gradpool/trainer'
import { fastify, type FastifyInstance } from 'fastify'
import { addGuard } from '../http/guard.js'
import { hostsOf, isOwn, listen } from '../http/listen.js'
import { type PluginOptions, servePlugin } from '../http/plugin.js'
import { openApi } from '../protocol/open-api.js'
import { Metrics } from './metrics.js'
import { type ModelFile, openModels, type OpenModels, type OpenOptions, type Reload } from './open-models.js'

export interface ServerOptions
  extends
    Omit<OpenOptions, 'onBatch'>,
    Pick<PluginOptions, 'mostRows' | 'mostBodyBytes' | 'mostBytesAtOnce' | 'onError'> {
  readonly files: readonly ModelFile[]
  /** Who can reach it. Default: '127.0.0.1', this machine alone. */
  readonly host?: string
  /** Default: 8000; 0 is any that is free. */
  readonly port?: number
  /** What each request must have. Default: none on this machine alone, else one of random bytes. */
  readonly token?: string
  /** Further names that the header Host may have, as of a proxy. */
  readonly hosts?: readonly string[]
  readonly onReload?: (reload: Reload) => void
}

export interface Server {
  /** `http://127.0.0.1:8000` */
  readonly address: string
  readonly token: string | undefined
  readonly models: OpenModels
  /**
   * Stops: says that it is not ready, takes no more connections, answers what was asked, and closes what has not ended
   * after so many milliseconds.
   */
  close(patience?: number): Promise<void>
}

const REQUEST_TIMEOUT_MS = 60_000
const PATIENCE_MS = 30_000
/** Connections that become idle while the server stops are closed so often. */
const CLOSE_IDLE_MS = 50

/** They tell who watches the server that it lives, and nothing of the models. */
const OPEN = ['/v2/health/live', '/v2/health/ready']

/** Of Swagger UI's own sheet, which it writes into the page. */
const PAGE_STYLE = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"

/** Of the page: nothing from elsewhere, and no code but its own files. */
const PAGE_POLICY = `default-src 'self'; img-src 'self' data:; style-src 'self' ${PAGE_STYLE}; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** @throws UserError with one sentence, for models that cannot be loaded, or an address that cannot be had */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { files, host = '127.0.0.1', port = 8000, hosts = [], onReload, ...others } = options
  const token = options.token ?? (isOwn(host) ? undefined : randomBytes(24).toString('base64url'))
  if (token === '') throw new UserError('a token is not empty')
  const metrics = new Metrics()
  const models = await openModels(files, {
    ...others,
    onBatch: (model, batch) => metrics.computed(model, batch),
    onReload: (reload) => {
      metrics.reloaded(reload)
      onReload?.(reload)
    },
  })
  metrics.watch(models)
  let isStopping = false
  let address: string
  const app = fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1000 },
  })
  try {
    addGuard(app, { token, open: OPEN, hosts: [...hosts, ...hostsOf(host)] })
    await app.register(servePlugin, {
      ...others,
      models,
      isReady: () => !isStopping,
      onAnswer: (answered) => metrics.answered(answered),
    })
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
    await addPage(app, () => openApi(models, { version: ownVersion(), hasToken: token !== undefined }))
    app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is nothing here: see /docs' }))
    address = await listen(app, host, port)
  } catch (error) {
    await app.close()
    await models.dispose()
    throw error
  }
  return {
    address,
    token,
    models,
    async close(patience = PATIENCE_MS) {
      isStopping = true
      const idle = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_MS)
      const late = setTimeout(() => app.server.closeAllConnections(), patience)
      await app.close()
      clearInterval(idle)
      clearTimeout(late)
      await models.dispose()
      metrics.end()
    },
  }
}

async function addPage(app: FastifyInstance, describe: () => object): Promise<void> {
  // Of which `describe` takes the place.
  const document = { openapi: '3.1.0', info: { title: 'Gradpool', version: ownVersion() }, paths: {} }
  await app.register(swagger, { mode: 'static', specification: { document } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    // Nothing is sent elsewhere to be checked.
    uiConfig: { layout: 'BaseLayout', validatorUrl: null },
    // As the models are when somebody looks.
    transformSpecification: describe,
    transformSpecificationClone: false,
  })
  app.get('/', (_request, reply) => reply.redirect('/docs'))
  app.get('/openapi.json', (_request, reply) => reply.send(describe()))
}
