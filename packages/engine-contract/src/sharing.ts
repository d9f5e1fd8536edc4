/**
 * Workers that share the steps of one training: the same bits for any number of them, and none that
 * waits for ever.
 */
import { adam, log, sub, sum, mul, UserError } from '@gradpool/core'
import {
  evaluate,
  initialState,
  withMicroBatches,
  shuffled,
  traceProgram,
  train,
  type Engine,
  type Execution,
  type ChunkResult,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { bitsOf, expectClose } from './compare.js'
import { data, image, label, network, NUM_EXAMPLES, rowsOf } from './network.js'
import { MOST_THREADS, type Threads } from './threads.js'

/** Each thread loads the engine's library. */
const TIMEOUT_MS = 60_000
/** Of 5 examples, 2 and 2 and 1; of the last 3 of an epoch, 1 each. */
const MICRO_BATCHES = 3
const shared = train(network, {
  optimizer: adam({ learningRate: 0.01 }),
  batchSize: 5,
  microBatches: MICRO_BATCHES,
  data,
})

export function describeSharing(engineOf: () => Engine, threadsOf: () => Threads): void {
  describe('steps that workers share', { timeout: TIMEOUT_MS }, () => {
    const compile = (workers: number): Promise<Execution> => engineOf().compile(shared, { data, seed: 4, workers })
    const bitsAfter = (fit: Execution, { status, means }: ChunkResult) => {
      expect(status).toBe('done')
      return bitsOf({ ...fit.read(), ...means })
    }

    test('are bit-identical on 1, 2 and 3 workers, in place or not', async () => {
      const [alone, together] = [await compile(1), await compile(MOST_THREADS)]
      for (const [steps, workers] of [
        [7, 2],
        [4, 3],
        [1, 1],
        [9, 3],
      ] as const) {
        const chunk = await threadsOf().run(together, steps, workers)
        const wanted = await alone.run({ steps })
        expect(chunk).toEqual(wanted)
        expect(bitsAfter(together, chunk)).toEqual(bitsAfter(alone, wanted))
      }
      alone.dispose()
      together.dispose()
    })

    test('follow the reference evaluator', async () => {
      const fit = await compile(2)
      let state: Readonly<Record<string, ArrayLike<number>>> = initialState(shared.program, 4)
      let loss = 0
      const order = shuffled(data.rows, 4, 0)
      for (let step = 0; step < 5; step++) {
        const rows = order.slice(5 * step, 5 * step + 5)
        const program = rows.length === 5 ? shared.program : (shared.tail ?? shared.program)
        const batch = { image: rowsOf(image, rows), label: rowsOf(label, rows) }
        const done = evaluate(program, { state, batch, step, seed: 4 })
        state = done.state
        loss += (done.results.loss?.[0] ?? NaN) * rows.length
      }
      const { means } = await threadsOf().run(fit, 5, 2)
      expect(means.loss?.[0]).toBeCloseTo(loss / NUM_EXAMPLES, 5)
      for (const [name, values] of Object.entries(fit.read())) {
        expectClose(values, state[name] ?? [], 1e-4, () => name)
      }
      fit.dispose()
    })

    test('end at one step for all when they are stopped', async () => {
      const fit = await compile(2)
      const running = threadsOf().execute(fit.begin(1e9, { workers: 2 }))
      while (fit.progress().step === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      fit.stop()
      const chunk = fit.finish(await running)
      expect(chunk.status).toBe('stopped')
      expect(chunk.steps).toBe(fit.step)
      const alone = await compile(1)
      await alone.run({ steps: chunk.steps })
      expect(bitsOf(fit.read())).toEqual(bitsOf(alone.read()))
      for (const each of [fit, alone]) each.dispose()
    })

    test('end for all at a loss that is not finite', async () => {
      // log(weight) is NaN once the weight is negative: it falls by 1 a step.
      const program = traceProgram((trace) => {
        const w = trace.state('weight', [1], { kind: 'constant', value: 2.5 })
        const x = trace.batch('one', 'f32', [4])
        trace.result('loss', mul(sum(log(mul(x, w))), 0.25))
        trace.update('weight', sub(w, 1))
      })
      const ones = new Float32Array(4).fill(1)
      const fit = await engineOf().compile(
        {
          program: withMicroBatches(program, 2),
          microBatches: 2,
          batchSize: 4,
          numExamples: 4,
          shuffle: false,
          metrics: [],
        },
        {
          data: {
            fields: { one: { dtype: 'f32', shape: [], values: ones } },
            rows: Int32Array.of(0, 1, 2, 3),
          },
          seed: 0,
          workers: 2,
        },
      )
      const chunk = await threadsOf().run(fit, 10, 2)
      expect(chunk).toMatchObject({ status: 'notFinite', steps: 3 })
      expect(chunk.lastLoss).toBeCloseTo(Math.log(0.5), 6)
      expect(fit.read().weight).toEqual(Float32Array.of(-0.5))
      fit.dispose()
    })

    test('are abandoned when one of the workers never comes', async () => {
      const fit = await compile(2)
      const [task] = fit.begin(10, { workers: 2 })
      const running = threadsOf().execute([task])
      await new Promise((resolve) => setTimeout(resolve, 50))
      fit.abandon()
      const outcomes = await running
      expect(fit.finish(outcomes).status).toBe('abandoned')
      fit.dispose()
    })

    test('are abandoned when one of the workers leaves in the middle', async () => {
      const fit = await compile(2)
      const [first, second] = fit.begin(1e9, { workers: 2 })
      // As a thread that ends: the engines' tasks say how many steps they are.
      const running = threadsOf().execute([first, { ...(second as object), steps: 3 }])
      while (fit.progress().step < 3) await new Promise((resolve) => setTimeout(resolve, 1))
      fit.abandon()
      expect(fit.finish(await running).status).toBe('abandoned')
      fit.dispose()
    })

    test('are refused to more workers than were planned for', async () => {
      const fit = await compile(2)
      for (const workers of [0, 3, 1.5]) {
        expect(() => fit.begin(1, { workers })).toThrow(UserError)
      }
      fit.dispose()
    })
  })
}
