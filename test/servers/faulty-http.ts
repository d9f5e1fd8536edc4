/** A proxy before a server of HTTP, which at random does to requests what servers and networks do at times. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

const FAULTS = ['error', 'busy', 'reset', 'cut', 'lost'] as const

export interface FaultyHttp {
  readonly port: number
  /** How many requests in all, and how many had a fault. */
  readonly counts: { all: number; faults: number }
  /** Of requests, those that have a fault. */
  rate: number
  readonly stop: () => void
}

export async function startFaultyHttp(to: number, random: () => number, rate: number): Promise<FaultyHttp> {
  const state = { rate, counts: { all: 0, faults: 0 } }
  const server = createServer((incoming, outgoing) => {
    state.counts.all++
    const isFault = random() < state.rate
    const fault = isFault ? FAULTS[Math.floor(FAULTS.length * random())] : undefined
    if (isFault) state.counts.faults++
    if (fault === 'reset') incoming.socket.resetAndDestroy()
    else if (fault === 'error' || fault === 'busy') {
      incoming.resume()
      outgoing.writeHead(fault === 'error' ? 500 : 503).end()
    } else pass(incoming, outgoing, to, fault)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return Object.assign(state, {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  })
}

/** Of an answer it may cut the second half, or lose all: the server did what it was asked to. */
function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number, fault: 'cut' | 'lost' | undefined) {
  const { method, url, headers } = incoming
  const behind = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    const parts: Buffer[] = []
    answer.on('error', () => outgoing.destroy())
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('end', () => {
      const body = Buffer.concat(parts)
      if (fault === 'lost') {
        outgoing.destroy()
        return
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fault === 'cut' && body.length > 1)
        outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy())
      else outgoing.end(body)
    })
  })
  behind.on('error', () => outgoing.destroy())
  incoming.pipe(behind)
}
