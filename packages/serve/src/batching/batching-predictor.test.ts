import { UserError } from '@gradpool/core'
import { loadModel } from '@gradpool/trainer'
import { describe, expect, it, vi } from 'vitest'
import type { ServedModel } from '../model.js'
import { digitsModel } from '../testing/small-models.js'
import { type BatchDone, predictor, QueueFull } from './batching-predictor.js'

/** y = 2 x, once it is told to. Counts the rows of each call. */
function doubling() {
  const calls: number[] = []
  const waiting: (() => void)[] = []
  let isDisposed = false
  const model: ServedModel = {
    inputs: { x: { dtype: 'f32', shape: [] } },
    outputs: { y: { dtype: 'f32', shape: [] } },
    hash: 'h',
    async predict({ x = [] }) {
      calls.push(x.length)
      await new Promise<void>((resolve) => waiting.push(resolve))
      return { y: Float32Array.from(x, (value) => 2 * value) }
    },
    dispose() {
      isDisposed = true
      return Promise.resolve()
    },
  }
  const step = async () => {
    await turn()
    for (const go of waiting.splice(0)) go()
    await turn()
  }
  return { model, calls, step, isDisposed: () => isDisposed }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const row = (...values: number[]) => ({ x: Float32Array.from(values) })

describe('requests of one turn', () => {
  it('are computed together, and each gets its own', async () => {
    const { model, calls, step } = doubling()
    const batches: BatchDone[] = []
    const batched = predictor(model, { onBatch: (batch) => batches.push(batch) })
    const all = Promise.all([row(1), row(2, 3), row(), row(4)].map((inputs) => batched.predict(inputs)))
    await step()
    expect((await all).map(({ y }) => Array.from(y ?? []))).toEqual([[2], [4, 6], [], [8]])
    expect(calls).toEqual([4])
    expect(batches).toMatchObject([{ rows: 4, requests: 4 }])
  })

  it('begin at once where they fill a batch, and a larger one is a batch by itself', async () => {
    const { model, calls, step } = doubling()
    const batched = predictor(model, { batchRows: 3, delay: 1000 })
    const all = Promise.all([row(1), row(2, 3), row(4), row(5, 6, 7, 8), row(9, 9)].map((x) => batched.predict(x)))
    expect(calls).toEqual([3])
    await step()
    expect(calls).toEqual([3, 1])
    await step()
    await step()
    expect(calls).toEqual([3, 1, 4])
    const end = batched.dispose()
    await step()
    expect(calls).toEqual([3, 1, 4, 2])
    expect((await all).at(-1)?.y).toEqual(Float32Array.of(18, 18))
    await end
  })

  it('that come while others are computed make the next batch', async () => {
    const { model, calls, step } = doubling()
    const batched = predictor(model)
    const first = batched.predict(row(1))
    await turn()
    const others = [batched.predict(row(2)), batched.predict(row(3))]
    await turn()
    expect(calls).toEqual([1])
    expect(batched.waitingRows).toBe(2)
    await step()
    expect((await first).y).toEqual(Float32Array.of(2))
    await step()
    await Promise.all(others)
    expect(calls).toEqual([1, 2])
  })

  it('are computed at the same time where the model is there several times', async () => {
    const { model, calls, step } = doubling()
    const batched = predictor([model, model], { batchRows: 1 })
    const all = [1, 2, 3].map((x) => batched.predict(row(x)))
    expect(calls).toEqual([1, 1])
    await step()
    await step()
    await Promise.all(all)
    expect(calls).toEqual([1, 1, 1])
  })
})

describe('a delay', () => {
  it('is what a request waits for others at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    try {
      const { model, calls, step } = doubling()
      const batched = predictor(model, { delay: 5 })
      const one = batched.predict(row(1))
      vi.advanceTimersByTime(4)
      const other = batched.predict(row(2))
      expect(calls).toEqual([])
      vi.advanceTimersByTime(1)
      expect(calls).toEqual([2])
      await step()
      await Promise.all([one, other])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a request', () => {
  it('is refused where too many rows wait, but never for its own size', async () => {
    const { model, calls, step } = doubling()
    const batched = predictor(model, { queueRows: 3, batchRows: 2 })
    const first = batched.predict(row(1, 1))
    const waiting = [batched.predict(row(2)), batched.predict(row(3, 3))]
    await expect(batched.predict(row(4))).rejects.toThrow(QueueFull)
    await expect(batched.predict(row(4))).rejects.toThrow(/^3 rows wait, and 1 more would be above 3/)
    await step()
    await first
    await step()
    await step()
    await Promise.all(waiting)
    const large = batched.predict(row(1, 2, 3, 4, 5))
    await step()
    expect((await large).y).toHaveLength(5)
    expect(calls.reduce((sum, rows) => sum + rows)).toBe(10)
  })

  it('that is wrong fails alone', async () => {
    const { model, step } = doubling()
    const batched = predictor(model)
    const right = batched.predict(row(1))
    await expect(batched.predict({ z: [1] })).rejects.toThrow('this model reads x, and z was given')
    await expect(batched.predict({ x: ['1' as unknown as number] })).rejects.toThrow(UserError)
    await step()
    expect((await right).y).toEqual(Float32Array.of(2))
  })

  it('fails where its batch fails, and the next one does not', async () => {
    let fails = true
    const model: ServedModel = {
      ...doubling().model,
      predict: () => (fails ? Promise.reject(new Error('broken')) : Promise.resolve({ y: Float32Array.of(1) })),
    }
    const batched = predictor(model)
    const failed = await Promise.allSettled([batched.predict(row(1)), batched.predict(row(2))])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    fails = false
    expect(await batched.predict(row(1))).toEqual({ y: Float32Array.of(1) })
  })
})

describe('disposing', () => {
  it('waits for what was asked, and takes no more', async () => {
    const { model, step, isDisposed } = doubling()
    const batched = predictor(model, { delay: 60_000 })
    const one = batched.predict(row(1))
    const end = batched.dispose()
    await expect(batched.predict(row(2))).rejects.toThrow('this model was disposed')
    expect(isDisposed()).toBe(false)
    await step()
    expect((await one).y).toEqual(Float32Array.of(2))
    await end
    expect(isDisposed()).toBe(true)
    await batched.dispose()
  })
})

it('gives the bits of the model itself, whatever comes together', async () => {
  await using alone = await loadModel(digitsModel())
  await using batched = predictor(await loadModel(digitsModel()), { batchRows: 40 })
  const rows = Array.from({ length: 60 }, (_, at) =>
    Float32Array.from({ length: 4 * (1 + (at % 3)) }, (__, i) => i - at),
  )
  const answers = await Promise.all(rows.map((x) => batched.predict({ x })))
  for (const [at, x] of rows.entries()) expect(answers[at]).toEqual(await alone.predict({ x }))
})

it('refuses options that are none', () => {
  const { model } = doubling()
  for (const options of [{ batchRows: 0 }, { batchRows: 1.5 }, { queueRows: NaN }, { delay: -1 }, { delay: NaN }]) {
    expect(() => predictor(model, options)).toThrow(UserError)
  }
  expect(() => predictor([])).toThrow('a predictor needs a model')
})
