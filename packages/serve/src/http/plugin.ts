/** The protocol as a plugin of Fastify, below `/v2` of where it is registered. */
import type { FastifyError, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { checkWhole } from '../checks.js'
import { type Answer } from '../protocol/answer.js'
import { Answers, refused } from '../protocol/answers.js'
import { Refusal } from '../protocol/refusal.js'
import { MOST_BODY_BYTES, type ServeOptions } from './serve-options.js'

export interface PluginOptions extends ServeOptions {
  /** Of all bodies that are received at the same time, at most: others are refused. Default: 256 MiB. */
  readonly mostBytesAtOnce?: number
}

const MOST_BYTES_AT_ONCE = 2 ** 28

/**
 *     await app.register(servePlugin, { models: new Map([['digits', predictor(model)]]) })
 */
export const servePlugin: FastifyPluginCallback<PluginOptions> = (app, options, done) => {
  const { mostBodyBytes = MOST_BODY_BYTES, mostBytesAtOnce = MOST_BYTES_AT_ONCE, ...others } = options
  const answers = new Answers(others)
  const bodyLimit = checkWhole('mostBodyBytes', mostBodyBytes, 1, 2 ** 31)
  const most = checkWhole('mostBytesAtOnce', mostBytesAtOnce, bodyLimit, Number.MAX_SAFE_INTEGER)
  let bytesAtOnce = 0

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, taken) => taken(null, body))
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    send(reply, refused(refusalOf(error, bodyLimit)))
  })
  app.addHook('onRequest', (request, reply, next) => {
    const bytes = Math.min(bodyBytes(request, bodyLimit), bodyLimit)
    if (bytesAtOnce + bytes > most) {
      void reply.header('retry-after', '1')
      next(new Refusal(429, `bodies of ${most} bytes are received already: ask again in a moment`))
      return
    }
    bytesAtOnce += bytes
    reply.raw.once('close', () => (bytesAtOnce -= bytes))
    next()
  })
  const answer = async (request: FastifyRequest<{ Params: { '*'?: string } }>, reply: FastifyReply) => {
    const { method, params, headers, body } = request
    const rest = params['*']
    return send(
      reply,
      await answers.answer({
        method,
        path: rest === undefined ? '' : `/${rest}`,
        header: (name) => headers[name]?.toString(),
        body: body instanceof Uint8Array ? body : new Uint8Array(0),
      }),
    )
  }
  app.all('/v2', answer)
  app.all('/v2/*', answer)
  done()
}

function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** As the request says; the most where it does not. */
function bodyBytes({ headers }: FastifyRequest, most: number): number {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : most
}

/** What Fastify itself refuses. */
function refusalOf(error: FastifyError, bodyLimit: number): Refusal {
  if (error instanceof Refusal) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Refusal(413, `a body has at most ${bodyLimit} bytes`)
  const { statusCode = 400 } = error
  return new Refusal(statusCode, 'the request could not be read')
}
