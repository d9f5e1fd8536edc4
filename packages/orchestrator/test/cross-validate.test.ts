/** Each fold is a run of the experiment without the rows that it is judged on, whatever the number of workers. */
import { adam } from '@gradpool/core'
import { arrays, loadDataset } from '@gradpool/datasets'
import { autoencode, classify, defineExperiment, planExperiment } from '@gradpool/experiments'
import { regress } from '@gradpool/models'
import { compare, crossValidate } from '@gradpool/trainer'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { crossValidateExperiment, type ExperimentFold } from '../src/cross-validate-experiment.js'
import { runExperiments } from '../src/run-experiments.js'
import { chooseEngine } from '@gradpool/trainer'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const numRows = 43
const x = Float32Array.from({ length: 2 * numRows }, (_, i) => ((i * 7919) % 97) * (1 + (i % 2) * i))
const y = Float32Array.from({ length: numRows }, (_, row) => 3 * (x[2 * row] ?? 0) - (x[2 * row + 1] ?? 0) + 1e4)
const table = { x: { values: x, shape: [2] }, y: { values: y, shape: [] } }
const train = { optimizer: adam(0.02), epochs: 6, batchSize: 8 }
const prices = defineExperiment({ name: 'prices', data: arrays(table), stages: [regress({ hidden: [6] })], train })

const image = Uint8Array.from({ length: 12 * numRows }, (_, i) => (i * i * 31) % 251)
const label = Uint8Array.from({ length: numRows }, (_, row) => row % 3)
const pictures = (rows: ArrayLike<number>) => ({
  image: {
    values: Uint8Array.from(Array.from(rows).flatMap((row) => [...image.subarray(12 * row, 12 * row + 12)])),
    shape: [12],
  },
  label: { values: Uint8Array.from(rows, (row) => label[row] ?? 0), shape: [] },
})
const all = Array.from({ length: numRows }, (_, row) => row)
const twoStages = (data: ReturnType<typeof arrays>) =>
  defineExperiment({
    name: 'codes',
    data,
    stages: [
      autoencode({ encoder: [6, 4], decoder: [6, 12] }),
      classify({ hidden: [5], classes: 3, encoder: 'frozen' }),
    ],
    train,
  })

describe('cross-validation of an experiment', () => {
  it('of one stage is that of its model', async () => {
    const options = { folds: 4, repeats: 2, seed: 5 }
    const found = await crossValidateExperiment(prices, options)
    const expected = await crossValidate(regress({ hidden: [6] }), { ...options, ...train, data: table })
    expect(found).toEqual(expected)
    expect(compare(found, expected, 'rmse')).toMatchObject({ difference: 0, p: 1 })
    expect(compare(found, found)).toMatchObject({ difference: 0, degreesOfFreedom: 7 })
  })

  it('of several has none of them see the rows that it is judged on', async () => {
    const { folds, predictions, rows } = await crossValidateExperiment(twoStages(arrays(pictures(all))), {
      folds: 3,
      seed: 7,
      splitBy: 'order',
    })
    expect([...rows]).toEqual(all)
    expect(folds.map(({ rows, trained }) => [rows.length, trained])).toEqual([
      [15, 28],
      [14, 29],
      [14, 29],
    ])
    expect(predictions[0]?.logits?.length).toBe(3 * numRows)
    for (const [number, fold] of folds.entries()) {
      const others = all.filter((row) => !fold.rows.includes(row))
      // These data have no other rows: nothing else can have been seen.
      const config = twoStages(arrays(pictures(others), { test: arrays(pictures(fold.rows)) }))
      const plan = planExperiment(config, { dataset: await loadDataset(config.data), seed: 7 + number })
      const engine = await chooseEngine({ engine: 'auto' })
      const alone = await runExperiments([plan], { engine, workers: 1, directory: await temporaryFolder() })
      expect(fold.test).toEqual((await alone.result).experiments[0]?.test)
    }
  })

  it('keeps what rows without labels are for: stages that need none', async () => {
    const few = arrays(pictures(all), { labelled: 12 })
    const { folds, rows } = await crossValidateExperiment(twoStages(few), { folds: 3, splitBy: 'order' })
    expect(rows.length).toBe(12)
    expect(folds.map(({ trained }) => trained)).toEqual([8, 8, 8])
    const alone = await crossValidateExperiment(twoStages(arrays(pictures(rows))), { folds: 3, splitBy: 'order' })
    expect(folds.map(({ test }) => test)).not.toEqual(alone.folds.map(({ test }) => test))
  })

  it('has the same bits on any number of workers, tells of each fold, and leaves nothing', async () => {
    const before = await readdir(tmpdir())
    const told: ExperimentFold[] = []
    const options = { folds: 3, splitBy: 'label' } as const
    const one = await crossValidateExperiment(twoStages(arrays(pictures(all), { test: 4 })), { ...options, workers: 1 })
    const many = await crossValidateExperiment(twoStages(arrays(pictures(all), { test: 4 })), {
      ...options,
      workers: 3,
      onFold: (fold) => told.push(fold),
    })
    expect(many).toEqual(one)
    expect(one.rows.length).toBe(39)
    expect(told.toSorted((a, b) => a.fold - b.fold)).toEqual(one.folds)
    const left = (await readdir(tmpdir())).filter((name) => !before.includes(name))
    expect(left.filter((name) => name.startsWith('gradpool-folds-'))).toEqual([])
  })

  it('goes on in a folder of its own', async () => {
    const directory = await temporaryFolder()
    const first = await crossValidateExperiment(prices, { directory })
    const told: string[] = []
    const again = await crossValidateExperiment(prices, { directory, onWarning: (message) => told.push(message) })
    expect(again).toEqual(first)
    expect(told).toEqual([])
    expect((await readdir(directory)).filter((name) => !name.startsWith('.'))).toHaveLength(2)
  })

  it('ends with the reason of its signal, or with what is wrong with a fold', async () => {
    const long = { ...prices, train: { ...prices.train, epochs: 1_000_000 } }
    const aborted = crossValidateExperiment(long, { signal: AbortSignal.timeout(500) })
    await expect(aborted).rejects.toThrow('aborted due to timeout')
    await expect(crossValidateExperiment(prices, { folds: 44 })).rejects.toThrow('43 rows cannot be in 44 folds')
    await expect(crossValidateExperiment(prices, { folds: 1 })).rejects.toThrow(
      'crossValidate: folds must be a whole number of at least 2, not 1',
    )
    const steep = { ...prices, train: { ...prices.train, optimizer: adam(1e30) } }
    await expect(crossValidateExperiment(steep)).rejects.toThrow(/^prices: regress: .*loss/)
  })
})
