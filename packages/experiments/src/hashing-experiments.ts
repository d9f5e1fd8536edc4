/**
 * Semantic hashing of MNIST: codes of bits, by which similar images are found.
 *
 * `mnist_hash_1` and `mnist_hash_2` are the report's: an autoencoder with a sigmoid code. `mnist_hash_deep_…` learn
 * codes that are to be bits, without labels; `mnist_hash_semi` goes on from the last of these with the 600 labels.
 */
import { adam } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { autoencode, hash } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import { reportAutoencoder, reportTraining } from './report-experiments.js'
import type { ExperimentConfig } from './schema.js'

const data = mnist({ labelled: 0.01 })

/**
 * The report's autoencoder with a sigmoid code, and pixels scaled to [0, 1]: sums of raw pixels saturate a sigmoid, so
 * that nearly all images get one code.
 */
const reportCodes = { ...reportAutoencoder, codeActivation: 'sigmoid', scale: 1 / 255 } as const

const deepTraining = {
  optimizer: { ...adam(), learningRate: untilTheEnd(0.001) },
  batchSize: 256,
  epochs: 10,
  reportEvery: 2,
}

/** A rate that falls to 0 at the end of the stage. */
function untilTheEnd(learningRate: number) {
  return { kind: 'cosine', learningRate } as const
}

/** Each bit has the more others to differ from the more bits there are; each of these counts the less. */
function deepCodes(bits: number) {
  return { encoder: [512, 512, bits], decorrelation: 0.2 / bits }
}

export function hashingExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'mnist_hash_1',
      condition: 'semantic hashing, one layer, 10 bits',
      data,
      train: { ...reportTraining, reportEvery: 2 },
      stages: [autoencode({ ...reportCodes, encoder: [10], decoder: [784] })],
    }),
    defineExperiment({
      name: 'mnist_hash_2',
      condition: 'semantic hashing, two layers, 10 bits',
      data,
      // 10, and 40 more.
      train: { ...reportTraining, epochs: 50, reportEvery: 10 },
      stages: [autoencode({ ...reportCodes, encoder: [64, 10], decoder: [64, 784] })],
    }),
    ...[16, 32, 64].map((bits) =>
      defineExperiment({
        name: `mnist_hash_deep_${bits}`,
        condition: `codes of ${bits} bits from images alone`,
        data,
        train: deepTraining,
        stages: [hash(deepCodes(bits))],
      }),
    ),
    defineExperiment({
      name: 'mnist_hash_semi',
      condition: 'codes of 64 bits, then 600 labels',
      data,
      train: deepTraining,
      stages: [
        hash(deepCodes(64)),
        {
          ...hash({ encoder: deepCodes(64).encoder, labels: true }),
          train: { batchSize: 100, epochs: 100, reportEvery: 20 },
        },
      ],
    }),
  ]
}
