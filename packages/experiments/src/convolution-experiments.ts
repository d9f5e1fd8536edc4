/** Networks of convolutions, in the group `convolution`. */
import { adam, cosine, defineModel, mul, relu, reshape, sigmoid, softmax, type Tensor } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import {
  accuracy,
  binaryCrossEntropy,
  conv2d,
  conv2dTranspose,
  crossEntropy,
  dense,
  dropout,
  flatten,
  maxPool2d,
  sequential,
} from '@gradpool/models'
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

/** Half as high and wide twice, to a code of 32 numbers: [28, 28, 1], [14, 14, 16], [7, 7, 32], [32]. */
const encoder = sequential([
  conv2d(1, 16, 3, { strides: 2, padding: 'same', activation: 'relu' }),
  conv2d(16, 32, 3, { strides: 2, padding: 'same', activation: 'relu' }),
  flatten,
  dense(7 * 7 * 32, 32),
])

/** The same backwards. */
const decoder = sequential([
  dense(32, 7 * 7 * 32, { activation: 'relu' }),
  (x) => reshape(x, [-1, 7, 7, 32]),
  conv2dTranspose(32, 16, 3, { strides: 2, padding: 'same', activation: 'relu' }),
  conv2dTranspose(16, 1, 3, { strides: 2, padding: 'same' }),
])

const scaled = (image: Tensor) => reshape(mul(image, 1 / 255), [-1, 28, 28, 1])

const autoencoder = defineModel({
  params: { encoder, decoder },
  step({ encoder, decoder }, { image }) {
    const pixels = scaled(image)
    return { loss: binaryCrossEntropy(decoder(encoder(pixels)), pixels) }
  },
  predict({ encoder, decoder }, { image }) {
    const code = encoder(scaled(image))
    return { code, image: sigmoid(decoder(code)) }
  },
})

/** On the encoder, which begins with the weights of the stage before where there is one. */
const onEncoder = defineModel({
  params: { encoder, dropped: dropout(0.3), output: dense(32, 10) },
  step({ encoder, dropped, output }, { image, label }) {
    const logits = output(dropped(relu(encoder(scaled(image)))))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict({ encoder, dropped, output }, { image }) {
    return { probabilities: softmax(output(dropped(relu(encoder(scaled(image)))))) }
  },
})

/** 600 labels, over and over. */
const fewLabels = { optimizer: adam({ learningRate: cosine(0.001) }), batchSize: 32, epochs: 100, reportEvery: 20 }

export function convolutionExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_cnn',
      condition: 'two convolutions, all labels',
      data: mnist(),
      train: { optimizer: adam({ learningRate: cosine(0.001) }), batchSize: 64, epochs: 10, reportEvery: 2 },
      stages: [{ name: 'lenet', model: lenet }],
    }),
    // The report's question, with the network that images ask for: do images without labels help when labels are few?
    defineExperiment({
      name: 'mnist_conv_1p',
      condition: 'convolutions, 600 labels alone',
      data: mnist({ labelled: 0.01 }),
      train: fewLabels,
      stages: [{ name: 'classify', model: onEncoder, split: 'train' }],
    }),
    defineExperiment({
      name: 'mnist_conv_auto',
      condition: 'convolutions, a code of 32 numbers, then 600 labels',
      data: mnist({ labelled: 0.01 }),
      train: fewLabels,
      stages: [
        {
          name: 'autoencode',
          model: autoencoder,
          split: 'all',
          train: { batchSize: 64, epochs: 10, reportEvery: 2 },
        },
        { name: 'classify', model: onEncoder, split: 'train' },
      ],
    }),
  ]
}
