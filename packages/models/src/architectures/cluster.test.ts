import { adam } from '@gradpool/core'
import { evaluate, evaluation, initialState, modelFor, prediction, type Program, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { cluster, type ClusterOptions } from './cluster.js'

const fields = { image: { dtype: 'u8', shape: [2, 2] }, label: { dtype: 'u8', shape: [] } } as const
const data = { fields, numExamples: 6, classes: 3 }
const options = { batchSize: 6, data, optimizer: adam() }
const dark = [0, 0, 0, 51]
const light = [255, 255, 204, 255]
const batch = { image: [dark, light, dark, light, dark, light].flat(), label: [2, 0, 2, 0, 2, 0] }
const autoencoder = { encoder: [3, 2], decoder: [3, 4], codeActivation: 'linear' } as const

const learnt = ({ updates }: Program) =>
  updates.map(({ name }) => name).filter((name) => !name.startsWith('optimizer/'))
const stillNames = ['clusters.runs', 'clusters.counts', 'clusters.errors', 'clusters.centers']
const encoderNames = ['encoder.0.weight', 'encoder.0.bias', 'encoder.1.weight', 'encoder.1.bias']
const decoderNames = encoderNames.map((name) => name.replace('encoder', 'decoder'))

describe('cluster', () => {
  test.each([
    ['by itself', {}, stillNames],
    ['with an autoencoder beside it', { hidden: [3, 2] }, [...stillNames, ...encoderNames, ...decoderNames]],
    ['on codes that stay', { autoencoder, encoder: 'frozen' }, stillNames],
    ['with codes that learn', { autoencoder, encoder: 'fineTuned' }, [...encoderNames, 'clusters.centers']],
  ] as const)('%s learns what it has', (_, more: Omit<ClusterOptions, 'clusters'>, names) => {
    const { program } = train(cluster({ clusters: 3, ...more }), options)
    expect(learnt(program)).toEqual(names)
  })

  test('draws the codes of changed examples, in training alone, on an encoder of bits too', () => {
    const hasher = { encoder: [2], imageShape: [2, 2] } as const
    const augment = [{ kind: 'noise', deviation: 20 }] as const
    const model = cluster({ clusters: 2, hasher, augment })
    const { program } = train(model, options)
    const isRandom = ({ nodes }: Program) => nodes.some(({ op }) => op === 'random')
    expect(isRandom(program)).toBe(true)
    expect(isRandom(evaluation(model, options).program)).toBe(false)
    expect(isRandom(train(cluster({ clusters: 2, hasher }), options).program)).toBe(false)
    // Batch norm takes its figures once in a step.
    expect(learnt(program).sort()).toEqual([
      'clusters.centers',
      'encoder.0.0.bias',
      'encoder.0.0.weight',
      'encoder.1.mean',
      'encoder.1.scale',
      'encoder.1.shift',
      'encoder.1.variance',
    ])
    const { loss } = evaluate(program, { state: initialState(program, 0), batch }).results
    expect(loss?.[0]).toBeGreaterThanOrEqual(0)
  })

  test('finds what is apart, and tells so', () => {
    const model = cluster({ clusters: 2, memory: 0 })
    const { program } = train(model, options)
    let state: Readonly<Record<string, ArrayLike<number>>> = initialState(program, 0)
    for (let step = 0; step < 4; step++) state = { ...state, ...evaluate(program, { state, batch, step }).state }
    const { estimate = [], distances = [] } = evaluate(prediction(model, options).program, {
      state,
      batch: { image: batch.image },
    }).results
    expect(new Set(estimate).size).toBe(2)
    estimate.forEach((number, row) => {
      expect(number).toBe(estimate[row % 2])
      expect(distances[2 * row + number]).toBeCloseTo(0, 6)
    })
    const told = evaluation(model, options)
    expect(told.metrics.map(({ name, direction }) => [name, direction])).toEqual([
      ['loss', 'min'],
      ['accuracy', 'max'],
      ['nmi', 'max'],
      ['ari', 'max'],
    ])
    expect(evaluate(told.program, { state, batch }).results.loss?.[0]).toBeCloseTo(0, 6)
  })

  test('needs no labels', () => {
    const unlabelled = { ...options, data: { fields: { image: fields.image }, numExamples: 6 } }
    expect(evaluation(cluster({ clusters: 2 }), unlabelled).metrics.map(({ name }) => name)).toEqual(['loss'])
  })

  test('takes a table, which it scales', () => {
    const table = { fields: { x: { dtype: 'f32', shape: [2] } } } as const
    const figures = { mean: [10, 0], deviation: [5, 1] }
    const others = { least: [0, 0], most: [0, 0], median: [0, 0], mostFrequent: [0, 0] }
    const model = modelFor(cluster({ clusters: 1, field: 'x' }), {
      ...table,
      statistics: () => ({ shape: [2], ...figures, ...others }),
    })
    const rows = { batchSize: 1, data: { ...table, numExamples: 1 } }
    const { results } = evaluate(prediction(model, rows).program, { batch: { x: [20, 1] } })
    expect(results.distances?.[0]).toBeCloseTo(2 * 2 + 1, 5)
  })

  test('says what does not go together', () => {
    expect(() => cluster({ clusters: 0 })).toThrow('clusters must be a whole number of at least 1, not 0')
    expect(() => cluster({ clusters: 2, autoencoder, encoder: 'none' })).toThrow(
      "encoder 'none' goes with no autoencoder",
    )
    const hasher = { encoder: [2] }
    expect(() => cluster({ clusters: 2, autoencoder, hasher })).toThrow('give an autoencoder or a hasher, not both')
    expect(() => cluster({ clusters: 2, hidden: [2], encoder: 'frozen' })).toThrow(/^encoder 'frozen' has widths/)
    expect(() => train(cluster({ clusters: 2, encoder: 'frozen' }), options)).toThrow(/^encoder 'frozen' needs an auto/)
  })
})
