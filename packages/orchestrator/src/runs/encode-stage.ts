/** The saved model of a stage that is trained. */
import type { StateValues } from '@gradpool/core'
import type { JsonValue } from '@gradpool/storage'
import { encodeModel, type EpochRow, type Metrics } from '@gradpool/trainer'
import { basename } from 'node:path'
import type { StageNode } from '../scheduling/stage-graph.js'

export interface TrainedStage {
  /** All of them, the optimizer's included. */
  readonly states: StateValues
  /** Of the epoch after which they are so. */
  readonly row: EpochRow | undefined
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
  { states, row, test }: TrainedStage,
  { run, numerics, onLeftOut }: TrainedBy,
): Uint8Array {
  const { model, data, seed, training } = plan
  const { epoch, seconds: _, ...metrics } = { ...row, ...(test && { test }) }
  const options = { run: basename(run), experiments: ref.experiments, stage: ref.name }
  return encodeModel(
    {
      model,
      fields: training.data.fields,
      states,
      training: training.program,
      provenance: { numerics, data, seed, ...(epoch !== undefined && { epochs: epoch }), options },
      // A field that is undefined is not written.
      metrics: metrics as Readonly<Record<string, JsonValue>>,
    },
    {
      optimizer: true,
      onLeftOut: (message) => onLeftOut(`the model of ${plan.name} is saved in part: ${message}`),
    },
  )
}
