/** Rare classes, and batches that are not full, as users have them. */
import { describe, expect, it } from 'vitest'
import {
  arrays,
  type Batch,
  classCountsOf,
  classify,
  type ClassifyOptions,
  crossEntropy,
  defineExperiment,
  defineModel,
  dense,
  fit,
  loadDataset,
  recall,
  sgd,
} from './index.js'

/** One row in ten is of class 1, and the classes overlap. */
const numRows = 400
const labels = Uint8Array.from({ length: numRows }, (_, i) => Number(i % 10 === 0))
const values = Float32Array.from({ length: numRows }, (_, i) => (labels[i] ?? 0) * 0.5 + Math.sin(i * 12.9898))
const fields = { x: { values, shape: [1] }, label: { values: labels, shape: [] } }
const engine = { engine: 'wasm', workers: 1 } as const
const learning = { optimizer: sgd(0.5), batchSize: 100, epochs: 40, ...engine }

async function rareFound(options: Pick<ClassifyOptions, 'classWeights'>, balance?: 'oversample'): Promise<number> {
  const model = classify({ field: 'x', hidden: [], ...options })
  const data = arrays(fields, balance && { balance })
  const fitted = await fit(model, { ...learning, data })
  const { estimate } = await fitted.predict({ x: values })
  return labels.filter((label, i) => label === 1 && estimate[i] === 1).length / 40
}

describe('a rare class', () => {
  it('is found more often with weights, and by rows that are repeated', { timeout: 30_000 }, async () => {
    const plain = await rareFound({})
    expect(plain).toBeLessThan(0.1)
    for (const balanced of [
      await rareFound({ classWeights: 'balanced' }),
      await rareFound({ classWeights: [1, 9] }),
      await rareFound({}, 'oversample'),
    ]) {
      expect(balanced).toBeGreaterThan(0.5)
    }
  })

  it('has the weights of the training rows, which judge nothing', async () => {
    const data = await loadDataset(arrays(fields, { test: 100, splitBy: 'order' }))
    expect(classCountsOf(data)).toEqual([270, 30])
    const options = { ...learning, data, epochs: 1 }
    const balanced = await fit(classify({ hidden: [], classWeights: 'balanced' }), options)
    const given = await fit(classify({ hidden: [], classWeights: [300 / 540, 5] }), options)
    expect(balanced.weightsHash).toBe(given.weightsHash)
    const plain = await fit(classify({ hidden: [] }), { ...options, optimizer: sgd(1e-30), initFrom: balanced })
    expect((await plain.evaluate()).loss).toBe((await balanced.evaluate()).loss)
  })

  it('of weights that do not fit is refused', async () => {
    expect(() => classify({ hidden: [], classWeights: [-1, 1] })).toThrow('classWeights must be numbers of at least 0')
    const model = classify({ hidden: [], classWeights: [1, 1, 1] })
    await expect(fit(model, { ...learning, data: arrays(fields) })).rejects.toThrow(
      'classWeights must be one for each of 2 classes, not 3',
    )
    const stage = { ...classify({ hidden: [] }), classWeights: 'even' as 'balanced' }
    expect(() => defineExperiment({ name: 'own', data: arrays(fields), stages: [stage] })).toThrow(
      "stages[0].classWeights must be 'balanced' or one number for each class, not 'even'",
    )
  })
})

it('rows count by a field of weights', async () => {
  const weight = { values: Float32Array.from(labels, (label) => (label === 1 ? 9 : 1)), shape: [] }
  const weighted = defineModel({
    params: { output: dense(1, 2) },
    step({ output }, { x, label, weight }: Batch<'x' | 'label' | 'weight'>) {
      const logits = output(x)
      return { loss: crossEntropy(logits, label, { weights: weight }), recall: recall(logits, label) }
    },
  })
  const fitted = await fit(weighted, { ...learning, data: arrays({ ...fields, weight }) })
  expect(fitted.history.at(-1)?.recall).toBeGreaterThan(0.5)
})

describe('a last batch that is not full', () => {
  const data = arrays(fields, { test: 10, splitBy: 'order' })
  const last = (lastBatch: 'keep' | 'drop', batchSize = 100) => {
    return fit(classify({ hidden: [] }), {
      ...learning,
      data,
      batchSize,
      lastBatch,
      epochs: 2,
    })
  }

  it('is a step, or left out', async () => {
    expect((await last('drop')).weightsHash).not.toBe((await last('keep')).weightsHash)
    // 390 rows are three batches of 130, with nothing left.
    expect((await last('drop', 130)).weightsHash).toBe((await last('keep', 130)).weightsHash)
    // Fewer rows than a batch are one batch.
    expect((await last('drop', 500)).weightsHash).toBe((await last('keep', 500)).weightsHash)
  })

  it('is an option of experiments', () => {
    const of = (lastBatch: unknown) =>
      defineExperiment({
        name: 'own',
        data,
        train: { lastBatch: lastBatch as 'keep' },
        stages: [classify({ hidden: [] })],
      })
    expect(of('drop').train).toMatchObject({ lastBatch: 'drop' })
    expect(() => of('pad')).toThrow("train.lastBatch must be 'keep' or 'drop', not 'pad'")
  })
})
