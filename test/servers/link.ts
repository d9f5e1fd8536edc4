/** A link between machines that can be cut: a relay of TCP that then passes nothing on, and says nothing of it. */
import { connect, createServer, type Socket } from 'node:net'

export interface Link {
  readonly port: number
  /** From now on no byte goes through, in no connection. */
  readonly cut: () => void
  readonly mend: () => void
  readonly stop: () => void
}

/** @param to a port of this machine */
export async function startLink(to: number, host = '127.0.0.1'): Promise<Link> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    const behind = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.on('data', (bytes) => {
        if (!other.write(bytes)) one.pause()
      })
      other.on('drain', () => {
        if (!isCut) one.resume()
      })
      if (isCut) one.pause()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    mend: () => {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
