/** Networks that make images, in the group `generative`. */
import {
  adam,
  add,
  type Batch,
  defineModel,
  groups,
  mean,
  mul,
  neg,
  randomNormal,
  type Shape,
  sigmoid,
  type Tensor,
  uniform,
} from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { batchNorm, dense, dropout, negativeElbo, sampleGaussian, sequential, softplus } from '@gradpool/models'
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

const noiseWidth = 64
const wide = { activation: 'leakyRelu', weight: 'glorotUniform' } as const

/** What a discriminator takes for images of MNIST, and one that tells them apart (Goodfellow et al. 2014). */
const adversarial = defineModel({
  params: {
    generator: sequential([
      dense(noiseWidth, 256, wide),
      batchNorm(256),
      dense(256, 512, wide),
      batchNorm(512),
      dense(512, 784),
    ]),
    discriminator: sequential([
      dense(784, 512, wide),
      dropout(0.3),
      dense(512, 256, wide),
      dropout(0.3),
      dense(256, 1),
    ]),
  },
  inputs: { noise: { shape: [noiseWidth] } },
  step({ generator, discriminator }, { image }) {
    const made = sigmoid(generator(randomNormal([image.shape[0] ?? 1, noiseWidth], 'noise')))
    const [ofReal, ofMade] = [discriminator(mul(image, 1 / 255)), discriminator(made)]
    // -log σ(x) is softplus(-x).
    return {
      loss: {
        generator: mean(softplus(neg(ofMade))),
        discriminator: add(mean(softplus(neg(ofReal))), mean(softplus(ofMade))),
      },
    }
  },
  predict: ({ generator }, { noise }: Batch<'noise'>) => ({ image: sigmoid(generator(noise)) }),
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
    defineExperiment({
      name: 'mnist_gan',
      condition: 'a generator against a discriminator, no labels',
      data: mnist(),
      train: {
        optimizer: groups({
          generator: adam({ learningRate: 2e-4, beta1: 0.5 }),
          discriminator: adam({ learningRate: 2e-4, beta1: 0.5 }),
        }),
        ema: 0.999,
        batchSize: 128,
        epochs: 30,
        reportEvery: 5,
      },
      stages: [{ name: 'adversarial', model: adversarial }],
    }),
  ]
}
