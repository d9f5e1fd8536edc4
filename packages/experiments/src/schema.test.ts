import { adam, clipByValue, cosine, defineModel, parameter, sum, updateRule } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { autoencode, classify, cluster } from '@gradpool/models'
import { describe, expect, it } from 'vitest'
import { defineExperiment, parseExperiment } from './define-experiment.js'

const narrow = {
  name: 'narrow_code',
  data: mnist({ labelled: 0.01 }),
  train: { optimizer: adam({ learningRate: 1e-3 }), batchSize: 10, epochs: 10 },
  stages: [autoencode({ encoder: [64, 4], decoder: [64, 784] }), classify({ hidden: [10], encoder: 'frozen' })],
}

describe('defineExperiment', () => {
  it('fills in what is left out', () => {
    const config = defineExperiment({ ...narrow, train: {} })
    expect(config).toMatchObject({
      condition: '',
      reported: null,
      train: { batchSize: 32, epochs: 10, shuffle: true, reportEvery: 1, optimizer: adam() },
      stages: [
        { activation: 'relu', codeActivation: 'relu', outputActivation: 'linear' },
        { encoder: 'frozen', weight: 'heNormal' },
      ],
      presets: {},
    })
  })

  it('gives back its own output unchanged, by way of JSON too', () => {
    const config = defineExperiment(narrow)
    expect(defineExperiment(config)).toEqual(config)
    expect(parseExperiment(JSON.parse(JSON.stringify(config)))).toEqual(config)
  })

  it('takes a schedule with and without an end', () => {
    const withEnd = cosine({ learningRate: 0.01, totalSteps: 100 })
    for (const learningRate of [withEnd, { kind: 'cosine' as const, learningRate: 0.01 }]) {
      const config = defineExperiment({ ...narrow, train: { optimizer: adam({}), epochs: 1 } })
      const changed = defineExperiment({
        ...config,
        train: { optimizer: { kind: 'adam', learningRate } },
      })
      expect(changed.train.optimizer).toMatchObject({ learningRate })
    }
  })

  it('takes every option of fit by its name', () => {
    const train = {
      averageEvery: 16,
      averageParts: [1, 2],
      monitor: 'loss',
      mode: 'min',
      earlyStopping: { monitor: 'validation.loss', patience: 3 },
      keep: 'best',
      clip: clipByValue(1),
    } as const
    expect(defineExperiment({ ...narrow, train }).train).toMatchObject(train)
  })

  it('takes an optimizer of the user', () => {
    const still = updateRule({
      slots: [],
      shared: [],
      update: ({ parameters }) => ({
        shared: {},
        parameters: parameters.map(({ weight }) => ({ weight, slots: {} })),
      }),
    })
    expect(defineExperiment({ ...narrow, train: { optimizer: still } }).train.optimizer).toBe(still)
  })

  it('takes a model of the user', () => {
    const own = defineModel({
      params: { w: parameter([4], 'heNormal') },
      step: ({ w }) => ({ loss: sum(w) }),
    })
    const config = defineExperiment({ ...narrow, stages: [{ name: 'wide', model: own }] })
    expect(config.stages[0]).toEqual({ kind: 'model', name: 'wide', model: own, split: 'train' })
    expect(defineExperiment(config)).toEqual(config)
  })
})

describe('a wrong configuration', () => {
  const wrong: [change: Record<string, unknown>, message: string | RegExp][] = [
    [
      {
        stages: [autoencode({ encoder: [4], decoder: [784] }), { kind: 'classify', hidden: [10], encoder: 'freezed' }],
      },
      "narrow_code: stages[1].encoder must be 'none', 'fineTuned' or 'frozen', not 'freezed'",
    ],
    [{ stages: [] }, 'narrow_code: stages must be a list of at least 1, not []'],
    [
      { stages: [{ kind: 'clasify' }] },
      "narrow_code: stages[0].kind must be 'autoencode', 'classify', 'cluster', 'forecast', 'hash', 'regress', 'continueText' or 'model', not 'clasify'",
    ],
    [{ stages: [{ kind: 'classify' }] }, 'narrow_code: stages[0].hidden is missing; it must be a list'],
    [
      { stages: [{ kind: 'classify', hidden: [10.5] }] },
      'narrow_code: stages[0].hidden[0] must be a whole number of at least 1, not 10.5',
    ],
    [
      { stages: [classify({ hidden: [10], encoder: 'frozen' })] },
      "narrow_code: stages[0].encoder is 'frozen', so an autoencode stage must come before; or 'none'",
    ],
    [
      { stages: [cluster({ clusters: 2, encoder: 'frozen' })] },
      "narrow_code: stages[0].encoder is 'frozen', so an autoencode or hash stage must come before; or 'none'",
    ],
    [
      { stages: [narrow.stages[0], cluster({ clusters: 2, encoder: 'fineTuned' })] },
      "narrow_code: stages[1].encoder is 'fineTuned', so a cluster stage with 'frozen' must find centres before",
    ],
    [
      { stages: [{ kind: 'cluster', clusters: 2, memory: 1 }] },
      'narrow_code: stages[0].memory must be a number of at least 0 and below 1, not 1',
    ],
    [
      { stages: [{ kind: 'regress', hidden: [2], quantiles: [0.9, 0.1] }] },
      'narrow_code: stages[0].quantiles must be ascending numbers above 0 and below 1, not [0.9,0.1]',
    ],
    [
      { stages: [{ kind: 'forecast', hidden: [2], horizon: 0 }] },
      'narrow_code: stages[0].horizon must be a whole number of at least 1, not 0',
    ],
    [
      { stages: [narrow.stages[0], classify({ hidden: [10], encoder: 'frozen', scale: 1 })] },
      "narrow_code: stages[1].scale is the autoencode stage's where encoder is 'frozen'; leave it out here",
    ],
    [
      { stages: [{ name: 'own', model: {} }] },
      "narrow_code: stages[0].model must be a model made by core's defineModel({ params, step })",
    ],
    [{ train: { epoch: 3 } }, "narrow_code: train has no option 'epoch'; it has 'epochs'"],
    [{ train: { epochs: 0 } }, 'narrow_code: train.epochs must be a whole number of at least 1, not 0'],
    [{ train: { epochs: '3' } }, "narrow_code: train.epochs must be a whole number of at least 1, not '3'"],
    [
      { stages: [{ ...narrow.stages[0], train: { batchSize: 0 } }] },
      'narrow_code: stages[0].train.batchSize must be a whole number of at least 1, not 0',
    ],
    [{ train: { clip: { kind: 'value', max: 0 } } }, 'narrow_code: train.clip.max must be a positive number, not 0'],
    [
      { train: { earlyStopping: { patience: 2, minDelta: -1 } } },
      'narrow_code: train.earlyStopping.minDelta must be a number of at least 0, not -1',
    ],
    [{ train: { average: { every: 3 } } }, /^narrow_code: train has no option 'average'; /],
    [{ train: { averageParts: 2 } }, 'narrow_code: train: averageParts is of no use without averageEvery'],
    [
      {
        train: { averageEvery: 2 },
        stages: [{ ...narrow.stages[0], train: { microBatches: 2 } }],
      },
      /^narrow_code: stages\[0\]\.train: averageEvery and microBatches exclude each other/,
    ],
    [
      { train: { optimizer: { kind: 'adan' } } },
      "narrow_code: train.optimizer.kind must be 'sgd', 'adam', 'adamw', 'nadam', 'rmsprop', 'adagrad', 'lion', 'muon' or 'groups', not 'adan'",
    ],
    [
      { train: { optimizer: { kind: 'adam', learningRate: -1 } } },
      'narrow_code: train.optimizer.learningRate must be a number of at least 0, not -1',
    ],
    [
      {
        train: { optimizer: { kind: 'adam', learningRate: { kind: 'cosine', learningRate: 'x' } } },
      },
      "narrow_code: train.optimizer.learningRate.learningRate must be a number of at least 0, not 'x'",
    ],
    [
      { data: { ...narrow.data, labelled: 3 } },
      'narrow_code: data.labelled must be a number above 0 and at most 1, not 3',
    ],
    [
      { name: 'a b' },
      "a b: name must be a name of letters, digits, dots, dashes and underscores that begins with a letter or a digit, not 'a b'",
    ],
    [
      { name: 'a'.repeat(201) },
      `${'a'.repeat(40)}…: name must be a name of at most 200 characters, not '${'a'.repeat(40)}…'`,
    ],
    [
      { condition: 'c'.repeat(1001) },
      `narrow_code: condition must be a text of at most 1000 letters, not '${'c'.repeat(40)}…'`,
    ],
    [{ onEpoch: 'log' }, "narrow_code: onEpoch must be a function, not 'log'"],
    [{ reported: 90 }, 'narrow_code: reported must be a number from 0 to 1, or null, not 90'],
    [
      { stagse: [] },
      "narrow_code: an experiment has no field 'stagse' (did you mean 'stages'?); its fields are name, condition, reported, data, train, stages, presets, onEpoch",
    ],
  ]
  it.each(wrong)('%j', (change, message) => {
    const attempt = () => parseExperiment({ ...narrow, ...change })
    const said: unknown = typeof message === 'string' ? message : expect.stringMatching(message)
    expect(attempt).toThrow(expect.objectContaining({ name: 'UserError', message: said }))
  })

  it('that is no object at all', () => {
    expect(() => parseExperiment(3)).toThrow('experiment: an experiment must be an object, not 3')
  })
})
