/** The saved model of a stage that is trained. */
import type { StateValues } from '@gradpool/core/engine'
import { encodeModel, type EpochRow, type Metrics } from '@gradpool/trainer'
import { basename } from 'node:path'
import type { StageNode } from '../scheduling/stage-graph.js'

export interface TrainedStage {
  /** All of them, the optimizer's included. */
  readonly states: StateValues
  /** Those that came to these states. */
  readonly epochs: readonly EpochRow[]
  readonly test?: Metrics | undefined
}

export interface TrainedBy {
  /** The run's directory. */
  readonly run: string
  readonly numerics: string
  /** Told in one sentence of what cannot be saved; the model is saved without it. */
  readonly onLeftOut: (message: string) => void
}

/** The bytes of the file. */
export function encodeStage(
  { plan, ref }: StageNode,
  { states, epochs, test }: TrainedStage,
  { run, numerics, onLeftOut }: TrainedBy,
): Uint8Array {
  const { model, learning, data, table, seed, training } = plan
  const options = { ...learning, run: basename(run), experiments: ref.experiments, stage: ref.name }
  const trained = {
    model,
    fields: training.data.fields,
    states,
    training: training.program,
    ...(table && { table }),
    provenance: { numerics, data, seed, epochs: epochs.length, options },
    metrics: { ...epochs.slice(-1).map(metricsIn)[0], ...(test && { test }) },
  }
  return encodeModel(trained, {
    optimizer: true,
    onLeftOut: (message) => onLeftOut(`the model of ${plan.name} is saved in part: ${message}`),
  })
}

/** Without what depends on the clock. */
function metricsIn({ epoch: _, seconds: _seconds, validation, ...metrics }: EpochRow) {
  // A row has no other fields.
  return { ...(metrics as Metrics), ...(validation && { validation }) }
}
