/**
 * Regressions of tables, in the group `regression`; what scikit-learn reaches on the same folds is in
 * tools/oracles/regression_sklearn.json. The last fifth of the rows is the test.
 *
 * The preset `intervals` learns three quantiles, of which the outer two are an interval for nine targets of ten.
 */
import { adamw, cosine } from '@gradpool/core'
import { csv, type CsvOptions } from '@gradpool/datasets'
import { regress } from '@gradpool/models'
import { tablePath } from './data-folder.js'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

interface Entry {
  readonly name: string
  readonly condition: string
  readonly data: CsvOptions
  readonly hidden: readonly number[]
  readonly weightDecay: number
  readonly epochs: number
}

const entries: readonly Entry[] = [
  {
    name: 'diabetes',
    condition: 'the progress of a disease in a year, of 442 patients',
    data: { target: 'progression', categories: ['sex'] },
    hidden: [64],
    weightDecay: 1,
    epochs: 50,
  },
  {
    name: 'penguins',
    condition: 'the body mass of 342 penguins',
    data: { target: 'body_mass', missing: 'mean' },
    hidden: [32],
    weightDecay: 1,
    epochs: 120,
  },
  {
    name: 'weather',
    condition: 'the highest temperature of 2922 days',
    data: { target: 'temp_max' },
    hidden: [128, 64],
    weightDecay: 0.3,
    epochs: 60,
  },
]

export function regressionExperiments(): readonly ExperimentConfig[] {
  return entries.map(({ name, condition, data, hidden, weightDecay, epochs }) =>
    defineExperiment({
      name,
      condition,
      data: csv(tablePath(`${name}.csv`), { ...data, splitBy: 'order', test: 0.2 }),
      train: {
        optimizer: adamw({ learningRate: cosine(0.003), weightDecay }),
        batchSize: 32,
        epochs,
        reportEvery: epochs / 5,
      },
      stages: [regress({ hidden })],
      presets: { intervals: { stages: [{ quantiles: [0.05, 0.5, 0.95] }] } },
    }),
  )
}
