/** How the training of a stage ended, and what of it can be seen while it runs. */
import type { BestStates } from '../checkpoints/checkpoint.js'
import type { EpochRow, Sample } from '../runs/run-result.js'

/** How a stage ended; `epochs` and `seconds` tell of what was done. */
export type StageOutcome = { readonly epochs: readonly EpochRow[]; readonly seconds: number } & (
  | {
      readonly status: 'done'
      readonly testAccuracy: number | null
      readonly samples: readonly Sample[]
      /** All states, by name. */
      readonly state: Readonly<Record<string, Float32Array>>
      /** Hash of the states after the first epoch. */
      readonly firstEpoch: string
      /** The states after the epoch of the best validation, where these are others than `state`. */
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

/** A stage that trains. */
export interface TrainingProgress {
  /** From 1. */
  readonly epoch: number
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly accuracy: number | null
  readonly elapsedSeconds: number
}
