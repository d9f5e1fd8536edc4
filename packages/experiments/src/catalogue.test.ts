import { describe, expect, it } from 'vitest'
import { catalogue, findExperiments, groups } from './catalogue.js'
import { withPreset } from './presets.js'

const table = [
  ['mnist_mlp_all', 0.9, 1, 'classify [10] none'],
  ['mnist_mlp_1p', 0.684, 0.01, 'classify [10] none'],
  ['mnist_auto_1', 0.746, 0.01, 'autoencode [10] [784], classify [10] fineTuned'],
  ['mnist_auto_fix', 0.749, 0.01, 'autoencode [10] [784], classify [10] frozen'],
  ['mnist_auto_2', 0.796, 0.01, 'autoencode [64,10] [64,784], classify [10] fineTuned'],
  ['mnist_auto_3', 0.187, 0.01, 'autoencode [64,1] [64,784], classify [10] fineTuned'],
] as const

function layersOf(name: string): string {
  const stages = catalogue().get(name)?.stages ?? []
  const texts = stages.map((stage) => {
    if (stage.kind === 'autoencode') {
      return `autoencode ${JSON.stringify(stage.encoder)} ${JSON.stringify(stage.decoder)}`
    }
    if (stage.kind === 'hash') {
      return `hash ${JSON.stringify(stage.encoder)}${stage.labels ? ' with labels' : ''}`
    }
    if (stage.kind === 'continueText') return `continueText ${stage.width}`
    if (stage.kind === 'regress') return `regress ${JSON.stringify(stage.hidden)}`
    return stage.kind === 'classify' ? `classify ${JSON.stringify(stage.hidden)} ${stage.encoder}` : stage.name
  })
  return texts.join(', ')
}

describe('the catalogue', () => {
  it.each(table)('%s is as in the report', (name, reported, labelled, layers) => {
    const config = catalogue().get(name)
    expect(config).toMatchObject({ name, reported, data: { labelled } })
    expect(layersOf(name)).toBe(layers)
    expect(config?.train).toMatchObject({
      optimizer: { kind: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999 },
      batchSize: 10,
      epochs: 10,
    })
    for (const stage of config?.stages ?? []) {
      expect(stage).toMatchObject({ weight: { kind: 'normal', mean: 0, std: 0.03 } })
      if (stage.kind === 'autoencode') {
        expect(stage).toMatchObject({ codeActivation: 'relu', outputActivation: 'relu', scale: 1 })
      }
    }
  })

  it.each(table)('%s keeps its widths when tuned', (name) => {
    const config = catalogue().get(name)
    if (config === undefined) throw new Error(name)
    const tuned = withPreset(config, 'tuned')
    expect(tuned.train.optimizer).toMatchObject({ learningRate: { kind: 'cosine' } })
    tuned.stages.forEach((stage, i) => {
      const before = config.stages[i]
      expect(stage.kind).toBe(before?.kind)
      if (stage.kind === 'classify') expect(before).toMatchObject({ hidden: stage.hidden })
      if (stage.kind === 'autoencode') {
        expect(before).toMatchObject({ encoder: stage.encoder, decoder: stage.decoder })
        expect(stage.scale).toBe(1 / 255)
      }
    })
  })

  it('has a group of the six', () => {
    expect(groups().report).toEqual(table.map(([name]) => name))
  })

  const hashing = [
    ['mnist_hash_1', 10, 'autoencode [10] [784]'],
    ['mnist_hash_2', 50, 'autoencode [64,10] [64,784]'],
    ['mnist_hash_deep_16', 10, 'hash [512,512,16]'],
    ['mnist_hash_deep_32', 10, 'hash [512,512,32]'],
    ['mnist_hash_deep_64', 10, 'hash [512,512,64]'],
    ['mnist_hash_semi', 10, 'hash [512,512,64], hash [512,512,64] with labels'],
  ] as const

  it('has a group of hashing', () => {
    expect(groups().hashing).toEqual(hashing.map(([name]) => name))
  })

  it('has a group of convolution, whose networks of MNIST read flat images', () => {
    expect(groups().convolution).toEqual(['mnist_cnn', 'mnist_conv_1p', 'mnist_conv_auto'])
    expect(groups().speed).toEqual(['cifar_shape'])
    expect(catalogue().get('cifar_shape')?.data).toMatchObject({ kind: 'random', rows: 3200, seed: 0 })
    expect(layersOf('mnist_cnn')).toBe('lenet')
    expect(layersOf('mnist_conv_auto')).toBe('autoencode, classify')
  })

  it('has a group of networks that make images', () => {
    expect(groups().generative).toEqual(['mnist_vae', 'mnist_gan'])
    expect(layersOf('mnist_vae')).toBe('variational')
  })

  it('has a group of recurrent networks, which read flat images', () => {
    expect(groups().recurrent).toEqual(['mnist_rows_gru'])
    expect(layersOf('mnist_rows_gru')).toBe('gru')
  })

  it('has a transformer that learns a book by its characters', () => {
    expect(groups().text).toEqual(['text_transformer'])
    expect(catalogue().get('text_transformer')?.data).toMatchObject({ kind: 'text', tokens: 'characters', length: 64 })
  })

  it.each(hashing)('%s hashes', (name, epochs, layers) => {
    const config = catalogue().get(name)
    expect(config?.train.epochs).toBe(epochs)
    expect(layersOf(name)).toBe(layers)
  })

  it.each(['mnist_hash_1', 'mnist_hash_2'])('%s has the report’s setting, a sigmoid code and scaled pixels', (name) => {
    const config = catalogue().get(name)
    expect(config?.train).toMatchObject({
      optimizer: { kind: 'adam', learningRate: 0.001 },
      batchSize: 10,
    })
    const setting = {
      weight: { kind: 'normal', std: 0.03 },
      scale: 1 / 255,
      outputActivation: 'relu',
    }
    expect(config?.stages).toMatchObject([{ ...setting, codeActivation: 'sigmoid' }])
  })
})

describe('findExperiments', () => {
  it('takes names and groups, each experiment once', () => {
    const names = findExperiments(['mnist_auto_3', 'report', 'mnist_auto_3']).map((c) => c.name)
    expect(names).toHaveLength(6)
    expect(names[0]).toBe('mnist_auto_3')
  })

  it('suggests the nearest name', () => {
    expect(() => findExperiments(['mnist_auto_fx'])).toThrow(
      "there is no experiment 'mnist_auto_fx'; did you mean 'mnist_auto_fix'?",
    )
    expect(() => findExperiments(['imagenet'])).toThrow(
      "there is no experiment 'imagenet'; there are report, hashing, convolution, generative, recurrent, text, speed, mnist_mlp_all,",
    )
  })
})
