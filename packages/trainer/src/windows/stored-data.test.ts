/** Rows in files train to the same bits as in memory, whatever the window, the engine and the number of threads. */
import { adam, defineModel, relu } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy, dense, dropout } from '@gradpool/models'
import { arrays, prepareDataset, stored, type RowsSplitOptions } from '@gradpool/datasets'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { chooseEngine } from '../choose-engine.js'
import { fit } from '../fit/fit.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { examples } from '../testing/three-classes.js'
import { wideExamples } from '../testing/wide-examples.js'

const engines = nativeInstructionSets().length > 0 ? (['wasm', 'native'] as const) : (['wasm'] as const)

/** Whose steps draw numbers of their own. */
const model = defineModel({
  params: { hidden: dense(6, 20), drop: dropout(0.2), output: dense(20, 3) },
  step({ hidden, drop, output }, { image, label }) {
    const logits = output(drop(relu(hidden(image))))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})
const learning = { batchSize: 16, epochs: 3, optimizer: adam(0.01), seed: 7, progress: false, workers: 1 }
const split: RowsSplitOptions = { validation: 0.2, test: 31, splitSeed: 3 }
const inMemory = examples(203)

describe('rows in files', () => {
  it.each(engines)('train to the same bits on %s, whatever the window', async (engine) => {
    const folder = await prepared(inMemory)
    const expected = await fit(model, { ...learning, engine, data: arrays(inMemory, split) })
    for (const windowBytes of engine === 'wasm' ? [1, 3000, 100_000] : [1000]) {
      const found = await fit(model, { ...learning, engine, data: stored(folder, { ...split, windowBytes }) })
      expect(found.weightsHash).toBe(expected.weightsHash)
      expect(found.history.map(withoutTime)).toEqual(expected.history.map(withoutTime))
      expect(await found.evaluate()).toEqual(await expected.evaluate())
    }
  })

  it('train to the same bits on two threads that share steps', async () => {
    const data = wideExamples(700)
    const folder = await prepared(data)
    const wide = defineModel({
      params: { hidden: dense(784, 256, { activation: 'relu' }), output: dense(256, 10) },
      step: ({ hidden, output }, { image, label }) => ({ loss: crossEntropy(output(hidden(image)), label) }),
    })
    const options = { ...learning, batchSize: 128, epochs: 2 }
    const expected = await fit(wide, { ...options, data: arrays(data) })
    const found = await fit(wide, { ...options, workers: 2, data: stored(folder, { windowBytes: 2 ** 18 }) })
    expect(found.weightsHash).toBe(expected.weightsHash)
  })

  it('leave out what fills no batch, as in memory', async () => {
    const folder = await prepared(inMemory)
    const options = { ...learning, lastBatch: 'drop' } as const
    const expected = await fit(model, { ...options, data: arrays(inMemory) })
    const found = await fit(model, { ...options, data: stored(folder, { windowBytes: 1500 }) })
    expect(found.weightsHash).toBe(expected.weightsHash)
  })

  it('go on where a training was stopped', async () => {
    const folder = await prepared(inMemory)
    const [directory, epochs] = [await temporaryFolder(), 6]
    const data = stored(folder, { ...split, windowBytes: 1000 })
    const options = { ...learning, epochs, data }
    const expected = await fit(model, options)
    for (const last of [3]) {
      const controller = new AbortController()
      const stopped = fit(model, {
        ...options,
        directory,
        checkpointSeconds: 0.001,
        signal: controller.signal,
        onEpoch: ({ row }) => row.epoch === last && controller.abort(new Error('enough')),
      })
      await expect(stopped).rejects.toThrow('enough')
    }
    const found = await fit(model, { ...options, directory })
    expect(found.weightsHash).toBe(expected.weightsHash)
    expect(found.history).toHaveLength(epochs)
  })

  it('are shuffled in blocks to the same bits as in memory', async () => {
    const folder = await prepared(inMemory)
    const shuffle = { blockRows: 5, groupBlocks: 7 }
    const expected = await fit(model, { ...learning, data: arrays(inMemory, { ...split, shuffle }) })
    const whole = await fit(model, { ...learning, data: arrays(inMemory, split) })
    expect(expected.weightsHash).not.toBe(whole.weightsHash)
    for (const windowBytes of [1, 2000]) {
      const found = await fit(model, { ...learning, data: stored(folder, { ...split, shuffle, windowBytes }) })
      expect(found.weightsHash).toBe(expected.weightsHash)
    }
  })

  it('that are cut short while they are trained on end the training with a sentence', async () => {
    const folder = await prepared(inMemory)
    const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith('.bin'))
    const training = fit(model, {
      ...learning,
      epochs: 1000,
      data: stored(folder, { windowBytes: 1000 }),
      onEpoch: ({ row }) => (row.epoch === 1 ? truncate(join(folder, file), 10) : undefined),
    })
    await expect(training).rejects.toThrow(/\.bin was cut short while it was read: prepare the data again$/)
  })
})

/** As TensorFlow has it. */
function withOwnMemory(engine: Engine): Engine {
  const { name, description, numerics, workerModule, allocate } = engine
  const compile: Engine['compile'] = (program, options) => engine.compile(program, options)
  return { name, description, numerics, workerModule, allocate, compile, dispose: () => engine.dispose() }
}

async function prepared(fields: Parameters<typeof arrays>[0]): Promise<string> {
  const folder = join(await temporaryFolder(), 'rows')
  await prepareDataset(arrays(fields), folder)
  return folder
}

function withoutTime<R extends { readonly seconds: number }>({ seconds, ...row }: R): Omit<R, 'seconds'> {
  expect(seconds).toBeGreaterThan(0)
  return row
}

describe('what does not read windows', () => {
  it('has rows of files in its memory, and shuffles none in blocks', async () => {
    const folder = await prepared(examples(30))
    const options = { ...learning, engine: withOwnMemory(await chooseEngine({ engine: 'wasm' })), epochs: 1 }
    const expected = await fit(model, { ...options, data: arrays(examples(30)) })
    const found = await fit(model, { ...options, data: stored(folder, { windowBytes: 1 }) })
    expect(found.weightsHash).toBe(expected.weightsHash)
    const blocks = fit(model, { ...options, data: stored(folder, { shuffle: {} }) })
    await expect(blocks).rejects.toThrow("the engine 'wasm' does not shuffle rows in blocks: use native or wasm")
  })

  it('averages only whole shuffles', async () => {
    const folder = await prepared(examples(30))
    const averaging = fit(model, { ...learning, data: stored(folder, { shuffle: {} }), averageEvery: 2 })
    await expect(averaging).rejects.toThrow('averageEvery deals rows out to its parts, so shuffle must be whole')
  })
})
