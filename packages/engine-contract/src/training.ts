/**
 * Training: the reference followed step by step, the same bits however it is cut, moved or seeded.
 */
import { UserError } from '@gradpool/core'
import { evaluate, initialState, shuffled, type Engine } from '@gradpool/core/engine'
import { describe, expect, test, vi } from 'vitest'
import { expectClose } from './compare.js'
import { data, image, label, training, rowsOf, weightsAfter, NUM_EXAMPLES } from './network.js'
import type { Threads } from './threads.js'

export function describeTraining(engineOf: () => Engine, threadsOf: () => Threads): void {
  describe('training', () => {
    test('follows the reference evaluator, the shorter last batch of each epoch included', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      expect(fit.stepsPerEpoch).toBe(5)
      let state: Readonly<Record<string, ArrayLike<number>>> = initialState(training.program, 4)
      for (let epoch = 0; epoch < 3; epoch++) {
        const order = shuffled(data.rows, 4, epoch)
        const losses: number[] = []
        for (let batch = 0; batch < 5; batch++) {
          const rows = order.slice(5 * batch, 5 * batch + 5)
          const program = rows.length === 5 ? training.program : training.tail
          if (!program) throw new Error('23 examples have a shorter last batch')
          const fields = { image: rowsOf(image, rows), label: rowsOf(label, rows) }
          const step = evaluate(program, { state, batch: fields, step: 5 * epoch + batch, seed: 4 })
          losses.push((step.results.loss?.[0] ?? NaN) * rows.length)
          state = step.state
        }
        const chunk = await fit.run({ steps: 5 })
        expect(chunk.status).toBe('done')
        const meanLoss = losses.reduce((a, b) => a + b) / NUM_EXAMPLES
        expect(chunk.means.loss?.[0]).toBeCloseTo(meanLoss, 5)
      }
      for (const [name, values] of Object.entries(fit.read())) {
        expectClose(values, state[name] ?? [], 1e-4, () => name)
      }
      fit.dispose()
    })

    test('gives the same bits however it is cut into chunks', async () => {
      const whole = await weightsAfter(engineOf(), [20])
      expect(await weightsAfter(engineOf(), [1, 7, 3, 9])).toEqual(whole)
    })

    test('gives the same bits in a worker thread', async () => {
      const here = await weightsAfter(engineOf(), [20])
      const fit = await engineOf().compile(training, { data, seed: 4 })
      expect(await threadsOf().run(fit, 20, 1)).toMatchObject({ status: 'done', steps: 20 })
      expect(fit.read()).toEqual(here)
      fit.dispose()
    })

    test.each([0, 3, 5, 12, 20])(
      'left after %d steps, goes on elsewhere with the same bits and means',
      async (left) => {
        const whole = await engineOf().compile(training, { data, seed: 4 })
        await whole.run({ steps: 15 })
        const wanted = await whole.run({ steps: 8 })

        const first = await engineOf().compile(training, { data, seed: 4 })
        for (const steps of [Math.min(left, 15), Math.max(0, left - 15)]) await first.run({ steps })
        const [position, state] = [first.position(), first.read()]
        expect(position.step).toBe(left)
        first.dispose()

        const second = await engineOf().compile(training, { data, seed: 4, state })
        second.seek(position)
        expect(second.position()).toEqual(position)
        if (left < 15) await second.run({ steps: 15 - left })
        const [task] = second.begin(23 - second.step, { continues: left > 15 })
        const chunk = second.finish(await threadsOf().execute([task]))
        expect(chunk).toEqual(wanted)
        expect(second.read()).toEqual(whole.read())
        for (const execution of [whole, second]) execution.dispose()
      },
    )

    test('refuses a position that it cannot stand at', async () => {
      const fit = await engineOf().compile(training, { data, seed: 4 })
      const position = fit.position()
      for (const wrong of [
        { step: -1 },
        { step: 1.5 },
        { step: 2 ** 31 },
        { since: 1 },
        { sums: {} },
        { sums: { loss: new Float64Array(2) } },
        { sums: { ...position.sums, other: new Float64Array(1) } },
      ]) {
        expect(() => fit.seek({ ...position, ...wrong })).toThrow(UserError)
      }
      fit.dispose()
    })

    test('depends on the seed, and takes 0 for a seed', async () => {
      const [zero, one] = [await weightsAfter(engineOf(), [5], 0), await weightsAfter(engineOf(), [5], 1)]
      expect(await weightsAfter(engineOf(), [5], 0)).toEqual(zero)
      expect(zero).not.toEqual(one)
    })

    test('does not call Math.random', async () => {
      const random = vi.spyOn(Math, 'random').mockImplementation(() => {
        throw new Error('Math.random was called')
      })
      try {
        await weightsAfter(engineOf(), [5])
      } finally {
        random.mockRestore()
      }
    })
  })
}
