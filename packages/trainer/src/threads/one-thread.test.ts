/** An engine whose memory is not shared, as in a page that is not isolated: all is done in this thread. */
import { wasmEngine } from '@gradpool/engine-cpu'
import { classify } from '@gradpool/models'
import { arrays } from '@gradpool/datasets'
import { expect, it, onTestFinished } from 'vitest'
import { fit } from '../fit/fit.js'

const numRows = 400
const values = Float32Array.from({ length: 8 * numRows }, (_, i) => Math.sin(i * i))
const label = Uint8Array.from({ length: numRows }, (_, row) => Number((values[8 * row] ?? 0) > 0))
const data = arrays({ x: { values, shape: [8] }, label: { values: label, shape: [] } }, { validation: 0.1 })
const model = classify({ field: 'x', hidden: [16] })

async function oneThread() {
  const engine = await wasmEngine({ threads: false, memoryBytes: 2 ** 26 })
  onTestFinished(() => engine.dispose())
  return engine
}

it.each([
  ['steps', {}],
  ['replicas', { averageParts: 4, averageEvery: 3 }],
])('trains, judges and predicts to the bits of threads: %s', async (_, more) => {
  const options = { data, batchSize: 16, epochs: 3, ...more }
  await using there = await fit(model, { ...options, engine: 'wasm', workers: 4 })
  await using here = await fit(model, { ...options, engine: await oneThread(), workers: 4 })
  const rows = ({ history }: typeof here) => history.map(({ seconds, ...row }) => ({ ...row, isTimed: seconds > 0 }))
  expect(here.weightsHash).toBe(there.weightsHash)
  expect(rows(here)).toEqual(rows(there))
  expect(await here.evaluate(data)).toEqual(await there.evaluate(data))
})

it('lets others have their turns, and ends when it is told to', async () => {
  const abort = new AbortController()
  let turns = 0
  const timer = setInterval(() => {
    if (++turns === 3) abort.abort(new Error('enough'))
  }, 5)
  onTestFinished(() => {
    clearInterval(timer)
  })
  const training = fit(model, { data, epochs: 100_000, engine: await oneThread(), signal: abort.signal })
  await expect(training).rejects.toThrow('enough')
  expect(turns).toBeGreaterThanOrEqual(3)
})
