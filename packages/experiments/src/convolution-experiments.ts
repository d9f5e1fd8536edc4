/** Networks of convolutions on MNIST, in the group `convolution`. */
import { adam, cosine, defineModel, mul, reshape, softmax, type Tensor } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { accuracy, conv2d, crossEntropy, dense, dropout, flatten, maxPool2d } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** LeNet-5 (LeCun et al. 1998) with the widths and the activations of today. */
const lenet = defineModel({
  params: {
    first: conv2d(1, 32, 5, { padding: 'same', activation: 'relu' }),
    second: conv2d(32, 64, 5, { padding: 'same', activation: 'relu' }),
    hidden: dense(7 * 7 * 64, 512, { activation: 'relu' }),
    dropped: dropout(0.5),
    output: dense(512, 10),
  },
  step(params, { image, label }) {
    const logits = logitsOf(params, image)
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict(params, { image }) {
    return { probabilities: softmax(logitsOf(params, image)) }
  },
})

type Function = (x: Tensor) => Tensor

function logitsOf(
  {
    first,
    second,
    hidden,
    dropped,
    output,
  }: Readonly<Record<'first' | 'second' | 'hidden' | 'dropped' | 'output', Function>>,
  image: Tensor,
): Tensor {
  const pixels = reshape(mul(image, 1 / 255), [-1, 28, 28, 1])
  const features = maxPool2d(second(maxPool2d(first(pixels), 2)), 2)
  return output(dropped(hidden(flatten(features))))
}

export function convolutionExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_cnn',
      condition: 'two convolutions, all labels',
      data: mnist(),
      train: { optimizer: adam({ learningRate: cosine(0.001) }), batchSize: 64, epochs: 10, reportEvery: 2 },
      stages: [{ name: 'lenet', model: lenet }],
    }),
  ]
}
