/** The content of a small saved model that has all parts. */
import { matmul, mean, normal, parameter, sgd, square, defineModel, sub, type Batch } from '@gradpool/core'
import { evaluation, initialState, prediction, train } from '@gradpool/core/engine'
import { namedStates } from '../named-states.js'
import type { ModelContent } from '../saved-model/saved-model.js'

const blockRows = 8

export function smallContent(): ModelContent {
  const model = defineModel({
    params: { w: parameter([3, 2], normal(0, 1)) },
    step: ({ w }, { x, y }: Batch<'x' | 'y'>) => {
      const error = square(sub(matmul(x, w), y))
      return { loss: mean(error) }
    },
    predict: ({ w }, { x }: Batch<'x'>) => ({ y: matmul(x, w) }),
  })
  const fields = { x: { dtype: 'f32', shape: [3] }, y: { dtype: 'f32', shape: [2] } } as const
  const batch = (rows: number) => ({ batchSize: rows, data: { fields, numExamples: rows } })
  const metrics = [
    { name: 'loss', kind: 'mean', results: { loss: 'loss' }, direction: 'min' },
    { name: 'spread', kind: 'means', results: { a: 'loss' }, finish: 'r2' },
  ] as const
  const program = train(model, {
    batchSize: 4,
    data: { fields, numExamples: 10 },
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  })
  return {
    states: namedStates(program.program, initialState(program.program, 0)),
    predict: {
      fields: [{ name: 'x', ...fields.x }],
      outputs: [{ name: 'y', dtype: 'f32', shape: [2] }],
      row: prediction(model, batch(1)).program,
      block: prediction(model, batch(blockRows)).program,
      blockRows,
    },
    evaluation: {
      metrics,
      row: evaluation(model, batch(1)).program,
      block: evaluation(model, batch(blockRows)).program,
      blockRows,
    },
    training: { microBatches: 1, ...program },
    table: {
      target: 'price',
      columns: ['size', 'kind', 'year'],
      categories: { kind: ['flat', 'house'] },
      unknown: 'zeros',
      missing: 'median',
      classNames: ['low', 'high'],
      tokens: { kind: 'characters', characters: ['a', '🐋'], unknown: 'token' },
    },
    provenance: {
      gradpool: '0.2.0',
      numerics: 'exact',
      seed: 0,
      epochs: 3,
      data: { name: 'made up', hash: 'f'.repeat(64) },
      options: { optimizer: { kind: 'sgd', learningRate: 0.1 } },
    },
    metrics: { loss: 0.25, validation: { loss: 0.5 } },
  }
}
