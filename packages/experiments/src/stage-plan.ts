/**
 * What an experiment becomes once its data is there and its model is traced: stages that need
 * nothing but an engine.
 */
import type { Model } from '@gradpool/core'
import type { Programs, TrainingPlan } from '@gradpool/trainer/plan'
import type { ExperimentConfig } from './schema.js'

/**
 * A training that is named `autoencode`, `classify`, `hash`, or as a model of the user's. Its hash
 * is SHA-256, hexadecimal, of all that determines the result: programs, data and rows, seed,
 * epochs, and the hash of the stage it starts from. Two stages of one hash are one stage, trained
 * once.
 */
export interface StagePlan extends TrainingPlan {
  /** What is saved, once it is trained. */
  readonly model: Model
  /** How it learns, for people; told by its saved model. */
  readonly learning?: NonNullable<Programs['options']>
  /** Its training Program with the lines of the model's code, to locate a loss that is not finite. */
  readonly retrace?: Programs['retrace']
  /** The dataset it trains on; the hash is over its contents. */
  readonly data: { readonly name: string; readonly hash: string }
  /**
   * What people are shown beside the predictions, which are of a few test images; where the data
   * are images with labels.
   */
  readonly samples?: {
    readonly labels: readonly number[]
    readonly imageShape: readonly [number, number]
  }
}

export interface ExperimentPlan {
  readonly name: string
  readonly seed: number
  readonly config: ExperimentConfig
  /** The dataset it trains on; the hash is over its contents. */
  readonly data: { readonly name: string; readonly hash: string }
  /** In order; each after the first usually starts from the one before. */
  readonly stages: readonly StagePlan[]
}
