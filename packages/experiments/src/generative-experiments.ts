/** Networks that make images, in the group `generative`. */
import { adam, defineModel, mul, type Shape, sigmoid, type Tensor, uniform } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { dense, negativeElbo, sampleGaussian } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** Weights within ±1 / √inputs, PyTorch's default: the bound comes out 1 nat better than with Glorot's and He's. */
function weight([inputs = 1]: Shape) {
  const limit = 1 / Math.sqrt(inputs)
  return uniform(-limit, limit)
}

/** A variational autoencoder (Kingma & Welling 2014) of a code of 20 numbers. */
const variational = defineModel({
  params: {
    hidden: dense(784, 400, { activation: 'relu', weight }),
    means: dense(400, 20, { weight }),
    logVariances: dense(400, 20, { weight }),
    wide: dense(20, 400, { activation: 'relu', weight }),
    output: dense(400, 784, { weight }),
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
