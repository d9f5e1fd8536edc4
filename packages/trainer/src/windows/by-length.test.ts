/** Batches of rows of like length: the same bits on every engine, any number of threads, resumed, and from files. */
import { adam, defineModel, type Batch } from '@gradpool/core'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { arrays, prepareDataset, sequences, stored } from '@gradpool/datasets'
import { accuracy, crossEntropy, dense, embedding, gru } from '@gradpool/models'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit } from '../fit/fit.js'
import { temporaryFolder } from '../testing/temporary-folder.js'

const tokens = Array.from({ length: 103 }, (_, row) =>
  Array.from({ length: 1 + ((row * row) % 9) }, (_, step) => (row + step * (3 + (row % 5))) % 103),
)
const fields = {
  ...sequences({ text: tokens }, { types: { text: 'i32' } }),
  label: Uint8Array.from(tokens, (row) => Number(row.some((token) => token > 80))),
}
const model = defineModel({
  params: { words: embedding(103, 6), read: gru(6, 8), output: dense(8, 2) },
  step({ words, read, output }, { text, length, label }: Batch<'text' | 'length' | 'label'>) {
    const logits = output(read(words(text), { lengths: length }))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})
const shuffle = { byLength: 'length', poolBatches: 4 }
const split = { validation: 0.1, test: 10, shuffle } as const
const learning = { batchSize: 8, epochs: 4, optimizer: adam(0.01), seed: 3, progress: false, workers: 1 }

describe('batches by length', () => {
  it('give the same bits in native code and in WebAssembly, on any number of threads', async () => {
    const hashes = new Set<string>()
    const engines = nativeInstructionSets().length > 0 ? (['wasm', 'native'] as const) : (['wasm'] as const)
    for (const engine of engines) {
      for (const workers of [1, 3]) {
        const { weightsHash } = await fit(model, {
          ...learning,
          engine,
          workers,
          microBatches: 2,
          data: arrays(fields, split),
        })
        hashes.add(weightsHash)
      }
    }
    expect(hashes.size).toBe(1)
    const whole = await fit(model, {
      ...learning,
      microBatches: 2,
      data: arrays(fields, { ...split, shuffle: 'whole' }),
    })
    expect(hashes).not.toContain(whole.weightsHash)
  })

  it('come from a prepared folder in windows of any size', async () => {
    const folder = join(await temporaryFolder(), 'set')
    await prepareDataset(arrays(fields), folder)
    for (const lastBatch of ['keep', 'drop'] as const) {
      const options = { ...learning, lastBatch }
      const expected = await fit(model, { ...options, data: arrays(fields, split) })
      for (const windowBytes of [1, 2000]) {
        const found = await fit(model, { ...options, data: stored(folder, { ...split, windowBytes }) })
        expect(found.weightsHash).toBe(expected.weightsHash)
      }
    }
  })

  it('go on where a training was stopped', async () => {
    const directory = await temporaryFolder()
    const options = { ...learning, epochs: 6, data: arrays(fields, split) }
    const expected = await fit(model, options)
    const controller = new AbortController()
    const stopped = fit(model, {
      ...options,
      directory,
      checkpointSeconds: 0.001,
      signal: controller.signal,
      onEpoch: ({ row }) => row.epoch === 3 && controller.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
    const found = await fit(model, { ...options, directory })
    expect(found.weightsHash).toBe(expected.weightsHash)
    // Another pool is another training.
    const other = { ...options, data: arrays(fields, { ...split, shuffle: { byLength: 'length', poolBatches: 5 } }) }
    expect((await fit(model, other)).weightsHash).not.toBe(expected.weightsHash)
  })

  it('need the lengths', async () => {
    const wrong = arrays(fields, { shuffle: { byLength: 'size' } })
    await expect(fit(model, { ...learning, data: wrong })).rejects.toThrow(
      "shuffle.byLength needs the field 'size', one whole number a row",
    )
    expect(() => arrays(fields, { shuffle: { byLength: '' } })).toThrow(
      'arrays.shuffle.byLength must be the name of a field of lengths',
    )
  })
})
