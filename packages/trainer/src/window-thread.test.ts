/** What the thread that reads ahead puts into memory, by itself and with others. */
import { RowOrder } from '@gradpool/core/engine'
import { once } from 'node:events'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from './testing/temporary-folder.js'
import { windowThreadUrl } from './thread-files.js'
import type { WindowRequest, WindowThreadData } from './window-thread.js'

const numRows = 6000

it.each([
  ['one thread', Infinity],
  ['several threads', 0],
])('rows of a window, read by %s', async (_, slowMs) => {
  const path = join(await temporaryFolder(), 'field')
  const values = Int32Array.from({ length: 3 * numRows }, (_, i) => i)
  await writeFile(path, values)
  const rows = Int32Array.from({ length: numRows }, (_, i) => i)
  const memory = new Uint8Array(new SharedArrayBuffer(12 * numRows))
  const pass = { rows, seed: 3, shuffle: true }
  const fields = [{ rowBytes: 12, from: { path, bytes: values.byteLength } }]
  const workerData: WindowThreadData = { module: windowThreadUrl(), fields, memory: [memory], pass, slowMs }
  const thread = new Worker(new URL(windowThreadUrl()), {
    workerData,
    execArgv: [],
  })
  onTestFinished(async () => {
    await thread.terminate()
  })
  const ask = async (request: WindowRequest) => {
    thread.postMessage(request)
    return (await once(thread, 'message')) as unknown[]
  }
  expect(await ask({ id: 7, epoch: 2, from: 100, to: 5100, at: 900 })).toEqual([{ id: 7 }])
  const expected = [...new RowOrder(rows, 3, true).slice(2, 100, 5100)].flatMap((row) => [
    3 * row,
    3 * row + 1,
    3 * row + 2,
  ])
  expect([...new Int32Array(memory.buffer, 12 * 900, 15_000)]).toEqual(expected)
  expect(memory.subarray(0, 12 * 900).every((byte) => byte === 0)).toBe(true)
  await truncate(path, 10)
  const error = expect.stringMatching(/field was cut short while it was read: prepare the data again$/) as unknown
  expect(await ask({ id: 8, epoch: 3, from: 0, to: 5000, at: 0 })).toEqual([{ id: 8, error }])
})
