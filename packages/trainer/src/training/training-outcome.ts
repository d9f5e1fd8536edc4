/** How a training ended, and what of it can be seen while it runs. */
import type { BestStates } from '../checkpoints/checkpoint.js'
import type { EpochRow, Metrics } from '../metrics/epoch-row.js'

/** `epochs` and `seconds` tell of what was done. */
export type TrainingOutcome = { readonly epochs: readonly EpochRow[]; readonly seconds: number } & (
  | {
      readonly status: 'done'
      /** Undefined where the plan has no test. */
      readonly test: Metrics | undefined
      /** Results of the plan's predictions, by name. */
      readonly predictions: Readonly<Record<string, Float32Array>>
      /** After which epoch the states are. */
      readonly epoch: number
      /** All states, by name. */
      readonly state: Readonly<Record<string, Float32Array>>
      /** Hash of the states after the first epoch. */
      readonly firstEpoch: string
      /** The states after the best epoch, where these are others than `state`. */
      readonly best?: BestStates
    }
  | {
      readonly status: 'failed'
      /** One sentence. */
      readonly error: string
      /** Its thread ended, which may not happen again. */
      readonly mayRetry: boolean
    }
  | { readonly status: 'interrupted' }
)

/** A training that runs. */
export interface TrainingProgress {
  /** From 1. */
  readonly epoch: number
  readonly step: number
  readonly steps: number
  /** Scalar results of the last step, `loss` among them. */
  readonly last: Readonly<Record<string, number>>
  readonly elapsedSeconds: number
}
