/** Networks that are there to be timed, in the group `speed`. */
import { adam } from '@gradpool/core'
import { randomData } from '@gradpool/datasets'
import { defineExperiment } from './define-experiment.js'
import { resnet8 } from './resnet.js'
import type { ExperimentConfig } from './schema.js'

export function speedExperiments(): readonly ExperimentConfig[] {
  return [
    // There is nothing to learn: it shows how fast images of CIFAR's shape are trained on.
    defineExperiment({
      name: 'cifar_shape',
      condition: 'random images of 32 × 32 × 3, for speed alone',
      data: randomData(
        { image: { dtype: 'u8', shape: [32, 32, 3] }, label: { dtype: 'u8', shape: [], below: 10 } },
        { rows: 3200 },
      ),
      train: { optimizer: adam(), batchSize: 32, epochs: 3 },
      stages: [{ name: 'resnet', model: resnet8 }],
    }),
  ]
}
