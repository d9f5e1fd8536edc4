/** What optimizers are composed of, from end to end: any number of workers, saved and continued, averaged. */
import {
  abs,
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  defineModel,
  div,
  add,
  frozen,
  groups,
  lion,
  mul,
  muon,
  nadam,
  plateau,
  sgd,
  sub,
  updateRule,
} from '@gradpool/core'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { train } from '@gradpool/core/engine'
import { fit, loadModel, startTraining } from '../src/index.js'
import { DoneEpochs } from '../src/training/done-epochs.js'
import { fastestWorkers } from '../src/strategies/shared-steps.js'
import { ganOptimizer, lineGan, realNumbers } from '../src/testing/line-gan.js'
import { readOracle } from '../src/testing/oracles.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'
import { wideExamples } from '../src/testing/wide-examples.js'

const wide = defineModel({
  params: { hidden: dense(784, 64, { activation: 'relu' }), output: dense(64, 10) },
  step({ hidden, output }, { image, label }) {
    const logits = output(hidden(image))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
})

/** Moves by the sign of the gradient. */
const bySign = updateRule({
  slots: [],
  shared: [],
  update: ({ parameters }) => ({
    shared: {},
    parameters: parameters.map(({ weight, gradient }) => {
      return { weight: sub(weight, mul(0.001, div(gradient, add(abs(gradient), 1e-12)))), slots: {} }
    }),
  }),
})

const engines = ['wasm', ...(nativeInstructionSets().length > 0 ? (['native'] as const) : [])] as const

const composed = [
  ['groups, one with a schedule of its own', { optimizer: groups({ '*.bias': sgd(plateau(0.1)), '*': adamw() }) }],
  ['a group that is frozen', { optimizer: groups({ 'hidden.bias': frozen(), '*': adam() }) }],
  ['a rule of one’s own among groups', { optimizer: groups({ '*.bias': bySign, '*': nadam() }) }],
  ['Muon and AdamW, averaged', { optimizer: groups({ '*.weight': muon(0.02), '*': adamw() }), ema: 0.9 }],
  ['Lion, averaged and clipped', { optimizer: lion(0.001), ema: 0.9, clip: clipByGlobalNorm(0.5) }],
  ['Adagrad in micro-batches', { optimizer: adagrad(), microBatches: 4 }],
  ['accumulated gradients, averaged', { optimizer: adamw(0.003), accumulate: 2, microBatches: 2, ema: 0.8 }],
] as const

describe.each(composed)('%s', (_, learning) => {
  const data = wideExamples(600)
  const options = { ...learning, data, validation: 0.1, batchSize: 128, epochs: 3 }

  it('gives the same bits on any number of workers and engine', async () => {
    const hashes = new Set<string>()
    for (const engine of engines) {
      for (const workers of [1, 2, 3]) hashes.add((await fit(wide, { ...options, engine, workers })).weightsHash)
    }
    expect(hashes.size).toBe(1)
  })

  it('learns', async () => {
    const { history } = await fit(wide, { ...options, epochs: 16 })
    expect(history.at(-1)?.validation.accuracy).toBeGreaterThan(0.5)
  })

  it('goes on from what was saved as if it had not been interrupted', async () => {
    // Of four steps an epoch: what is accumulated begins anew where a training does.
    const given = { ...options, batchSize: 150, shuffle: false }
    const whole = await fit(wide, { ...given, epochs: 4 })
    const half = await fit(wide, { ...given, epochs: 2 })
    const bytes = half.toBytes({ optimizer: true })
    const byCode = await fit(wide, { ...given, epochs: 2, initFrom: bytes })
    const loaded = await loadModel(bytes)
    const byFile = await loaded.fit({ data, validation: 0.1, epochs: 2 })
    expect(byCode.weightsHash).toBe(whole.weightsHash)
    expect(byFile.weightsHash).toBe(whole.weightsHash)
  })
})

it('parts that train apart are averaged with all that their optimizers keep', async () => {
  const optimizer = groups({ '*.bias': adamw({ weightDecay: 0 }), '*': muon(0.01) })
  const options = { data: examples(203), batchSize: 7, epochs: 5, optimizer, ema: 0.9, averageEvery: 3 }
  const [alone, together] = await Promise.all([1, 2].map((workers) => fit(threeClasses, { ...options, workers })))
  expect(alone?.weightsHash).toBe(together?.weightsHash)
  expect(alone?.history.at(-1)?.accuracy).toBeGreaterThan(0.6)
})

describe('an average of weights', () => {
  const options = { data: examples(203), validation: 0.2, batchSize: 7, epochs: 4, optimizer: adam(0.01) }

  it('is what is judged, predicts and is saved; the raw weights go on as without it', async () => {
    const averaged = await fit(threeClasses, { ...options, ema: 0.99 })
    const plain = await fit(threeClasses, options)
    const raw = averaged.states.get('optimizer/raw/hidden.weight')?.values
    expect(raw).toEqual(plain.weights['hidden.weight'])
    expect(averaged.weights['hidden.weight']).not.toEqual(raw)
    expect(averaged.history.map(({ loss }) => loss)).toEqual(plain.history.map(({ loss }) => loss))

    const { data } = options
    const judged = await averaged.evaluate(data)
    expect(judged).not.toEqual(await plain.evaluate(data))
    const loaded = await loadModel(averaged.toBytes())
    expect(await loaded.evaluate(data)).toEqual(judged)
    const rows = { image: data.image.values }
    const { probabilities } = await averaged.predict(rows)
    expect((await loaded.predict(rows)).probabilities).toEqual(probabilities)
    expect([...loaded.states.keys()].filter((name) => name.startsWith('optimizer/'))).toEqual([])
    // Weights that are given begin both.
    const next = await fit(threeClasses, { ...options, epochs: 1, optimizer: sgd(0), ema: 0.5, initFrom: loaded })
    expect(next.weights).toEqual(averaged.weights)
  })

  it('is that of the epochs’ validation', async () => {
    const held = examples(50, 300)
    const averaged = await fit(threeClasses, { ...options, ema: 0.9, validation: held })
    const { loss, accuracy } = await averaged.evaluate(held)
    expect(averaged.history.at(-1)?.validation).toEqual({ loss, accuracy })
  })
})

describe('a plateau', () => {
  it('is met when PyTorch meets it', () => {
    const { plateau } = readOracle('optimizers.json') as {
      plateau: Readonly<Record<'lr' | 'factor' | 'patience' | 'minDelta' | 'min', number>> & {
        readonly metrics: readonly number[]
        readonly rates: readonly number[]
      }
    }
    const { lr, factor, patience, minDelta, min, metrics } = plateau
    const epochs = new DoneEpochs({ epochs: 100 }, [{ state: 'reductions', patience, minDelta }])
    let reductions = 0
    const rates = metrics.map((loss, i) => {
      epochs.add({ epoch: i + 1, seconds: 0, loss })
      reductions += epochs.reduced.length
      return Math.max(min, lr * factor ** reductions)
    })
    rates.forEach((rate, i) => expect(rate).toBeCloseTo(plateau.rates[i] ?? NaN, 12))
    expect(new Set(plateau.rates).size).toBe(5)
  })

  const options = { data: examples(203), batchSize: 7, epochs: 10, keep: 'last' } as const
  const count = 'optimizer/reductions'

  it('is counted by epochs in which the monitor does not become better', async () => {
    const still = sgd(plateau({ learningRate: 0, patience: 3 }))
    const fitted = await fit(threeClasses, { ...options, validation: 0.2, optimizer: still })
    // After the first, which is the best, there are nine.
    expect(fitted.states.get(count)?.values[0]).toBe(3)
    const more = { ...options, validation: 0.2, optimizer: still, initFrom: fitted, epochs: 4 }
    expect((await fit(threeClasses, more)).states.get(count)?.values[0]).toBe(4)
    const loaded = await loadModel(fitted.toBytes({ optimizer: true }))
    const further = await loaded.fit({ data: options.data, validation: 0.2, epochs: 7 })
    expect(further.states.get(count)?.values[0]).toBe(5)
  })

  it('goes by the loss where nothing is held out, and is reduced at once', async () => {
    // It grows at this rate, and the rate falls to nothing when it does.
    const optimizer = sgd(plateau({ learningRate: 20, factor: 1e-30, patience: 1 }))
    const fitted = await fit(threeClasses, { ...options, optimizer })
    const losses = fitted.history.map(({ loss }) => loss)
    const worse = losses.findIndex((loss, i) => i > 0 && loss >= Math.min(...losses.slice(0, i)))
    expect(worse).toBeGreaterThan(0)
    const after = losses.slice(worse + 1)
    expect(after.length).toBeGreaterThan(2)
    // Epochs visit the examples in other orders, and so round sums otherwise.
    for (const loss of after) expect(loss / (after[0] ?? NaN)).toBeCloseTo(1, 5)
  })

  it('has no place where there are no epochs', async () => {
    const fields = { image: { shape: [6] }, label: { shape: [], dtype: 'u8' } } as const
    await expect(startTraining(threeClasses, { fields, optimizer: sgd(plateau(1)) })).rejects.toThrow(
      'the plateau schedule goes by epochs, which startTraining does not have',
    )
  })
})

describe('a generator and a discriminator', () => {
  const data = realNumbers(4096)
  const options = { data, optimizer: ganOptimizer, batchSize: 512, epochs: 120 }

  it('come to make what looks like the data', async () => {
    const fitted = await fit(lineGan, options)
    const { made } = await fitted.predict({ noise: data.noise.values })
    const numbers = Array.from(made)
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
    expect(Math.abs(mean - 3)).toBeLessThan(0.3)
    const row = fitted.history.at(-1)
    expect(row?.loss).toBeCloseTo((row?.generator ?? NaN) + (row?.discriminator ?? NaN), 5)
  })

  it('give the same bits on any number of workers, and resumed', async () => {
    const fields = { real: { dtype: 'f32', shape: [1] }, noise: { dtype: 'f32', shape: [8] } } as const
    const program = train(lineGan, { optimizer: ganOptimizer, batchSize: 512, data: { fields, numExamples: 512 } })
    // Else the second worker would have nothing to do.
    expect(fastestWorkers(program, 2)).toBe(2)
    const short = { ...options, epochs: 8 }
    const hashes = new Set<string>()
    for (const engine of engines) {
      for (const workers of [1, 2]) hashes.add((await fit(lineGan, { ...short, engine, workers })).weightsHash)
    }
    const directory = await temporaryFolder()
    const controller = new AbortController()
    const onEpoch = ({ row }: { row: { epoch: number } }) => {
      if (row.epoch >= 3) controller.abort()
    }
    await expect(fit(lineGan, { ...short, directory, signal: controller.signal, onEpoch })).rejects.toThrow(/abort/)
    hashes.add((await fit(lineGan, { ...short, directory, workers: 2 })).weightsHash)
    expect(hashes.size).toBe(1)
  })
})
