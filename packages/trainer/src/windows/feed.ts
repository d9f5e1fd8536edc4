/**
 * Rows that are not where an engine reads them, brought there window by window: the rows of the next steps in the order
 * of these, while the engine trains on those before. Half of the memory is trained on, and into the other half a thread
 * reads ahead.
 *
 * The engine is given fields of as many rows as the memory has, and for each place of a pass the row of the memory that
 * it will be in. So the steps, their numbers, their rows and their bits are those of rows in memory, whatever the size
 * of a window.
 */
import { UserError, type DType } from '@gradpool/core'
import {
  bytesPerElement,
  passSizeOf,
  rowShuffleOf,
  sizeOf,
  stepsPerEpochOf,
  type BatchProgram,
  type Engine,
  type Field,
  type RowShuffle,
  type Split,
} from '@gradpool/core/engine'
import { readableRows, rowBytesOf } from '@gradpool/datasets'
import { Worker } from 'node:worker_threads'
import { ARRAYS } from '../predict/rows-in.js'
import type { Pass } from '../plan/training-plan.js'
import { windowThreadUrl } from '../thread-files.js'
import type { WindowAnswer, WindowRequest, WindowThreadData } from '../window-thread.js'

/** Of a split that says nothing of it: of rows in memory that are shuffled in blocks. */
export const WINDOW_BYTES = 2 ** 27
/** A reader sorts no more. */
const MOST_ROWS = 2 ** 22

interface Loading {
  readonly id: number
  readonly done: Promise<void>
}

interface Pending {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Feed {
  /** What an engine compiles with `places` as rows; the program goes through them as they stand. */
  readonly fields: Split['fields']
  readonly program: BatchProgram
  readonly #free: (memory: Uint8Array) => void
  readonly #pass: Pass
  readonly #seed: number
  readonly #names: readonly string[]
  readonly #shuffle: RowShuffle
  readonly #memory: Uint8Array[] = []
  /** Of a window. */
  readonly #steps: number
  readonly #numWindows: number
  readonly #halves: (Loading | undefined)[] = [undefined, undefined]
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #failure: Error | undefined

  /**
   * @param names of the fields that the program reads
   * @throws UserError where the engine has no memory for two windows of a step each, a step has too many rows, or there
   *   are no lengths to shuffle by
   */
  constructor(
    { allocate, free }: Required<Pick<Engine, 'allocate' | 'free'>>,
    pass: Pass,
    { seed, names }: { readonly seed: number; readonly names: readonly string[] },
  ) {
    const { program, data } = pass
    this.#shuffle = rowShuffleOf(data, program)
    this.#free = free
    this.#pass = pass
    this.#seed = seed
    this.#names = names
    this.program = { ...program, shuffle: false }
    const { batchSize } = program
    if (batchSize > MOST_ROWS) {
      throw new UserError(`rows that are read as they are trained on have batches of at most ${MOST_ROWS} rows`)
    }
    const stepsPerEpoch = stepsPerEpochOf(program)
    const stepBytes = batchSize * rowBytesOf(data.fields, names)
    const half = (data.reading?.windowBytes ?? WINDOW_BYTES) / 2
    const most = Math.max(1, Math.min(Math.floor(half / stepBytes), Math.floor(MOST_ROWS / batchSize)))
    // An even number, as far as can be, so that the last window of an epoch and the first of the next are in two
    // halves.
    this.#steps = Math.ceil(stepsPerEpoch / (2 * Math.ceil(stepsPerEpoch / (2 * most))))
    this.#numWindows = Math.ceil(stepsPerEpoch / this.#steps)
    const numRows = 2 * this.#steps * batchSize
    const fields: [string, Field][] = []
    const memory = this.#memory
    try {
      for (const name of names) {
        const field = data.fields[name]
        if (field === undefined) continue
        const { dtype, shape } = field
        const bytes = allocate(numRows * sizeOf(shape) * bytesPerElement[dtype])
        memory.push(bytes)
        fields.push([name, { dtype, shape, values: viewOf(dtype, bytes) }])
      }
    } catch (error) {
      for (const bytes of memory) free(bytes)
      throw error
    }
    this.fields = Object.fromEntries(fields)
  }

  /** For each place of a pass, the row of the memory that it is in while its window is there. */
  places(): Int32Array {
    const { batchSize, numExamples } = this.#pass.program
    const windowRows = this.#steps * batchSize
    const places = new Int32Array(numExamples)
    // What fills no batch may not be visited.
    const visited = passSizeOf(this.#pass.program)
    for (let place = 0; place < visited; place++) places[place] = place % (2 * windowRows)
    return places
  }

  /**
   * Waits for the window of a step, and begins to read the next one.
   *
   * @returns how many steps can be done from this one on
   * @throws UserError for rows that cannot be read, in one sentence
   */
  async ready(step: number): Promise<number> {
    const stepsPerEpoch = stepsPerEpochOf(this.#pass.program)
    const epoch = Math.floor(step / stepsPerEpoch)
    const inEpoch = step % stepsPerEpoch
    const window = Math.floor(inEpoch / this.#steps)
    await this.#load(epoch, window)
    const isLast = window + 1 === this.#numWindows
    const [nextEpoch, next] = isLast ? [epoch + 1, 0] : [epoch, window + 1]
    if (next % 2 !== window % 2) this.#load(nextEpoch, next).catch(() => undefined)
    return Math.min(stepsPerEpoch, (window + 1) * this.#steps) - inEpoch
  }

  /** What waits for rows, now or later, fails. */
  stop(): void {
    this.#fail(new UserError('the training was stopped while it waited for rows'))
  }

  /** Once no execution reads the memory. */
  async close(): Promise<void> {
    this.stop()
    // Else the process may end before the thread has.
    this.#worker?.ref()
    await this.#worker?.terminate()
    for (const bytes of this.#memory.splice(0)) this.#free(bytes)
  }

  #load(epoch: number, window: number): Promise<void> {
    const { program } = this.#pass
    // Passes in one order have the same windows.
    const id = (program.shuffle ? epoch * this.#numWindows : 0) + window
    const half = window % 2
    const before = this.#halves[half]
    if (before?.id === id) return before.done
    const windowRows = this.#steps * program.batchSize
    const from = window * windowRows
    const to = Math.min(from + windowRows, passSizeOf(program))
    const done = this.#request({ id, epoch, from, to, at: half * windowRows })
    this.#halves[half] = { id, done }
    return done
  }

  #request(request: WindowRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      this.#pending.set(request.id, { resolve, reject })
      const thread = this.#thread()
      // One that waits does not keep the process alive.
      thread.ref()
      thread.postMessage(request)
    })
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker
    const { data } = this.#pass
    const module = windowThreadUrl()
    const workerData: WindowThreadData = {
      module,
      pass: {
        rows: shared(data.rows),
        seed: this.#seed,
        shuffle: this.#shuffle,
      },
      fields: readableRows(data.fields, this.#names),
      memory: this.#memory,
    }
    const worker = (this.#worker = new Worker(new URL(module), { workerData, execArgv: [] }))
    worker.on('message', ({ id, error }: WindowAnswer) => {
      const pending = this.#pending.get(id)
      // Where it was stopped meanwhile, the end of the thread is waited for.
      if (pending === undefined) return
      this.#pending.delete(id)
      if (this.#pending.size === 0) worker.unref()
      if (error === undefined) pending.resolve()
      else pending.reject(new UserError(error))
    })
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new Error('the thread that reads rows ended')))
    return worker
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}

/** A thread is sent what is shared without a copy. */
function shared(rows: Int32Array): Int32Array {
  if (rows.buffer instanceof SharedArrayBuffer) return rows
  const copy = new Int32Array(new SharedArrayBuffer(rows.byteLength))
  copy.set(rows)
  return copy
}

function viewOf(dtype: DType, { buffer, byteOffset, byteLength }: Uint8Array): Field['values'] {
  return new ARRAYS[dtype](buffer, byteOffset, byteLength / bytesPerElement[dtype])
}
