/** The arena: what it refuses, and that nothing is left behind in it. */
import { adam } from '@gradpool/core'
import { evaluation, train } from '@gradpool/core/engine'
import { network, networkOf, training, trainingData as data } from '@gradpool/engine-contract'
import { describe, expect, test } from 'vitest'
import { wasmEngine } from './index.js'

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

  test('refuses more memory than it has, naming the numbers', async () => {
    const tiny = await wasmEngine({ memoryBytes: 2 ** 20 })
    const wide = networkOf(200000)
    const program = train(wide, { optimizer: adam(), batchSize: 5, data })
    await expect(tiny.compile(program, { data, seed: 0 })).rejects.toThrow(/MiB/)
    await tiny.dispose()
  })
})
