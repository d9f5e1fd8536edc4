/** Plans for the fake engine: stages by a short notation, with hashes one can read. */
import { Program, type BatchProgram } from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import {
  classify,
  defineExperiment,
  type ExperimentPlan,
  type Pass,
  type StagePlan,
} from '@gradpool/experiments'

export interface StageOptions {
  /** Also the key to the fake engine's mishaps. */
  readonly seed?: number
  readonly epochs?: number
  readonly stepsPerEpoch?: number
  readonly startsFrom?: StagePlan
  readonly cost?: number
}

/** A stage whose hash is its name. */
export function stageOf(name: string, options: StageOptions = {}): StagePlan {
  const { seed = 0, epochs = 2, stepsPerEpoch = 5, startsFrom, cost = 1 } = options
  return {
    name,
    hash: name,
    seed,
    epochs,
    training: passOf(stepsPerEpoch),
    validation: passOf(1),
    test: passOf(1),
    cost,
    ...(startsFrom && { startsFrom: startsFrom.hash, carries: ['w'] }),
  }
}

export function experimentOf(name: string, ...stages: StagePlan[]): ExperimentPlan {
  const config = defineExperiment({ name, data: mnist(), stages: [classify({ head: [] })] })
  const data = { name: 'mnist', hash: '0'.repeat(64) }
  return { name, seed: stages[0]?.seed ?? 0, config, data, stages }
}

function passOf(numExamples: number): Pass {
  const program: BatchProgram = {
    batchSize: 1,
    numExamples,
    shuffle: false,
    metrics: [{ name: 'accuracy', kind: 'mean', results: { value: 'accuracy' } }],
    program: new Program({
      nodes: [{ op: 'input', inputs: [], attributes: {}, shape: [1], dtype: 'f32' }],
      inputs: [{ role: 'state', name: 'w', node: 0, initializer: { kind: 'constant', value: 0 } }],
      updates: [],
      results: [],
    }),
  }
  const rows = Int32Array.from({ length: numExamples }, (_, row) => row)
  return { program, data: { fields: {}, rows } }
}
