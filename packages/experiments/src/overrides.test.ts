import { adamw, groups, plateau } from '@gradpool/core'
import { describe, expect, it } from 'vitest'
import { findExperiments } from './catalogue.js'
import { withOverrides } from './overrides.js'
import type { ExperimentConfig } from './schema.js'

function auto(): ExperimentConfig {
  const [config] = findExperiments(['mnist_auto_2'])
  if (config === undefined) throw new Error('the catalogue is empty')
  return config
}

describe('withOverrides', () => {
  it('replaces fields, in order', () => {
    const config = withOverrides(auto(), [
      'train.epochs=3',
      'train.epochs=4',
      'stages[0].encoder=[32, 10]',
      'stages.1.train.batchSize=20',
      'train.optimizer={"kind":"sgd","learningRate":0.5}',
      'condition=a = b',
    ])
    expect(config.train).toMatchObject({ epochs: 4, optimizer: { kind: 'sgd', momentum: 0 } })
    expect(config.stages[0]).toMatchObject({ encoder: [32, 10], decoder: [64, 784] })
    expect(config.stages[1]).toMatchObject({ train: { batchSize: 20 } })
    expect(config.condition).toBe('a = b')
  })

  it('takes a field of train by its name alone', () => {
    const config = withOverrides(auto(), ['batchSize=128', 'averageEvery=8', 'earlyStopping.patience=3'])
    const earlyStopping = { patience: 3 }
    expect(config.train).toMatchObject({ batchSize: 128, averageEvery: 8, earlyStopping })
  })

  it('takes options that need each other in any order', () => {
    const set = ['averageParts=[2,1]', 'averageEvery=8']
    expect(withOverrides(auto(), set).train).toMatchObject({ averageParts: [2, 1] })
    expect(() => withOverrides(auto(), ['epochs=2', 'averageParts=2'])).toThrow(
      'epochs=2 averageParts=2: train: averageParts is of no use without averageEvery',
    )
  })

  it('takes a key with dots in it in brackets and quotes', () => {
    const config = withOverrides(auto(), [
      'optimizer={"kind":"groups","groups":{"*.bias":{"kind":"adamw"},"*":{"kind":"adamw"}}}',
      'optimizer.groups["*.bias"].weightDecay=0',
      'train.optimizer.groups.*.learningRate={"kind":"plateau","learningRate":0.01}',
      'ema=0.999',
    ])
    expect(config.train).toMatchObject({
      optimizer: groups({ '*.bias': adamw({ weightDecay: 0 }), '*': adamw(plateau(0.01)) }),
      ema: 0.999,
    })
    for (const override of ['a[b]=1', 'a..b=1', '.a=1', 'a["b]=1', '=1', 'a.=1', '["a"']) {
      expect(() => withOverrides(auto(), [override])).toThrow(
        `'${override}' must be path=value, such as train.epochs=3`,
      )
    }
  })

  it('takes what is not JSON as a text', () => {
    const config = withOverrides(auto(), ['stages[0].codeActivation=sigmoid'])
    expect(config.stages[0]).toMatchObject({ codeActivation: 'sigmoid' })
  })

  it('leaves the experiment itself as it was', () => {
    const config = auto()
    const before = JSON.stringify(config)
    withOverrides(config, ['train.epochs=3', 'stages[0].encoder=[1]'])
    expect(JSON.stringify(config)).toBe(before)
  })

  const wrong: [override: string, message: string][] = [
    [
      'optimizer={"kind":"groups","groups":{"*":{"kind":"sgd","beta":1}}}',
      `optimizer={"kind":"groups","groups":{"*":{"kind":"sgd","beta":1}}}: train.optimizer.groups["*"] has no field 'beta'; its fields are learningRate, momentum, nesterov, weightDecay, clip`,
    ],
    ['ema=1', 'ema=1: train.ema must be a number of at least 0 and below 1, not 1'],
    ['train.epoch=3', "train.epoch=3: train has no option 'epoch'; it has 'epochs'"],
    [
      'stages[0].hidden=[3]',
      "stages[0].hidden=[3]: stages[0] has no field 'hidden'; its fields are kind, encoder, decoder, activation, codeActivation, outputActivation, weight, scale, input, augment, train",
    ],
    ['train.epochs=many', "train.epochs=many: train.epochs must be a whole number of at least 1, not 'many'"],
    ['train.epochs=0.5', 'train.epochs=0.5: train.epochs must be a whole number of at least 1, not 0.5'],
    ['train.epochs.first=1', "train.epochs.first=1: train.epochs is 10, which has no fields, so no 'first'"],
    ['stages[2].hidden=[1]', "stages[2].hidden=[1]: stages has entries 0 to 1, as in stages[0]; there is no '2'"],
    ['stages.hidden=1', "stages.hidden=1: stages has entries 0 to 1, as in stages[0]; there is no 'hidden'"],
    ['train', "'train' must be path=value, such as train.epochs=3"],
    ['=3', "'=3' must be path=value, such as train.epochs=3"],
    ['train..epochs=3', "'train..epochs=3' must be path=value, such as train.epochs=3"],
    [
      'data.labeled=0.5',
      "data.labeled=0.5: data has no field 'labeled'; its fields are kind, labelled, validation, splitSeed, directory",
    ],
  ]
  it.each(wrong)('refuses %s', (override, message) => {
    const attempt = () => withOverrides(auto(), [override])
    expect(attempt).toThrow(expect.objectContaining({ name: 'UserError', message }))
  })
})
