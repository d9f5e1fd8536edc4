/**
 * Server-Sent Events to one browser. Nothing is queued for one that does not read: while its connection is full,
 * nothing is sent, and it hears when there is room again.
 */
import type { FastifyReply } from 'fastify'

/** So often something is sent, so that a connection that is gone is noticed. */
const BEAT_MS = 20_000

export class EventStream {
  readonly #reply: FastifyReply
  readonly #beat: NodeJS.Timeout
  #isFull = false

  /** The reply's headers are sent. */
  constructor(reply: FastifyReply) {
    this.#reply = reply
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    reply.raw.flushHeaders()
    reply.raw.on('error', () => reply.raw.destroy())
    this.#beat = setInterval(() => {
      if (!this.#isFull) this.#write(':\n\n')
    }, BEAT_MS).unref()
    this.onClose(() => clearInterval(this.#beat))
  }

  get isOpen(): boolean {
    return !this.#reply.raw.destroyed && !this.#reply.raw.writableEnded
  }

  /** @returns whether it was sent; not where the browser does not read */
  send(name: string, data?: unknown): boolean {
    if (this.#isFull || !this.isOpen) return false
    this.#write(`event: ${name}\ndata: ${data === undefined ? '' : JSON.stringify(data)}\n\n`)
    return true
  }

  /** Once more than the connection takes was sent, and it has taken that. */
  onRoom(listener: () => void): void {
    this.#reply.raw.on('drain', () => {
      this.#isFull = false
      listener()
    })
  }

  /** The browser asks again, and is told why it gets nothing. */
  end(): void {
    this.#reply.raw.end()
  }

  onClose(listener: () => void): void {
    this.#reply.raw.once('close', listener)
  }

  #write(text: string): void {
    this.#isFull = !this.#reply.raw.write(text)
  }
}
