/** From a Request to a Response, for servers that know no other: Deno, Bun, Hono, Next, workers at the edge. */
import { UserError } from '@gradpool/core'
import { Answers, refused } from '../protocol/answers.js'
import type { Answer } from '../protocol/answer.js'
import { Refusal } from '../protocol/refusal.js'
import { checkWhole } from '../checks.js'
import { MOST_BODY_BYTES, type ServeOptions } from './serve-options.js'

export interface HandlerOptions extends ServeOptions {
  /** The path that the protocol begins at. Default: '/v2'. */
  readonly base?: string
}

/** It never rejects. Any server calls it for paths below `base`; what is elsewhere is answered by 404. */
export function requestHandler({
  base = '/v2',
  mostBodyBytes = MOST_BODY_BYTES,
  ...options
}: HandlerOptions): (request: Request) => Promise<Response> {
  const answers = new Answers(options)
  const most = checkWhole('mostBodyBytes', mostBodyBytes, 1, 2 ** 31)
  return async (request) => {
    try {
      const path = decodeURIComponent(new URL(request.url).pathname)
      if (path !== base && !path.startsWith(`${base}/`)) throw new Refusal(404, `there is nothing but ${base}`)
      const header = (name: string) => request.headers.get(name) ?? undefined
      const body = await bodyOf(request, most)
      return responseOf(await answers.answer({ method: request.method, path: path.slice(base.length), header, body }))
    } catch (error) {
      // A client that goes away, or a path that is no UTF-8.
      const refusal = error instanceof Refusal ? error : new Refusal(400, 'the request could not be read')
      return responseOf(refused(refusal))
    }
  }
}

async function bodyOf(request: Request, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let numBytes = Number(request.headers.get('content-length') ?? 0)
  checkSize(numBytes, most)
  numBytes = 0
  if (request.body) {
    for await (const chunk of request.body) {
      if (!(chunk instanceof Uint8Array)) throw new UserError('a body is bytes')
      numBytes += chunk.length
      checkSize(numBytes, most)
      chunks.push(chunk)
    }
  }
  const [first = new Uint8Array(0)] = chunks
  if (chunks.length <= 1) return first
  const body = new Uint8Array(numBytes)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

function checkSize(numBytes: number, most: number): void {
  if (numBytes > most) throw new Refusal(413, `a body has at most ${most} bytes`)
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers })
}
