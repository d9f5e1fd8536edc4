/** Any number of workers gives the same bits, on every engine, whatever `microBatches` is. */
import { adam, defineModel, softmax } from '@gradpool/core'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { wideExamples } from '../src/testing/wide-examples.js'
import { fit } from '../src/index.js'

/** The sample of the README. */
const model = defineModel({
  params: { hidden: dense(784, 64, { activation: 'relu' }), output: dense(64, 10) },
  step({ hidden, output }, { image, label }) {
    const logits = output(hidden(image))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict({ hidden, output }, { image }) {
    return { probabilities: softmax(output(hidden(image))) }
  },
})

const data = wideExamples(1000)
const engines = ['wasm', ...(nativeInstructionSets().length > 0 ? (['native'] as const) : [])] as const

async function trained(engine: (typeof engines)[number], workers: number, microBatches?: number) {
  const cut = microBatches === undefined ? {} : { microBatches }
  const options = { data, validation: 0.1, batchSize: 128, epochs: 3, optimizer: adam() }
  const fitted = await fit(model, { ...options, ...cut, engine, workers })
  const rows = fitted.history.map(({ seconds: _, ...row }) => row)
  return { hash: fitted.weightsHash, rows }
}

describe('the sample model', () => {
  it.each(engines)('is the same on 1, 2 and 4 workers of %s', async (engine) => {
    const alone = await trained(engine, 1)
    for (const workers of [2, 4]) expect(await trained(engine, workers)).toEqual(alone)
  })

  it('is the same on both engines', async () => {
    const hashes = await Promise.all(engines.map(async (engine) => (await trained(engine, 2)).hash))
    expect(new Set(hashes).size).toBe(1)
  })

  it('is the same in 4 micro-batches on 1, 2 and 3 workers, and not the same as whole', async () => {
    const whole = await trained('wasm', 1)
    const alone = await trained('wasm', 1, 4)
    expect(alone.hash).not.toBe(whole.hash)
    for (const workers of [2, 3]) {
      expect((await trained('wasm', workers, 4)).hash).toBe(alone.hash)
    }
  })
})
