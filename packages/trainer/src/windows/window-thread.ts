/**
 * The thread that reads ahead: it puts the rows of some steps, in the order of these, where executions read them.
 */
import { RowOrder, type RowShuffle } from '@gradpool/core/engine'
import { RowReader, type RowsOfField } from '@gradpool/datasets'
import { messageOf } from '@gradpool/storage'
import { parentPort, workerData } from 'node:worker_threads'

export interface WindowThreadData {
  readonly rows: Int32Array
  readonly seed: number
  readonly shuffle: RowShuffle
  readonly fields: readonly RowsOfField[]
  /** Of each field, the memory of its windows. */
  readonly memory: readonly Uint8Array[]
}

/** Rows of an epoch, and from which row of the memory on they go. */
export interface WindowRequest {
  readonly id: number
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly at: number
}

/** An answer to a request; with what went wrong, in a sentence, or nothing. */
export interface WindowAnswer {
  readonly id: number
  readonly error?: string
}

const { rows, seed, shuffle, fields, memory } = workerData as WindowThreadData
const order = new RowOrder(rows, seed, shuffle)
let reader: RowReader | undefined

parentPort?.on('message', ({ id, epoch, from, to, at }: WindowRequest) => {
  try {
    reader ??= new RowReader(fields)
    const into = memory.map((bytes, index) => bytes.subarray(at * (fields[index]?.rowBytes ?? 0)))
    reader.read(order.slice(epoch, from, to), into)
    parentPort?.postMessage({ id } satisfies WindowAnswer)
  } catch (error) {
    parentPort?.postMessage({ id, error: messageOf(error) } satisfies WindowAnswer)
  }
})
