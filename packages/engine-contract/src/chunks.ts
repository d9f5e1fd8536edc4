/** Chunks: progress, stopping, losses that are not finite, means. */
import { log, mean, sub, sum } from '@gradpool/core'
import { evaluation, traceProgram, type Engine, type Field, type Program } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { data, network, training } from './network.js'
import type { Threads } from './threads.js'

export function describeChunks(engineOf: () => Engine, threadsOf: () => Threads): void {
  describe('chunks', () => {
    test('report progress and stop at a signal', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const controller = new AbortController()
      const steps: number[] = []
      const chunk = await fit.run({
        steps: 1e9,
        signal: controller.signal,
        onProgress: ({ step, last, results }) => {
          steps.push(step)
          expect(last.loss).toBeGreaterThan(0)
          expect(results.loss).toEqual(Float32Array.of(last.loss ?? NaN))
          if (steps.length === 3) controller.abort()
        },
      })
      expect(chunk.status).toBe('stopped')
      expect(chunk.steps).toBe(steps.at(-1))
      expect(fit.step).toBe(chunk.steps)
      fit.dispose()
    })

    test('end within a step of stop() while a worker runs them', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const running = threadsOf().execute(fit.begin(2 ** 31 - 1))
      while (fit.progress().step === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      fit.stop()
      const chunk = fit.finish(await running)
      expect(chunk.status).toBe('stopped')
      expect(chunk.steps).toBe(fit.step)
      expect(await fit.run({ steps: 2 })).toMatchObject({ status: 'done', steps: 2 })
      fit.dispose()
    })

    test('end before the update of a step whose loss is not finite', async () => {
      // log(weight) is NaN once the weight is negative: it falls by 1 a step.
      const program = traceProgram((trace) => {
        const w = trace.state('weight', [1], { kind: 'constant', value: 2.5 })
        trace.result('loss', sum(log(w)))
        trace.update('weight', sub(w, 1))
      })
      const steps = { program, batchSize: 1, numExamples: 1, shuffle: false, metrics: [] }
      const fit = await engineOf().compile(steps, {
        data: { fields: {}, rows: Int32Array.of(0) },
        seed: 0,
      })
      const chunk = await fit.run({ steps: 10 })
      expect(chunk).toMatchObject({ status: 'notFinite', steps: 3 })
      expect(chunk.lastLoss).toBeCloseTo(Math.log(0.5), 6)
      expect(fit.read().weight).toEqual(Float32Array.of(-0.5))
      fit.dispose()
    })
  })

  test('an evaluation of weights that are not finite says so', async () => {
    const check = await engineOf().compile(evaluation(network, { batchSize: 10, data }), {
      data,
      seed: 4,
      state: { bias: new Float32Array(8).fill(NaN), output: new Float32Array(24).fill(1) },
    })
    expect((await check.run({ steps: check.stepsPerEpoch })).status).toBe('notFinite')
    check.dispose()
  })

  test('means are over the examples of a chunk, wherever in an epoch it begins and ends', async () => {
    const ones = (batch: number): Program =>
      traceProgram((trace) => trace.result('loss', mean(trace.batch('one', 'u8', [batch]))))
    const program = {
      program: ones(5),
      tail: ones(3),
      batchSize: 5,
      numExamples: 23,
      shuffle: true,
      metrics: [],
    }
    const one: Field = { dtype: 'u8', shape: [], values: new Uint8Array(23).fill(1) }
    const split = { fields: { one }, rows: data.rows }
    const execution = await engineOf().compile(program, { data: split, seed: 0 })
    for (const steps of [1, 3, 2, 4, 11, 5, 1]) {
      expect((await execution.run({ steps })).means.loss).toEqual(Float64Array.of(1))
    }
    execution.dispose()
  })
}
