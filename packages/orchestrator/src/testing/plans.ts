/** Plans for the fake engine: stages by a short notation, with hashes one can read. */
import type { Pass } from '@gradpool/trainer/plan'
import { defineModel, parameter } from '@gradpool/core'
import { Program, type BatchProgram } from '@gradpool/core/engine'
import { mnist } from '@gradpool/datasets'
import { classify, defineExperiment, type ExperimentPlan, type StagePlan } from '@gradpool/experiments'

export interface StageOptions {
  /** Also the key to the fake engine's mishaps. */
  readonly seed?: number
  readonly epochs?: number
  readonly stepsPerEpoch?: number
  readonly initFrom?: StagePlan
  readonly work?: number
}

const model = defineModel({
  params: { w: parameter([], { kind: 'constant', value: 0 }) },
  step: ({ w }) => ({ loss: w, accuracy: w }),
})

/** A stage whose hash is its name. */
export function stageOf(name: string, options: StageOptions = {}): StagePlan {
  const { seed = 0, epochs = 2, stepsPerEpoch = 5, initFrom, work = 1 } = options
  return {
    name,
    hash: name,
    model,
    data: { name: 'mnist', hash: '0'.repeat(64) },
    seed,
    epochs,
    keep: 'last',
    monitor: { name: 'validation.accuracy', mode: 'max' },
    training: passOf(stepsPerEpoch),
    validation: passOf(1),
    test: passOf(1),
    work,
    ...(initFrom && { initFrom: initFrom.hash, transferredStates: ['w'] }),
  }
}

export function experimentOf(name: string, ...stages: StagePlan[]): ExperimentPlan {
  const config = defineExperiment({ name, data: mnist(), stages: [classify({ hidden: [] })] })
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
      nodes: [{ op: 'input', inputs: [], attributes: {}, shape: [], dtype: 'f32' }],
      inputs: [{ role: 'state', name: 'w', node: 0, initializer: { kind: 'constant', value: 0 } }],
      updates: [],
      results: ['loss', 'accuracy'].map((name) => ({ name, node: 0 })),
    }),
  }
  const rows = Int32Array.from({ length: numExamples }, (_, row) => row)
  return { program, data: { fields: {}, rows } }
}
