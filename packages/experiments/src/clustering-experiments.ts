/**
 * Clusters of MNIST's images, without labels, in the group `clustering`: k-means of pixels, of the codes of an
 * autoencoder, and deep embedded clustering.
 */
import { adam, cosine } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { autoencode, type Augmentation, cluster, hash } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig, StageInput } from './schema.js'

const clusters = 10
const train = { optimizer: adam({ learningRate: cosine(0.001) }), batchSize: 256, epochs: 15, reportEvery: 5 }
/** Large batches, so that seeds are drawn from many images. */
const kMeansTraining = { batchSize: 1000, epochs: 5, reportEvery: 5 }
const ofCodes: StageInput = { ...cluster({ clusters, encoder: 'frozen', restarts: 20 }), train: kMeansTraining }
/** What an image may look like and still be the same. */
const augment: readonly Augmentation[] = [{ kind: 'affine', rotate: 10, zoom: 0.1, shear: 10, shift: 2 }]

/** The encoder backwards is the decoder. */
function autoencoderOf(encoder: readonly number[], augment: readonly Augmentation[] = []) {
  const decoder = [...encoder.slice(0, -1).reverse(), 784]
  return autoencode({ encoder, decoder, codeActivation: 'linear', augment })
}

export function clusteringExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_kmeans',
      condition: 'k-means of pixels',
      data: mnist(),
      train: { ...kMeansTraining, epochs: 10 },
      stages: [cluster({ clusters, restarts: 8 })],
    }),
    defineExperiment({
      name: 'mnist_auto_kmeans',
      condition: 'k-means of the codes of an autoencoder',
      data: mnist(),
      train: { ...train, batchSize: 64 },
      stages: [autoencoderOf([256, 64, 10], [{ kind: 'noise', deviation: 64 }]), ofCodes],
    }),
    defineExperiment({
      name: 'mnist_dec',
      condition: 'deep embedded clustering of codes that two views share',
      reported: 0.843,
      data: mnist(),
      train: { ...train, epochs: 8, reportEvery: 2 },
      stages: [
        hash({ encoder: [512, 512, 32], decorrelation: 0.2 / 32 }),
        ofCodes,
        {
          ...cluster({ clusters, encoder: 'fineTuned', augment }),
          train: { optimizer: adam({ learningRate: cosine(0.0005) }) },
        },
      ],
      presets: {
        // The network of Xie, Girshick & Farhadi (2016), and no augmentation.
        paper: {
          train: { epochs: 100, reportEvery: 10 },
          stages: [autoencoderOf([500, 500, 2000, 10]), {}, { augment: [], train: { epochs: 20 } }],
        },
      },
    }),
  ]
}
