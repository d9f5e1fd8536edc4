/** Networks that make images, in the group `generative`. */
import { adam, defineModel, mul, sigmoid, type Tensor } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { dense, negativeElbo, sampleGaussian } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** A variational autoencoder (Kingma & Welling 2014) of a code of 20 numbers. */
const variational = defineModel({
  params: {
    hidden: dense(784, 400, { activation: 'relu' }),
    means: dense(400, 20),
    logVariances: dense(400, 20),
    wide: dense(20, 400, { activation: 'relu' }),
    output: dense(400, 784),
  },
  step({ hidden, means, logVariances, wide, output }, { image }) {
    const pixels = mul(image, 1 / 255)
    const features = hidden(pixels)
    const [m, v] = [means(features), logVariances(features)]
    const decode = (code: Tensor) => output(wide(code))
    return { loss: negativeElbo(decode(sampleGaussian(m, v)), pixels, m, v) }
  },
  // The image that the means of the code stand for.
  predict({ hidden, means, wide, output }, { image }) {
    const code = means(hidden(mul(image, 1 / 255)))
    return { code, image: sigmoid(output(wide(code))) }
  },
})

export function generativeExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_vae',
      condition: 'a code of 20 numbers, no labels',
      data: mnist(),
      train: { optimizer: adam({ learningRate: 0.001 }), batchSize: 128, epochs: 10, reportEvery: 2 },
      stages: [{ name: 'variational', model: variational }],
    }),
  ]
}
