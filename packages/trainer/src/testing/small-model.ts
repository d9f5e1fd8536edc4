/** A small classifier with initial weights, ready to be saved. */
import { argMax, reshape, defineModel, sgd, softmax, type Model } from '@gradpool/core'
import { initialState, train } from '@gradpool/core/engine'
import { accuracy, crossEntropy, dense } from '@gradpool/models'
import type { TrainedModel } from '../saved-model/save-model.js'

export const fields = {
  image: { dtype: 'f32', shape: [2, 3] },
  label: { dtype: 'u8', shape: [] },
} as const

export function smallModel(): Model {
  return defineModel({
    params: { hidden: dense(6, 5, { activation: 'sigmoid' }), output: dense(5, 4) },
    step({ hidden, output }, { image, label }) {
      const logits = output(hidden(reshape(image, [image.shape[0] ?? 1, 6])))
      return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
    },
    predict({ hidden, output }, { image }) {
      const logits = output(hidden(reshape(image, [image.shape[0] ?? 1, 6])))
      return { probabilities: softmax(logits), digit: argMax(logits) }
    },
  })
}

export function smallTrained(model = smallModel()): TrainedModel {
  const training = train(model, {
    batchSize: 4,
    data: { fields, numExamples: 10 },
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  })
  return {
    model,
    fields,
    training,
    states: initialState(training.program, 3),
    provenance: { numerics: 'exact', data: { name: 'made up', hash: 'a'.repeat(64) }, seed: 3 },
    metrics: { loss: 1.25, validation: { accuracy: 0.5 } },
  }
}

/** Different numbers from 0 to below 1, for so many rows. */
export function images(rows: number): Float32Array {
  return Float32Array.from({ length: rows * 6 }, (_, i) => ((i * 7) % 31) / 31)
}
