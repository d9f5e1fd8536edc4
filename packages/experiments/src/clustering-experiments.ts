/**
 * Clusters of MNIST's images, without labels, in the group `clustering`: k-means of pixels, of the codes of an
 * autoencoder, and deep embedded clustering, which goes on from those.
 */
import { adam, cosine } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { autoencode, cluster } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig, StageInput } from './schema.js'

const clusters = 10
const data = mnist()
const train = { optimizer: adam({ learningRate: cosine(0.001) }), batchSize: 256, epochs: 30, reportEvery: 5 }
/** Centres forget within a hundred batches, so they are of nearly all images. */
const kMeansTraining = { batchSize: 1000, epochs: 10, reportEvery: 2 }

/** What an image may look like and still be the same. */
const augment = [{ kind: 'affine', rotate: 10, zoom: 0.1, shear: 10, shift: 2 }] as const
const encoder = [256, 64, 10]

const autoencoder = autoencode({
  encoder,
  decoder: [...encoder.slice(0, -1).reverse(), 784],
  codeActivation: 'linear',
  augment,
})
const ofCodes: StageInput = {
  ...cluster({ clusters, encoder: 'frozen', restarts: 20 }),
  train: kMeansTraining,
}
const deep: StageInput = {
  ...cluster({ clusters, encoder: 'fineTuned', augment }),
  train: { optimizer: adam({ learningRate: cosine(0.0003) }), epochs: 20 },
}

export function clusteringExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_kmeans',
      condition: 'k-means of pixels',
      data,
      train: kMeansTraining,
      stages: [cluster({ clusters, restarts: 8 })],
    }),
    defineExperiment({
      name: 'mnist_auto_kmeans',
      condition: 'k-means of the codes of an autoencoder',
      data,
      train,
      stages: [autoencoder, ofCodes],
    }),
    defineExperiment({
      name: 'mnist_dec',
      condition: 'deep embedded clustering',
      reported: 0.843,
      data,
      train,
      stages: [autoencoder, ofCodes, deep],
    }),
  ]
}
