/** Each fold is a training without the rows that it is judged on, whatever the number of workers. */
import { adam } from '@gradpool/core'
import { arrays } from '@gradpool/datasets'
import { regress } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { crossValidate, ensemble, fit, learningCurve, loadModel, type Fold } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const numRows = 43
/** Of a scale that hangs on the row, so that each part of the data has statistics of its own. */
const x = Float32Array.from({ length: 2 * numRows }, (_, i) => ((i * 7919) % 97) * (1 + (i % 2) * i))
const y = Float32Array.from({ length: numRows }, (_, row) => 3 * (x[2 * row] ?? 0) - (x[2 * row + 1] ?? 0) + 1e4)
const table = { x: { values: x, shape: [2] }, y: { values: y, shape: [] } }
const model = regress({ hidden: [6] })
const training = { optimizer: adam(0.02), epochs: 6, batchSize: 8, seed: 5 }

/** These rows alone, as data of their own. */
const rowsOf = (rows: ArrayLike<number>) => ({
  x: { values: Array.from(rows).flatMap((row) => [x[2 * row] ?? 0, x[2 * row + 1] ?? 0]), shape: [2] },
  y: { values: Array.from(rows).flatMap((row) => [y[row] ?? 0]), shape: [] },
})

describe('cross-validation', () => {
  it('is a fit for each fold, which knows nothing of the rows it is judged on, scales included', async () => {
    const options = { ...training, folds: 4, splitBy: 'order' } as const
    const { folds, rows, predictions } = await crossValidate(model, { ...options, data: table, workers: 1 })
    expect(folds.map(({ rows }) => rows.length)).toEqual([11, 11, 11, 10])
    expect(rows).toEqual(Int32Array.from({ length: numRows }, (_, row) => row))
    const estimates: number[] = []
    for (const [number, fold] of folds.entries()) {
      const others = Array.from(rows).filter((row) => !fold.rows.includes(row))
      const held = rowsOf(fold.rows)
      // These data have no other rows: nothing else can have been seen.
      const alone = await fit(model, { ...training, data: rowsOf(others), seed: 5 + number, workers: 1 })
      expect(fold).toMatchObject({ repeat: 1, fold: number + 1, trained: others.length, epochs: 6 })
      expect(fold.test).toEqual(await alone.evaluate(held))
      estimates.push(...(await alone.predict({ x: held.x.values })).estimate)
    }
    expect(Array.from(predictions[0]?.estimate ?? [])).toEqual(estimates)
  })

  it('has means and deviations over the folds of all repeats', async () => {
    const { folds, mean, deviation, predictions } = await crossValidate(threeClasses, {
      ...training,
      data: examples(40),
      folds: 3,
      repeats: 2,
      splitBy: 'label',
      workers: 1,
    })
    expect(folds.map(({ repeat, fold }) => [repeat, fold])).toEqual([1, 2].flatMap((r) => [1, 2, 3].map((f) => [r, f])))
    const losses = folds.map(({ test }) => test.loss)
    const average = losses.reduce((sum, loss) => sum + loss, 0) / 6
    expect(mean.loss).toBeCloseTo(average, 12)
    const squares = losses.reduce((sum, loss) => sum + (loss - average) ** 2, 0)
    expect(deviation.loss).toBeCloseTo(Math.sqrt(squares / 5), 12)
    expect(Object.keys(mean)).toEqual(['loss', 'accuracy'])
    // Two repeats have other folds, and so other predictions, of each row one.
    expect(predictions.map(({ probabilities }) => probabilities.length)).toEqual([120, 120])
    expect(predictions[0]).not.toEqual(predictions[1])
  })

  it('has the same bits on any number of workers', async () => {
    const options = { ...training, data: arrays(table, { test: 5 }), folds: 3, validation: 0.2, keep: 'best' } as const
    const one = await crossValidate(model, { ...options, workers: 1 })
    for (const workers of [2, 3, 8]) expect(await crossValidate(model, { ...options, workers })).toEqual(one)
    expect(one.rows.length).toBe(38)
    expect(await crossValidate(model, { ...options, workers: 1, seed: 6 })).not.toEqual(one)
  })

  it('tells of each fold', async () => {
    const told: Fold<typeof model>[] = []
    const onFold = (fold: Fold<typeof model>) => told.push(fold)
    const { folds } = await crossValidate(model, { ...training, data: table, folds: 2, workers: 1, onFold })
    expect(told).toEqual(folds)
  })

  it('ends with the reason of its signal, or with what is wrong with a fold', async () => {
    const long = { data: examples(203), epochs: 1e6, folds: 3, workers: 2 }
    const aborted = crossValidate(threeClasses, { ...long, signal: AbortSignal.timeout(300) })
    await expect(aborted).rejects.toThrow(/timeout/)
    const reason = new Error('never mind')
    await expect(crossValidate(threeClasses, { ...long, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const broken = {
      ...table,
      y: { values: Float32Array.from(y, (value, row) => (row === 7 ? 3e38 : value)), shape: [] },
    }
    const wild = crossValidate(regress({ hidden: [6], standardize: false }), { ...training, data: broken, workers: 2 })
    await expect(wild).rejects.toThrow(/the loss is not a finite number/)
  })

  it('refuses options that are of one training, or wrong', async () => {
    const options = { data: table, directory: 'somewhere' }
    await expect(crossValidate(model, options)).rejects.toThrow("crossValidate has no option 'directory'")
    await expect(crossValidate(model, { data: table, folds: 1 })).rejects.toThrow(
      'folds must be a whole number of at least 2, not 1',
    )
    const splitBy = { group: '' }
    await expect(crossValidate(model, { data: table, splitBy })).rejects.toThrow(
      "splitBy must be 'random', 'label', 'order'",
    )
    await expect(crossValidate(model, { data: table, splitBy: 'label' })).rejects.toThrow(
      "splitBy: 'label' needs the field 'label'",
    )
  })
})

describe('a learning curve', () => {
  it('is of cross-validations with some of the rows, up to all of them', async () => {
    const options = { ...training, data: examples(60), folds: 3, workers: 1 }
    const curve = await learningCurve(threeClasses, { ...options, sizes: [0.25, 12, 1] })
    expect(curve.map(({ size }) => size)).toEqual([10, 12, 40])
    expect(curve.map(({ folds }) => folds.map(({ trained }) => trained))).toEqual([
      [10, 10, 10],
      [12, 12, 12],
      [40, 40, 40],
    ])
    const { folds, mean, deviation } = await crossValidate(threeClasses, options)
    expect(curve[2]).toEqual({ size: 40, folds, mean, deviation })
    expect(curve[0]?.folds.map(({ rows }) => rows)).toEqual(folds.map(({ rows }) => rows))
    expect(await learningCurve(threeClasses, { ...options, sizes: [0.25, 12, 1], workers: 4 })).toEqual(curve)
  })

  it('refuses more rows than there are, and what is no size', async () => {
    const options = { data: table, folds: 2 }
    await expect(learningCurve(model, { ...options, sizes: [22] })).rejects.toThrow(
      'sizes: 22 rows are more than the 21 that a fold leaves',
    )
    for (const sizes of [[], [0], [1.5], [-1]]) {
      await expect(learningCurve(model, { ...options, sizes })).rejects.toThrow(
        'sizes must be a list of shares above 0',
      )
    }
  })
})

describe('an ensemble', () => {
  it('predicts the mean of fitted and loaded models', async () => {
    const [a, b] = [
      await fit(model, { ...training, data: table, workers: 1 }),
      await fit(model, { ...training, data: table, seed: 8, workers: 1 }),
    ]
    const rows = { x: x.subarray(0, 8) }
    const [first, second] = [(await a.predict(rows)).estimate, (await b.predict(rows)).estimate]
    const mean = Array.from(first, (value, i) => Math.fround((value + (second[i] ?? NaN)) / 2))
    expect(Array.from((await ensemble([a, b]).predict(rows)).estimate)).toEqual(mean)
    const loaded = await loadModel(b.toBytes(), { inputs: ['x'], outputs: ['estimate'] })
    expect(Array.from((await ensemble([a, loaded]).predict(rows)).estimate)).toEqual(mean)
  })

  it('predicts the class that most predict, of several the smallest', async () => {
    const of = (...classes: number[]) => ({ predict: () => Promise.resolve({ estimate: Int32Array.from(classes) }) })
    const { estimate } = await ensemble([of(1, 2, 5), of(3, 2, 4), of(3, 0, 9)]).predict({})
    expect(Array.from(estimate)).toEqual([3, 2, 4])
    await expect(ensemble([of(1), of(1, 2)]).predict({})).rejects.toThrow("the models' 'estimate' are not of one shape")
    expect(() => ensemble([])).toThrow('ensemble needs at least one model')
  })
})
