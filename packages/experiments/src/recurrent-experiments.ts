/** Networks that read MNIST row by row, in the group `recurrent`. */
import { adam, cosine, defineModel, mul, reshape, softmax, type Tensor } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { accuracy, crossEntropy, dense, gru } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** A GRU reads the rows of an image as 28 time steps. */
const rows = defineModel({
  params: { rows: gru(28, 128), output: dense(128, 10) },
  step(params, { image, label }) {
    const logits = logitsOf(params, image)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict(params, { image }) {
    return { probabilities: softmax(logitsOf(params, image)) }
  },
})

function logitsOf({ rows, output }: Readonly<Record<'rows' | 'output', (x: Tensor) => Tensor>>, image: Tensor): Tensor {
  return output(rows(reshape(mul(image, 1 / 255), [-1, 28, 28])))
}

export function recurrentExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_rows_gru',
      condition: 'a GRU over rows, all labels',
      data: mnist(),
      train: { optimizer: adam({ learningRate: cosine(0.003) }), batchSize: 64, epochs: 10, reportEvery: 2 },
      stages: [{ name: 'gru', model: rows }],
    }),
  ]
}
