/** What Prometheus is told. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BatchDone } from '../batching/batching-predictor.js'
import type { Answered } from '../protocol/answers.js'
import type { OpenModels, Reload } from './open-models.js'

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

export class Metrics {
  readonly #registry = new Registry()
  readonly #registers = [this.#registry]
  readonly #requests = new Counter({
    name: 'gradpool_requests_total',
    help: 'Requests for predictions that were answered, by status',
    labelNames: ['model', 'status'],
    registers: this.#registers,
  })
  readonly #rows = new Counter({
    name: 'gradpool_rows_total',
    help: 'Rows that were predicted',
    labelNames: ['model'],
    registers: this.#registers,
  })
  readonly #seconds = new Histogram({
    name: 'gradpool_request_seconds',
    help: 'From the whole request to its answer',
    labelNames: ['model'],
    buckets: SECONDS,
    registers: this.#registers,
  })
  readonly #batchRows = new Histogram({
    name: 'gradpool_batch_rows',
    help: 'Rows that were computed together',
    labelNames: ['model'],
    buckets: ROWS,
    registers: this.#registers,
  })
  readonly #batchSeconds = new Histogram({
    name: 'gradpool_batch_seconds',
    help: 'What a batch took',
    labelNames: ['model'],
    buckets: SECONDS,
    registers: this.#registers,
  })
  readonly #reloads = new Counter({
    name: 'gradpool_reloads_total',
    help: 'Files that changed, by whether the new one could be loaded',
    labelNames: ['model', 'result'],
    registers: this.#registers,
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Tells of models what they are when it is asked. */
  watch(models: OpenModels): void {
    const each = (tell: (name: string, model: NonNullable<ReturnType<OpenModels['get']>>) => void) => {
      for (const name of models.keys()) {
        const model = models.get(name)
        if (model) tell(name, model)
      }
    }
    new Gauge({
      name: 'gradpool_waiting_rows',
      help: 'Rows that wait to be computed',
      labelNames: ['model'],
      registers: this.#registers,
      collect() {
        each((name, { waitingRows }) => {
          this.set({ model: name }, waitingRows)
        })
      },
    })
    new Gauge({
      name: 'gradpool_model_info',
      help: 'The hash of each model',
      labelNames: ['model', 'hash'],
      registers: this.#registers,
      collect() {
        this.reset()
        each((name, { hash }) => {
          this.set({ model: name, hash }, 1)
        })
      },
    })
  }

  answered({ model = '', status, rows, seconds }: Answered): void {
    this.#requests.inc({ model, status })
    this.#seconds.observe({ model }, seconds)
    if (rows > 0) this.#rows.inc({ model }, rows)
  }

  computed(model: string, { rows, seconds }: BatchDone): void {
    this.#batchRows.observe({ model }, rows)
    this.#batchSeconds.observe({ model }, seconds)
  }

  reloaded({ model, error }: Reload): void {
    this.#reloads.inc({ model, result: error ? 'failed' : 'loaded' })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  end(): void {
    this.#registry.clear()
  }
}
