/**
 * Tells sinks of trainings, each by its name, and of the CPU and the memory that the process takes. No training waits
 * for a sink before its end.
 */
import { SinkQueue } from './sink-queue.js'
import type { LogEvent, LogItem, Sink, TrainingEnd } from './sink.js'
import { usageMeter, usageWait, type Usage } from './usage.js'

/** How long the end of a training waits for its log. */
const CLOSE_MS = 15_000

export interface SinkFeedOptions {
  readonly sinks: readonly Sink[]
  /** Told in one sentence of what is lost. */
  readonly warn: (message: string) => void
  /** Told of what the process takes from time to time, whether or not there are sinks. */
  readonly onUsage?: (usage: Usage) => void
  /** How long `close` waits. Default: 15 s. */
  readonly closeMs?: number
}

export class SinkFeed {
  readonly #queues: readonly SinkQueue[]
  readonly #closeMs: number
  /** Those in progress, with their last epoch. */
  readonly #open = new Map<string, number>()
  readonly #began = performance.now()
  readonly #usage = usageMeter()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor({ sinks, warn, onUsage, closeMs = CLOSE_MS }: SinkFeedOptions) {
    this.#queues = sinks.map((sink) => new SinkQueue(sink, warn))
    this.#closeMs = closeMs
    const own = onUsage && usageMeter()
    if (sinks.length === 0 && own === undefined) return
    const wait = () => {
      this.#timer = setTimeout(
        () => {
          this.#tellUsage()
          if (own) onUsage(own())
          wait()
        },
        usageWait(performance.now() - this.#began),
      )
      if (typeof this.#timer === 'object') this.#timer.unref()
    }
    if (this.#usage) wait()
  }

  get isEmpty(): boolean {
    return this.#queues.length === 0
  }

  /** Whether a sink wants the weights after this epoch, or at the end. */
  wantsWeights(after: number | 'end'): boolean {
    return this.#queues.some(({ weightsEvery: every }) =>
      after === 'end' ? every !== undefined : typeof every === 'number' && after % every === 0,
    )
  }

  /** A training that begins again after a failure goes on in the log; epochs that were told are not told again. */
  tell(training: string, item: LogItem): void {
    if (this.isEmpty) return
    const last = this.#open.get(training)
    if (item.type === 'started') {
      if (last !== undefined) return
      this.#open.set(training, 0)
    }
    if (item.type === 'epoch') {
      if (item.row.epoch <= (last ?? 0)) return
      this.#open.set(training, item.row.epoch)
    }
    if (item.type === 'ended') {
      this.#tellUsage()
      this.#open.delete(training)
    }
    const event: LogEvent = { ...item, training, time: Date.now() }
    for (const queue of this.#queues) queue.push(event)
  }

  /** Ends what is in progress. Never rejects. */
  async close(status: TrainingEnd): Promise<void> {
    for (const [training, epoch] of this.#open) this.tell(training, { type: 'ended', status, epoch, test: null })
    clearTimeout(this.#timer)
    await Promise.all(this.#queues.map((queue) => queue.close(this.#closeMs)))
  }

  #tellUsage(): void {
    if (this.#open.size === 0 || this.#usage === undefined) return
    const { cores, memoryBytes } = this.#usage()
    const seconds = (performance.now() - this.#began) / 1000
    for (const training of this.#open.keys()) this.tell(training, { type: 'usage', seconds, cores, memoryBytes })
  }
}
