/** Graphs take denormal numbers for zeros, as all of TensorFlow's own threads do; JavaScript does not. */
import { mul } from '@gradpool/core'
import { type Engine, traceProgram } from '@gradpool/core/engine'
import { flushesDenormals } from '@gradpool/engine-cpu'
import { splitOf, Threads, wholeBatch } from '@gradpool/engine-contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTensorFlow, tensorflowEngine } from './index.js'

const hasTensorFlow = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1' && (await findTensorFlow()) !== undefined

describe.runIf(hasTensorFlow && flushesDenormals())('denormal numbers', () => {
  let engine: Engine
  let threads: Threads
  beforeAll(async () => {
    engine = await tensorflowEngine()
    threads = new Threads(engine, 1)
  })
  afterAll(async () => {
    await threads.close()
    await engine.dispose()
  })

  test('that a graph computes or reads are zeros, in this thread and in a worker', async () => {
    const program = traceProgram((trace) => {
      const x = trace.batch('x', 'f32', [4])
      trace.result('smaller', mul(x, 2 ** -10), { rows: true })
      trace.result('larger', mul(x, 2 ** 20), { rows: true })
    })
    const values = Float32Array.of(1, 2 ** -116, 2 ** -117, 2 ** -140)
    const data = splitOf({ x: { dtype: 'f32', shape: [], values } }, 4)
    const execution = await engine.compile(wholeBatch(program, 4), { data, seed: 0 })
    const expected = {
      smaller: Float32Array.of(2 ** -10, 2 ** -126, 0, 0),
      larger: Float32Array.of(2 ** 20, 2 ** -96, 2 ** -97, 0),
    }
    expect((await execution.run({ steps: 1 })).rows).toEqual(expected)
    expect((await threads.run(execution, 1, 1)).rows).toEqual(expected)
    expect(values[3]).toBe(2 ** -140)
    expect(Math.min(...values) / 2).toBe(2 ** -141)
    execution.dispose()
  })
})
