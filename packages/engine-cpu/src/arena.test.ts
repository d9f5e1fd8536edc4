/** The arena: what it refuses, and that nothing is left behind in it. */
import { adam } from '@gradpool/core'
import { evaluation, stateSizes, train } from '@gradpool/core/engine'
import {
  attentive,
  convolutional,
  network,
  networkOf,
  recurrent,
  training,
  trainingData as data,
} from '@gradpool/engine-contract'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Arena } from './arena.js'
import { wasmEngine } from './index.js'
import { STACK_BYTES } from './instructions.js'
import { Plan } from './planner/plan.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the arena', () => {
  test('loses nothing to a compilation that fails', async () => {
    const small = await wasmEngine({ memoryBytes: 2 ** 23 })
    const tooWide = train(networkOf(100000), { optimizer: adam(), batchSize: 5, data })
    for (let i = 0; i < 50; i++) {
      const fit = await small.compile(training, { data, seed: i })
      await expect(small.compile(tooWide, { data, seed: i })).rejects.toThrow(/MiB/)
      const rows = data.rows.map((row) => row + 1)
      const other = evaluation(networkOf(9), { batchSize: 5, data })
      await expect(small.compile(other, { data, seed: i, shareStateOf: fit })).rejects.toThrow()
      await expect(small.compile(other, { data: { ...data, rows }, seed: i, shareStateOf: fit })).rejects.toThrow()
      fit.dispose()
    }
    await small.dispose()
  })

  test('is free again when the last execution is disposed', async () => {
    const small = await wasmEngine({ memoryBytes: 2 ** 23 })
    for (let i = 0; i < 50; i++) {
      const fit = await small.compile(training, { data, seed: i })
      const check = await small.compile(evaluation(network, { batchSize: 10, data }), {
        data,
        seed: i,
        shareStateOf: fit,
      })
      fit.dispose()
      check.dispose()
    }
    await small.dispose()
  })

  test.each([attentive, convolutional, recurrent])(
    'has what a plan says of it, and little else: $name',
    async (example) => {
      const { network, data } = example
      const allocated = vi.spyOn(Arena.prototype, 'allocate')
      const freed = vi.spyOn(Arena.prototype, 'free')
      const written = vi.spyOn(Plan.prototype, 'write')
      const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
      const programs = train(network, { optimizer: adam(), batchSize: 8, data })
      const execution = await engine.compile(programs, { data, seed: 0 })
      const plans = written.mock.contexts.filter((context) => context instanceof Plan)
      expect(plans).toHaveLength(programs.tail ? 2 : 1)
      const planned = plans.reduce((sum, { numBytes }) => sum + numBytes, 0)
      const working = Math.max(...plans.map(({ workingBytes }) => workingBytes))
      const states = [...stateSizes(programs.program).values()].reduce((sum, size) => sum + 4 * size, 0)
      const fields = Object.values(data.fields).reduce((sum, { values }) => sum + values.byteLength, 0)
      const total = allocated.mock.calls.reduce((sum, [numBytes]) => sum + numBytes, 0)
      // The rows and their order, the indices of a batch, the stack of the worker, and words of the execution.
      const rest = 4 * (2 * data.rows.length + 8) + STACK_BYTES + 2048
      expect(total).toBeGreaterThanOrEqual(planned + working + states + fields)
      expect(total).toBeLessThanOrEqual(planned + working + states + fields + rest)

      // A step takes no more.
      const { length } = allocated.mock.calls
      await execution.run({ steps: 3 })
      expect(allocated).toHaveBeenCalledTimes(length)
      execution.dispose()
      expect(freed).toHaveBeenCalledTimes(length)
      vi.restoreAllMocks()
      await engine.dispose()
    },
  )

  test('refuses more memory than it has, naming the numbers', async () => {
    const tiny = await wasmEngine({ memoryBytes: 2 ** 20 })
    const wide = networkOf(200000)
    const program = train(wide, { optimizer: adam(), batchSize: 5, data })
    await expect(tiny.compile(program, { data, seed: 0 })).rejects.toThrow(/MiB/)
    await tiny.dispose()
  })
})
