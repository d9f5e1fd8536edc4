/**
 * The events that wait for a sink: so many at most, and so many bytes. A sink that fails is left alone from then on.
 */
import { nextTurn } from '@gradpool/core/engine'
import type { LogEvent, Sink } from './sink.js'

const MOST_EVENTS = 4096
const MOST_BYTES = 2 ** 26

export class SinkQueue {
  readonly #sink: Sink
  readonly #warn: (message: string) => void
  #events: LogEvent[] = []
  #bytes = 0
  #lost = 0
  #hasFailed = false
  #draining: Promise<void> | undefined

  constructor(sink: Sink, warn: (message: string) => void) {
    this.#sink = sink
    this.#warn = warn
  }

  get weightsEvery(): Sink['weightsEvery'] {
    return this.#sink.weightsEvery
  }

  /** Where it is full, weights are left out first, then the event; its beginning and its end never are. */
  push(told: LogEvent): void {
    if (this.#hasFailed) return
    let event = told
    if (this.#bytes + bytesIn(event) > MOST_BYTES && 'weights' in event) {
      event = { ...event, weights: {} }
      this.#lost++
    }
    const isFull = this.#events.length >= MOST_EVENTS || this.#bytes + bytesIn(event) > MOST_BYTES
    if (isFull && event.type !== 'started' && event.type !== 'ended') {
      this.#lost++
      return
    }
    this.#events.push(event)
    this.#bytes += bytesIn(event)
    this.#draining ??= this.#drain()
  }

  /** Fulfilled when all is written, or after so long. Never rejects. */
  async close(waitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, waitMs, 'late')))
    const outcome = await Promise.race([this.#finish(), late])
    clearTimeout(timer)
    if (outcome === 'late') this.#fail(`it took longer than ${waitMs / 1000} s to write what was left`)
    if (this.#lost > 0)
      this.#warn(`${this.#sink.name} is slower than the training: ${this.#lost} entries were left out`)
  }

  async #finish(): Promise<void> {
    await this.#draining
    try {
      await this.#sink.close?.()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #drain(): Promise<void> {
    // The training goes on first.
    await nextTurn()
    try {
      for (let event; (event = this.#events.shift()) !== undefined;) {
        this.#bytes -= bytesIn(event)
        await this.#sink.write(event)
        if (this.#events.length === 0) await this.#sink.flush?.()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#draining = undefined
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#events = []
    const reason = error instanceof Error ? error.message : String(error)
    this.#warn(`the log to ${this.#sink.name} ends here, and the training goes on: ${reason}`)
  }
}

function bytesIn(event: LogEvent): number {
  if (event.type === 'image') return event.image.bytes.length
  if (event.type === 'file') return event.contents.length
  if (!('weights' in event)) return 0
  return Object.values(event.weights).reduce((sum, { byteLength }) => sum + byteLength, 0)
}
