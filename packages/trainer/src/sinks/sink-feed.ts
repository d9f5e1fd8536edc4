/** Tells sinks of trainings, each by its name. No training waits for a sink before its end. */
import { nodeProcess } from '@gradpool/core/node-module'
import { SinkQueue } from './sink-queue.js'
import type { LogEvent, LogItem, Sink, TrainingEnd } from './sink.js'

const USAGE_MS = 10_000
/** How long the end of a training waits for its log. */
const CLOSE_MS = 15_000

export interface SinkFeedOptions {
  readonly sinks: readonly Sink[]
  /** Told in one sentence of what is lost. */
  readonly warn: (message: string) => void
  /** How long `close` waits. Default: 15 s. */
  readonly closeMs?: number
}

export class SinkFeed {
  readonly #queues: readonly SinkQueue[]
  readonly #closeMs: number
  /** Those in progress, with their last epoch. */
  readonly #open = new Map<string, number>()
  readonly #usage: UsageMeter | undefined
  readonly #timer: ReturnType<typeof setInterval> | undefined

  constructor({ sinks, warn, closeMs = CLOSE_MS }: SinkFeedOptions) {
    this.#queues = sinks.map((sink) => new SinkQueue(sink, warn))
    this.#closeMs = closeMs
    if (sinks.length === 0) return
    this.#usage = usageMeter()
    if (this.#usage === undefined) return
    this.#timer = setInterval(() => this.#tellUsage(), USAGE_MS)
    if (typeof this.#timer === 'object') this.#timer.unref()
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
    clearInterval(this.#timer)
    await Promise.all(this.#queues.map((queue) => queue.close(this.#closeMs)))
  }

  #tellUsage(): void {
    const usage = this.#usage?.()
    if (usage) for (const training of this.#open.keys()) this.tell(training, { type: 'usage', ...usage })
  }
}

type UsageMeter = () => Omit<Extract<LogItem, { type: 'usage' }>, 'type'>

/** What the process took since it was asked last; undefined where that cannot be known. */
function usageMeter(): UsageMeter | undefined {
  const process = nodeProcess()
  if (!process?.cpuUsage || !process.memoryUsage) return undefined
  const { cpuUsage, memoryUsage } = process
  const began = performance.now()
  let [lastMs, lastCpu] = [began, cpuUsage()]
  return () => {
    const [nowMs, cpu] = [performance.now(), cpuUsage()]
    const busyMs = (cpu.user - lastCpu.user + cpu.system - lastCpu.system) / 1000
    const cores = nowMs > lastMs ? busyMs / (nowMs - lastMs) : 0
    lastMs = nowMs
    lastCpu = cpu
    return { seconds: (nowMs - began) / 1000, cores, memoryBytes: memoryUsage().rss }
  }
}
