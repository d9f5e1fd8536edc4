/** Series that go on, in the group `series`. */
import { adamw, cosine } from '@gradpool/core'
import { windows } from '@gradpool/datasets'
import { forecast } from '@gradpool/models'
import { readFileSync } from 'node:fs'
import { tablePath } from './data-folder.js'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** Carbon dioxide in the air of Mauna Loa by the month, in parts of a million, from May 1964 to April 2020. */
function carbonDioxide(): Float32Array {
  const [, ...lines] = readFileSync(tablePath('co2.csv'), 'utf8').trim().split('\n')
  return Float32Array.from(lines, (line) => Number(line.split(',')[1]))
}

export function seriesExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'co2',
      condition: 'carbon dioxide by the month: a year from three years',
      // The last ten years are the test.
      data: windows({ co2: carbonDioxide() }, { target: 'co2', length: 36, horizon: 12, test: 120, name: 'co2' }),
      train: {
        optimizer: adamw({ learningRate: cosine(0.003), weightDecay: 0.1 }),
        batchSize: 32,
        epochs: 120,
        reportEvery: 24,
      },
      stages: [forecast({ hidden: [64], horizon: 12 })],
    }),
  ]
}
