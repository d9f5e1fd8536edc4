/** A proxy before a server, which does to answers what networks and servers do at times. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export type Fault = 'none' | 'error' | 'slow down' | 'cut' | 'changed' | 'silent' | 'reset'

export interface FaultyProxy {
  readonly url: string
  /** What was asked of it: methods and paths. */
  readonly asked: readonly string[]
  /** What comes of the next requests, in turn; after them, `always`. */
  next: Fault[]
  always: Fault
}

export async function faultyProxy(target: string): Promise<FaultyProxy> {
  const asked: string[] = []
  const state = { next: [] as Fault[], always: 'none' as Fault }
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`)
    const fault = state.next.shift() ?? state.always
    if (fault === 'silent') return
    if (fault === 'reset') incoming.socket.resetAndDestroy()
    else if (fault === 'error' || fault === 'slow down') {
      incoming.resume()
      outgoing.writeHead(fault === 'error' ? 500 : 503).end()
    } else pass(incoming, outgoing, target, fault)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return Object.assign(state, { url: `http://127.0.0.1:${port}`, asked })
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, target: string, fault: Fault): void {
  const { method, url, headers } = incoming
  const behind = request(new URL(url ?? '', target), { method, headers }, (answer) => {
    const parts: Buffer[] = []
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('end', () => {
      const body = Buffer.concat(parts)
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fault === 'cut' && body.length > 1) {
        outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy())
        return
      }
      if (fault === 'changed' && body.length > 0) body[0] = (body[0] ?? 0) ^ 1
      outgoing.end(body)
    })
  })
  behind.on('error', () => outgoing.destroy())
  incoming.pipe(behind)
}
