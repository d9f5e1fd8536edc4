import { type Batch, cast, defineModel, matmul, mean, mul, oneHot, parameter, square, sub, sum } from '@gradpool/core'
import { arrays, loadDataset, mnist, type DataInput } from '@gradpool/datasets'
import { autoencode, classify, cluster, forecast, hash } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { defineExperiment } from './define-experiment.js'
import { withOverrides } from './overrides.js'
import { planExperiment } from './plan-experiment.js'
import { withPreset } from './presets.js'
import type { ExperimentInput } from './schema.js'
import { tinyDataset } from './testing/tiny-dataset.js'

const narrow = autoencode({ encoder: [3, 2], decoder: [3, 4] })
const base = {
  name: 'base',
  data: mnist(),
  train: { batchSize: 5, epochs: 3 },
  stages: [narrow, classify({ hidden: [2], encoder: 'fineTuned' })],
} satisfies ExperimentInput

function plan(change: Partial<ExperimentInput> = {}, seed = 0, overrides: string[] = []) {
  const config = withOverrides(defineExperiment({ ...base, ...change }), overrides)
  return planExperiment(config, { dataset: tinyDataset, seed }).stages
}

function hashes(...args: Parameters<typeof plan>): string[] {
  return plan(...args).map(({ hash }) => hash)
}

describe('a plan', () => {
  it('has the programs of each stage over its own rows', () => {
    const [first, second] = plan()
    expect(first).toMatchObject({
      name: 'autoencode',
      seed: 0,
      epochs: 3,
      training: { program: { batchSize: 5, numExamples: 12, shuffle: true } },
      validation: { program: { numExamples: 2, shuffle: false } },
      test: { program: { numExamples: 6 } },
    })
    expect(first).not.toHaveProperty('initFrom')
    expect(second).toMatchObject({
      name: 'classify',
      training: { data: tinyDataset.splits.train },
      initFrom: first?.hash,
      transferredStates: ['encoder.0.bias', 'encoder.0.weight', 'encoder.1.bias', 'encoder.1.weight'],
    })
    expect(first?.work).toBeGreaterThan(second?.work ?? Infinity)
  })

  it('has the hashes that it has without `onEpoch`, which stays through overrides and presets', () => {
    const onEpoch = () => undefined
    expect(hashes({ onEpoch })).toEqual(hashes())
    const presets = { short: { train: { epochs: 1 } } }
    const config = withPreset(defineExperiment({ ...base, presets, onEpoch }), 'short')
    expect(withOverrides(config, ['train.batchSize=2'])).toMatchObject({ train: { epochs: 1, batchSize: 2 }, onEpoch })
    expect(JSON.stringify(defineExperiment({ ...base, onEpoch }))).toBe(JSON.stringify(defineExperiment(base)))
  })

  it.each([
    ['an autoencoder', narrow, ['encoder.0.bias', 'encoder.0.weight', 'encoder.1.bias', 'encoder.1.weight']],
    [
      'a hash',
      hash({ encoder: [2] }),
      [
        'encoder.0.0.bias',
        'encoder.0.0.weight',
        'encoder.1.mean',
        'encoder.1.scale',
        'encoder.1.shift',
        'encoder.1.variance',
      ],
    ],
  ] as const)('clusters the codes of %s, and goes on from their centres', (_, encoder, states) => {
    const ofCodes = cluster({ clusters: 2, encoder: 'frozen', restarts: 3 })
    const [first, second, third] = plan({ stages: [encoder, ofCodes, cluster({ clusters: 2, encoder: 'fineTuned' })] })
    expect(second).toMatchObject({ initFrom: first?.hash, transferredStates: states })
    expect(second?.training.data).toBe(tinyDataset.splits.all)
    expect(second?.test?.program.metrics.map(({ name }) => name)).toEqual(['loss', 'accuracy', 'nmi', 'ari'])
    expect(third).toMatchObject({ initFrom: second?.hash, transferredStates: ['clusters.centers', ...states] })
    const [alone] = plan({ stages: [cluster({ clusters: 2 })] })
    expect(alone).not.toHaveProperty('initFrom')
  })

  it('forecasts windows', async () => {
    const x = { values: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), shape: [3, 2] }
    const data = arrays({ x, y: { values: new Float32Array(8).fill(1), shape: [2] } })
    const dataset = await loadDataset(data)
    const config = defineExperiment({ name: 'series', data, stages: [forecast({ hidden: [4] })] })
    const [stage] = planExperiment(config, { dataset, seed: 0 }).stages
    expect(stage?.training.program.metrics.map(({ name }) => name)).toEqual(['loss', 'mae', 'rmse'])
  })

  it('has the same three test examples in all stages that start from each other, chosen by seed', () => {
    const [first, second] = plan()
    const rows = first?.predictions?.data.rows ?? new Int32Array()
    expect(new Set(rows).size).toBe(3)
    expect(second?.predictions?.data.rows).toEqual(rows)
    expect(first?.predictions?.program).toMatchObject({ batchSize: 3, numExamples: 3 })
    expect(first?.samples?.labels).toEqual(Array.from(rows, (row) => tinyDataset.fields.test.label.values[row]))
    const results = [first, second].map((s) => s?.predictions?.program.program.results.map((r) => r.name))
    expect(results).toEqual([
      ['reconstruction', 'code'],
      ['estimate', 'logits'],
    ])
    const all = [0, 1, 2].flatMap((seed) => plan({}, seed).map((s) => s.predictions?.data.rows.join()))
    expect(new Set(all).size).toBeGreaterThan(1)
  })

  it('lets a stage train in its own way', () => {
    const [first, second] = plan({}, 0, ['stages[1].train={"batchSize":2,"epochs":7}'])
    expect([first?.training.program.batchSize, second?.training.program.batchSize]).toEqual([5, 2])
    expect([first?.epochs, second?.epochs]).toEqual([3, 7])
  })

  it('gives each replica its part of the examples, and the steps of the longest', () => {
    const train = { ...base.train, batchSize: 2 }
    const rowsOf = ([stage]: ReturnType<typeof plan>) => stage?.averaging?.replicas.map(({ data }) => data.rows.length)
    const equal = plan({ train: { ...train, averageEvery: 4, averageParts: 5 } })
    expect(rowsOf(equal)).toEqual([3, 3, 2, 2, 2])
    const unequal = plan({ train }, 0, ['averageEvery=4', 'averageParts=[1,4,1]'])
    expect(rowsOf(unequal)).toEqual([2, 8, 2])
    expect(unequal[0]?.training).toBe(unequal[0]?.averaging?.replicas[1])
    expect(hashes({ train })).not.toEqual(unequal.map(({ hash }) => hash))
    expect(() => plan({ train }, 0, ['averageEvery=4', 'averageParts=1'])).toThrow(
      'base, stages[0]: averageParts must be at least 2 parts',
    )
  })

  it('goes by any metric that a row has, and by the validation loss where none is named', () => {
    const monitorOf = (...set: string[]) => plan({}, 0, set)[1]?.monitor
    expect(monitorOf()).toEqual({ name: 'validation.loss', mode: 'min' })
    expect(monitorOf('monitor=validation.accuracy')).toMatchObject({ mode: 'max' })
    expect(() => plan({}, 0, ['monitor=validation.acc', 'keep=best'])).toThrow(
      "base, stages[0]: keep: 'best' goes by 'validation.acc', but the model has no metric 'acc'; it has loss, accuracy",
    )
  })

  it('ends a schedule without an end with the stage', () => {
    const optimizer = { kind: 'adam', learningRate: { kind: 'cosine', learningRate: 0.1 } } as const
    const explicit = (totalSteps: number) => ({
      kind: 'adam' as const,
      learningRate: { ...optimizer.learningRate, totalSteps },
    })
    const stages = [classify({ hidden: [2] })]
    const open = hashes({ stages, train: { ...base.train, optimizer } })
    // 8 labelled examples in batches of 5: 2 steps, 3 epochs.
    expect(open).toEqual(hashes({ stages, train: { ...base.train, optimizer: explicit(6) } }))
    expect(open).not.toEqual(hashes({ stages, train: { ...base.train, optimizer: explicit(7) } }))
  })

  it.each(['cosine', 'linearDecay'] as const)(
    'refuses a warm-up that a %s schedule to the end of the stage has no steps for',
    (kind) => {
      const warmUp = (warmupSteps: number) => {
        const optimizer = { kind: 'adam', learningRate: { kind, learningRate: 0.1, warmupSteps } }
        return [`train.optimizer=${JSON.stringify(optimizer)}`]
      }
      const stages = [classify({ hidden: [2] })]
      expect(() => plan({ stages }, 0, warmUp(5))).not.toThrow()
      for (const warmupSteps of [6, 100]) {
        expect(() => plan({ stages }, 0, warmUp(warmupSteps))).toThrow(
          expect.objectContaining({
            name: 'UserError',
            message: `base, stages[0]: warmupSteps of the ${kind} schedule must be below the number of steps of the training, 6, not ${warmupSteps}`,
          }),
        )
      }
    },
  )

  it.each([0.5, NaN, -(2 ** 31) - 1, 2 ** 32])('refuses the seed %d', (seed) => {
    expect(() => plan({}, seed)).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: `seed must be a whole number from -2^31 to 2^32 - 1, not ${seed}`,
      }),
    )
  })
})

describe('the hash of a stage', () => {
  it('is the same for the same experiment, whatever it is called', () => {
    const renamed = { name: 'other', condition: 'c', reported: 0.5 }
    expect(hashes(renamed, 0, ['train.reportEvery=2'])).toEqual(hashes())
  })

  it('is shared by experiments that differ only after the stage', () => {
    const frozen = [narrow, classify({ hidden: [2], encoder: 'frozen' })]
    const [first, second] = hashes({ stages: frozen })
    expect(first).toBe(hashes()[0])
    expect(second).not.toBe(hashes()[1])
  })

  it('is the same for seeds of the same bits', () => {
    expect(hashes({}, -1)).toEqual(hashes({}, 2 ** 32 - 1))
    expect(hashes({}, -(2 ** 31))).toEqual(hashes({}, 2 ** 31))
    expect(hashes({}, -1)).not.toEqual(hashes({}, 1))
  })

  const changes: [what: string, ...Parameters<typeof plan>][] = [
    ['seed', {}, 1],
    ['epochs', {}, 0, ['train.epochs=4']],
    ['batch size', {}, 0, ['train.batchSize=4']],
    ['order of examples', {}, 0, ['train.shuffle=false']],
    ['learning rate', {}, 0, ['train.optimizer.learningRate=0.1']],
    ['optimizer', {}, 0, ['train.optimizer={"kind":"sgd"}']],
    ['widths', {}, 0, ['stages[0].encoder=[2,2]']],
    ['activation', {}, 0, ['stages[0].codeActivation="sigmoid"']],
    ['scale of pixels', {}, 0, ['stages[0].scale=1']],
    ['initial weights', {}, 0, ['stages[0].weight={"kind":"normal","std":0.1}']],
  ]
  it.each(changes)('changes with the %s, in all stages that follow', (_, ...args) => {
    const before = hashes()
    hashes(...args).forEach((hash, i) => expect(hash).not.toBe(before[i]))
  })

  it('changes with the data and with the rows', () => {
    const config = defineExperiment(base)
    const { splits } = tinyDataset
    const otherRows = { ...splits.all, rows: splits.all.rows.toReversed() }
    for (const dataset of [
      { ...tinyDataset, hash: 'cd'.repeat(32) },
      { ...tinyDataset, splits: { ...splits, all: otherRows } },
    ]) {
      const changed = planExperiment(config, { dataset, seed: 0 }).stages
      expect(changed[0]?.hash).not.toBe(hashes()[0])
      expect(changed[1]?.hash).not.toBe(hashes()[1])
    }
  })
})

describe('hash stages', () => {
  const codes = hash({ encoder: [3, 2] })

  it('learn from all images, and with labels from those that have them', () => {
    const [alone, labelled] = plan({ stages: [codes, { ...codes, labels: true }] })
    expect(alone).toMatchObject({ name: 'hash', training: { data: tinyDataset.splits.all } })
    expect(labelled).toMatchObject({ training: { data: tinyDataset.splits.train } })
    expect(alone?.initFrom).toBeUndefined()
    expect(labelled?.initFrom).toBe(alone?.hash)
    expect(labelled?.transferredStates).toContain('encoder.1.mean')
  })

  it('start from the hash stage before, whatever is between', () => {
    const stages = [codes, classify({ hidden: [2] }), { ...codes, labels: true }]
    const [first, , last] = plan({ stages })
    expect(last?.initFrom).toBe(first?.hash)
  })
})

describe('models of the user', () => {
  const own = (size: number) =>
    defineModel({
      params: { w: parameter([size], 'heNormal') },
      step: ({ w }, { image }) => ({
        loss: mean(square(sub(mean(cast(image, 'f32')), sum(mul(w, w))))),
      }),
    })

  it('are stages like any other, without samples where they predict nothing', () => {
    const [first] = plan({ stages: [{ name: 'wide', model: own(4) }] })
    expect(first).toMatchObject({ name: 'wide', training: { data: tinyDataset.splits.train } })
    expect(first).not.toHaveProperty('samples')
  })

  it('start from the weights of equal name and shape in the stage before', () => {
    const [first, second] = plan({
      stages: [
        { name: 'one', model: own(4) },
        { name: 'two', model: own(4) },
      ],
    })
    expect(second).toMatchObject({ initFrom: first?.hash, transferredStates: ['w'] })
    const [, other] = plan({
      stages: [
        { name: 'one', model: own(4) },
        { name: 'two', model: own(5) },
      ],
    })
    expect(other).not.toHaveProperty('initFrom')
  })

  it('may be ready ones under a name of their own', () => {
    const model = classify({ hidden: [2] })
    const [named, ready] = plan({ stages: [{ name: 'mine', model }, model] })
    expect(named).toMatchObject({ name: 'mine', hash: ready?.hash })
  })

  it('must give metrics of one number, or say how they are made', () => {
    const wide = defineModel({
      params: { w: parameter([2], 'heNormal') },
      step: ({ w }) => ({ loss: sum(mul(w, w)), spread: w }),
    })
    expect(() => plan({ stages: [{ name: 'wide', model: wide }] })).toThrow(
      `base, stages[0] (model 'wide'): metric "spread" must be one number, not f32[2]; take its mean, or use perRow`,
    )
  })

  it('that throw are the mistake of the user, with the place', () => {
    const broken = defineModel({
      params: { w: parameter([1], 'heNormal') },
      step: () => {
        throw new TypeError('no such layer')
      },
    })
    expect(() => plan({ stages: [{ name: 'broken', model: broken }] })).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: "base, stages[0] (model 'broken'): no such layer",
      }),
    )
  })
})

describe('plain fields', () => {
  const x = { values: Float32Array.from({ length: 20 }, (_, i) => i / 4), shape: [2] }
  const y = { values: Float32Array.from({ length: 10 }, (_, i) => i), shape: [] }
  const line = defineModel({
    params: { w: parameter([2, 1], 'heNormal') },
    step: ({ w }, { x, y }: Batch<'x' | 'y'>) => ({
      loss: mean(square(sub(sum(matmul(x, w), [1]), y))),
    }),
    predict: ({ w }, { x }: Batch<'x'>) => ({ estimate: sum(matmul(x, w), [1]) }),
  })
  const stages = [{ name: 'line', model: line }]
  async function planOf(data: DataInput, more: Partial<ExperimentInput> = {}) {
    const config = defineExperiment({ ...base, data, stages, ...more })
    const dataset = await loadDataset(config.data)
    return planExperiment(config, { dataset, seed: 0 }).stages
  }

  it('of any names and shapes are trained on by a model that reads them', async () => {
    const [first] = await planOf({ x, y })
    expect(first).toMatchObject({ name: 'line', training: { program: { numExamples: 10 } } })
    for (const none of ['validation', 'test', 'samples']) expect(first).not.toHaveProperty(none)
    const inputs = first?.training.program.program.inputs.filter(({ role }) => role === 'batch')
    expect(inputs?.map(({ name }) => name).sort()).toEqual(['x', 'y'])

    const [split] = await planOf(arrays({ x, y }, { validation: 0.2, test: 3 }))
    expect(split).toMatchObject({
      training: { program: { numExamples: 5 } },
      validation: { program: { numExamples: 2 } },
      test: { program: { numExamples: 3 } },
    })
    expect(split).not.toHaveProperty('samples')
  })

  it('are the same whether plain, in a spec, or loaded', async () => {
    const [plain] = await planOf({ x, y })
    const [spec] = await planOf(arrays({ x, y }, { name: 'other' }))
    const [loaded] = await planOf(await loadDataset({ x, y }))
    expect([spec?.hash, loaded?.hash]).toEqual([plain?.hash, plain?.hash])
    const [changed] = await planOf({ x, y: { ...y, values: y.values.map((one) => one + 1) } })
    expect(changed?.hash).not.toBe(plain?.hash)
  })

  it('that are held out by themselves name the stage, too', async () => {
    const few = {
      x: { ...x, values: x.values.slice(0, 4) },
      y: { ...y, values: y.values.slice(0, 2) },
    }
    const other = { ...few, y: { ...few.y, values: Float32Array.of(7, 8) } }
    const plans = [{ test: few }, { test: other }, { validation: few }, { validation: other }]
    const found = await Promise.all(plans.map(async (options) => (await planOf(arrays({ x, y }, options)))[0]?.hash))
    expect(new Set(found).size).toBe(4)
    const [both] = await planOf(arrays({ x, y }, { validation: other, test: few }))
    expect(both?.validation?.data.fields.y?.values).toEqual(Float32Array.of(7, 8))
    expect(both?.test?.data.rows).toEqual(Int32Array.of(0, 1))
  })

  it('are split in other ways by presets and overrides, in the same memory', () => {
    const presets = { tested: { data: { test: 2 } }, other: { data: arrays({ x: y, y }) } }
    const config = defineExperiment({ ...base, data: arrays({ x, y }), stages, presets })
    const tested = withPreset(config, 'tested')
    const set = withOverrides(config, ['data.validation=0.5'])
    expect([tested.data, set.data]).toMatchObject([{ test: 2 }, { validation: 0.5 }])
    expect(tested.data).toMatchObject({ fields: { x: { values: x.values } } })
    expect(withPreset(config, 'other').data).toMatchObject({ fields: { x: { shape: [] } } })
    expect(JSON.parse(JSON.stringify(config))).toMatchObject({
      data: { kind: 'arrays', fields: { x: 'f32[2]', y: 'f32[]' } },
      stages: [{ kind: 'model', name: 'line', split: 'train' }],
    })
  })

  it('train autoencoders and classifiers where they are images and labels', async () => {
    const image = { values: Uint8Array.from({ length: 40 }, (_, i) => 5 * i), shape: [4] }
    const label = { values: Uint8Array.from({ length: 10 }, (_, i) => i % 3), shape: [] }
    const network = { stages: base.stages }
    const [first, second] = await planOf({ image, label }, network)
    expect([first, second]).toMatchObject([{ name: 'autoencode' }, { name: 'classify' }])
    expect(second).not.toHaveProperty('samples')
    const lacking = planOf({ image: x, y }, network)
    await expect(lacking).rejects.toThrow('decoder must end with the width of the input, 2, not')
    await expect(planOf({ x, y }, network)).rejects.toThrow(
      "base, stages[0]: this model needs the field 'image'; the fields of the data are x f32[2], y f32[]",
    )
    await expect(planOf({ image, y }, network)).rejects.toThrow(
      "base, stages[1]: this model needs the field 'label'; the fields of the data are image u8[4], y f32[]",
    )
    const hashing = { stages: [hash({ encoder: [2] })] }
    await expect(planOf({ image, label }, hashing)).rejects.toThrow(
      "this model needs the field 'image', bytes of shape [height, width]",
    )
  })

  it('that lack what a model reads, or have it in another dtype, are refused', async () => {
    await expect(planOf({ x })).rejects.toThrow(
      `base, stages[0] (model 'line'): the data has no field "y"; its fields are x`,
    )
    const counts = defineModel({
      params: { w: parameter([3], 'heNormal') },
      step: ({ w }, { y }: Batch<'y'>) => ({ loss: mean(mul(oneHot(y, 3), w)) }),
    })
    await expect(planOf({ y }, { stages: [{ name: 'counts', model: counts }] })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/^base, stages\[0\] \(model 'counts'\): oneHot.*f32/) as string,
    })
  })
})

it('refuses a decoder that does not end with the width of an image', () => {
  expect(() => plan({ stages: [autoencode({ encoder: [2], decoder: [5] })] })).toThrow(
    'base, stages[0]: decoder must end with the width of the input, 4, not with 5',
  )
})
