/**
 * The thread that reads ahead: it puts the rows of some steps, in the order of these, where executions read them. Where
 * a read takes long, as from a disk, it has others read at the same time.
 */
import { RowOrder, type RowShuffle } from '@gradpool/core/engine'
import { RowReader, sortedRows, type RowsOfField, type SortedRows } from '@gradpool/datasets'
import { messageOf } from '@gradpool/storage'
import { parentPort, Worker, workerData } from 'node:worker_threads'

export interface WindowThreadData {
  /** URL of this module. */
  readonly module: string
  readonly fields: readonly RowsOfField[]
  /** Of each field, the memory of its windows. */
  readonly memory: readonly Uint8Array[]
  /** Of the rows that it puts in order; absent in a thread that helps another. */
  readonly pass?: { readonly rows: Int32Array; readonly seed: number; readonly shuffle: RowShuffle }
  /** Rows that take longer, in milliseconds for each, are read by several threads. Default: 0.05. */
  readonly slowMs?: number
}

/** Rows of an epoch, and from which row of the memory on they go. */
export interface WindowRequest {
  readonly id: number
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly at: number
}

/** A part of the rows of a window. */
interface PartRequest {
  readonly id: number
  readonly sorted: SortedRows
  readonly begin: number
  readonly end: number
  readonly at: number
}

/** An answer to a request; with what went wrong, in a sentence, or nothing. */
export interface WindowAnswer {
  readonly id: number
  readonly error?: string
}

/** As many reads at once as keep a solid-state disk busy. */
const HELPERS = 8
/** Rows that tell how long one takes. */
const FIRST_ROWS = 256
/** Fewer are read by one thread. */
const MANY_ROWS = 4096

class WindowThread {
  readonly #data: WindowThreadData
  readonly #order: RowOrder | undefined
  #reader: RowReader | undefined
  #helpers: readonly Worker[] | undefined
  #last = Promise.resolve()

  constructor(data: WindowThreadData) {
    const { pass } = data
    this.#data = data
    this.#order = pass && new RowOrder(pass.rows, pass.seed, pass.shuffle)
  }

  /** One after the other: what helpers read is of one request. */
  take(request: WindowRequest | PartRequest): void {
    this.#last = this.#last.then(() => this.#answer(request))
  }

  async #answer(request: WindowRequest | PartRequest): Promise<void> {
    const { id } = request
    try {
      if ('sorted' in request) this.#readPart(request)
      else await this.#readWindow(request)
      parentPort?.postMessage({ id } satisfies WindowAnswer)
    } catch (error) {
      parentPort?.postMessage({ id, error: messageOf(error) } satisfies WindowAnswer)
    }
  }

  #readPart({ sorted, begin, end, at }: Omit<PartRequest, 'id'>): void {
    const { fields, memory } = this.#data
    this.#reader ??= new RowReader(fields)
    const into = memory.map((bytes, index) => bytes.subarray(at * (fields[index]?.rowBytes ?? 0)))
    this.#reader.readSorted(sorted, into, begin, end)
  }

  async #readWindow({ epoch, from, to, at }: WindowRequest): Promise<void> {
    const { slowMs = 0.05 } = this.#data
    const sorted = sortedRows(this.#order?.slice(epoch, from, to) ?? new Int32Array())
    const count = to - from
    const first = Math.min(count, FIRST_ROWS)
    const begunMs = performance.now()
    this.#readPart({ sorted, begin: 0, end: first, at })
    const isSlow = performance.now() - begunMs > slowMs * first
    if (isSlow && count >= MANY_ROWS && sorted.places) {
      await this.#readTogether({ sorted, begin: first, end: count, at })
    } else this.#readPart({ sorted, begin: first, end: count, at })
  }

  async #readTogether({ sorted, begin, end, at }: Omit<PartRequest, 'id'>): Promise<void> {
    const { module, fields, memory } = this.#data
    this.#helpers ??= Array.from({ length: HELPERS }, () => {
      const data: WindowThreadData = { module, fields, memory }
      return new Worker(new URL(module), { workerData: data, execArgv: [] })
    })
    const edge = (part: number) => begin + Math.floor(((end - begin) * part) / HELPERS)
    const parts = this.#helpers.map(
      (helper, id) =>
        new Promise<void>((resolve, reject) => {
          const fail = (error: unknown) => reject(error instanceof Error ? error : new Error(messageOf(error)))
          helper.once('error', fail)
          helper.once('message', ({ error }: WindowAnswer) => {
            helper.off('error', fail)
            if (error === undefined) resolve()
            else fail(new Error(error))
          })
          helper.postMessage({ id, sorted, begin: edge(id), end: edge(id + 1), at } satisfies PartRequest)
        }),
    )
    // All of them: a part that is still being read would be written over the next window.
    const results = await Promise.allSettled(parts)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }
}

// The file of a bundle that has this module is what threads of other kinds start with, too.
const given = workerData as Partial<WindowThreadData> | null
/** Undefined in other threads. */
export const windowThread = given?.module !== undefined && given.memory ? serve(given as WindowThreadData) : undefined

function serve(data: WindowThreadData): WindowThread {
  const thread = new WindowThread(data)
  parentPort?.on('message', (request: WindowRequest | PartRequest) => {
    thread.take(request)
  })
  return thread
}
