/**
 * Predictions of requests that come at the same time, computed together: a batch begins when it is full, or when its
 * first request has waited for so long. A model that computes a batch computes no other; what comes meanwhile makes the
 * next one. Each request gets the bits that it would get alone.
 */
import { UserError, type Values } from '@gradpool/core'
import { nextTurn, sizeOf } from '@gradpool/core/engine'
import { ARRAYS, checkRows, type Rows, type RowValues } from '@gradpool/trainer/predict'
import { checkWhole } from '../checks.js'
import type { ServedModel, ValueType } from '../model.js'

export interface BatchOptions {
  /** Rows that are computed at once, at most; a request of more is a batch by itself. Default: 64. */
  readonly batchRows?: number
  /**
   * Milliseconds that a request waits for others, at most. Default: 0, for those that come in the same turn of the
   * event loop, or while others are computed.
   */
  readonly delay?: number
  /** Rows that wait, at most: a request that would be more is refused. Default: 1024. */
  readonly queueRows?: number
  /** Called after each batch. */
  readonly onBatch?: (batch: BatchDone) => void
}

export interface BatchDone {
  readonly rows: number
  readonly requests: number
  /** Of the computation. */
  readonly seconds: number
}

/** Too much waits: asked again a little later, the same request is answered. */
export class QueueFull extends UserError {
  override name = 'QueueFull'
}

interface Waiting {
  readonly rows: Rows
  readonly since: number
  readonly resolve: (outputs: Readonly<Record<string, Values>>) => void
  readonly reject: (reason: unknown) => void
}

const MOST_ROWS = 2 ** 24
const MOST_DELAY_MS = 60_000

/**
 * @param models one, or several of the same file, each with memory and a thread of its own: so many batches are
 *   computed at once
 */
export function predictor(models: ServedModel | readonly ServedModel[], options: BatchOptions = {}): BatchingPredictor {
  return new BatchingPredictor('predict' in models ? [models] : models, options)
}

export class BatchingPredictor implements ServedModel {
  readonly inputs: Readonly<Record<string, ValueType>>
  readonly outputs: Readonly<Record<string, ValueType>>
  readonly hash: string
  readonly table: ServedModel['table']
  readonly #models: readonly ServedModel[]
  /** Those that compute nothing. */
  readonly #free: ServedModel[]
  readonly #fields: readonly (ValueType & { readonly name: string })[]
  readonly #batchRows: number
  readonly #delay: number
  readonly #queueRows: number
  readonly #onBatch: BatchOptions['onBatch']
  #waiting: Waiting[] = []
  #waitingRows = 0
  /** Whether a turn or a timer that begins the next batch is under way. */
  #isPlanned = false
  /** Called when nothing waits and nothing is computed; there once no more is taken. */
  #onEnd: (() => void) | undefined
  #ended: Promise<void> | undefined

  /** @internal */
  constructor(models: readonly ServedModel[], options: BatchOptions) {
    const [first] = models
    if (!first) throw new UserError('a predictor needs a model')
    const { batchRows = 64, delay = 0, queueRows = 1024, onBatch } = options
    this.#batchRows = checkWhole('batchRows', batchRows, 1, MOST_ROWS)
    this.#queueRows = checkWhole('queueRows', queueRows, 1, MOST_ROWS)
    if (!(delay >= 0 && delay <= MOST_DELAY_MS)) {
      throw new UserError(`delay must be milliseconds from 0 to ${MOST_DELAY_MS}, not ${delay}`)
    }
    this.#delay = delay
    this.#onBatch = onBatch
    this.#models = models
    this.#free = [...models]
    this.inputs = first.inputs
    this.outputs = first.outputs
    this.hash = first.hash
    this.table = first.table
    this.#fields = Object.entries(first.inputs).map(([name, type]) => ({ name, ...type }))
  }

  /** Rows that wait to be computed. */
  get waitingRows(): number {
    return this.#waitingRows
  }

  /**
   * Predictions for any number of rows, as `predict` of the model. The arrays must not change until it has ended. What
   * it gives may be a part of a longer array.
   *
   * @throws UserError for a field of the wrong name, size or type; QueueFull where too many rows wait
   */
  predict(inputs: Readonly<Record<string, RowValues>>): Promise<Readonly<Record<string, Values>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw new UserError('this model was disposed')
      const rows = checkRows(this.#fields, inputs)
      const { numRows } = rows
      if (this.#waitingRows > 0 && this.#waitingRows + numRows > this.#queueRows) {
        throw new QueueFull(
          `${this.#waitingRows} rows wait, and ${numRows} more would be above ${this.#queueRows}: ask again in a moment`,
        )
      }
      this.#waiting.push({ rows, since: performance.now(), resolve, reject })
      this.#waitingRows += numRows
      this.#begin()
    })
  }

  /** Computes what waits, then disposes of the models. Takes no more from now on. */
  dispose(): Promise<void> {
    return (this.#ended ??= this.#end())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  async #end(): Promise<void> {
    if (this.#waiting.length > 0 || this.#free.length < this.#models.length) {
      await new Promise<void>((resolve) => {
        this.#onEnd = resolve
        this.#begin()
      })
    }
    await Promise.all(this.#models.map((model) => model.dispose()))
  }

  /** Begins each batch whose time has come, and sees to it that the others begin in time. */
  #begin(): void {
    for (let [first] = this.#waiting; first && this.#free.length > 0; [first] = this.#waiting) {
      const left = this.#delay - (performance.now() - first.since)
      const isOver = this.#onEnd !== undefined || (this.#delay > 0 && left <= 0)
      if (!isOver && this.#waitingRows < this.#batchRows) {
        this.#plan(left)
        return
      }
      this.#compute()
    }
    if (this.#waiting.length === 0 && this.#free.length === this.#models.length) this.#onEnd?.()
  }

  #plan(milliseconds: number): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    if (this.#delay === 0) {
      void nextTurn().then(() => {
        this.#isPlanned = false
        while (this.#waiting.length > 0 && this.#free.length > 0) this.#compute()
      })
      return
    }
    setTimeout(() => {
      this.#isPlanned = false
      this.#begin()
    }, milliseconds)
  }

  #compute(): void {
    const model = this.#free.pop()
    const batch = this.#take()
    if (!model) return
    void this.#run(model, batch).finally(() => {
      this.#free.push(model)
      this.#begin()
    })
  }

  /** The first that wait, as many as fit into a batch, one at least. */
  #take(): Waiting[] {
    let count = 0
    let rows = 0
    for (const { rows: its } of this.#waiting) {
      if (count > 0 && rows + its.numRows > this.#batchRows) break
      count++
      rows += its.numRows
    }
    this.#waitingRows -= rows
    return this.#waiting.splice(0, count)
  }

  async #run(model: ServedModel, batch: readonly Waiting[]): Promise<void> {
    const rows = batch.reduce((sum, each) => sum + each.rows.numRows, 0)
    const started = performance.now()
    try {
      const outputs = await model.predict(this.#joined(batch, rows))
      let end = 0
      for (const each of batch) {
        const start = end
        end += each.rows.numRows
        each.resolve(batch.length === 1 ? outputs : this.#part(outputs, start, end))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    this.#onBatch?.({ rows, requests: batch.length, seconds: (performance.now() - started) / 1000 })
  }

  #joined(batch: readonly Waiting[], numRows: number): Record<string, Values> {
    const [first] = batch
    const arrays = this.#fields.map(({ name, dtype, shape }, field) => {
      const one = first?.rows.arrays[field]
      if (one && batch.length === 1) return [name, one] as const
      const all = new ARRAYS[dtype](numRows * sizeOf(shape))
      let at = 0
      for (const { rows } of batch) {
        const its = rows.arrays[field]
        all.set(its ?? [], at)
        at += its?.length ?? 0
      }
      return [name, all] as const
    })
    return Object.fromEntries(arrays)
  }

  #part(outputs: Readonly<Record<string, Values>>, start: number, end: number): Record<string, Values> {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, values]) => {
        const size = sizeOf(this.outputs[name]?.shape ?? [])
        return [name, values.subarray(start * size, end * size)]
      }),
    )
  }
}
