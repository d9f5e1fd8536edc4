/**
 * What an experiment becomes once its data is there and its model is traced: stages that need nothing but an engine.
 */
import type { BatchProgram, Split } from '@gradpool/core'
import type { ExperimentConfig } from './schema.js'

/** A Program and the examples it runs over. */
export interface Pass {
  readonly program: BatchProgram
  readonly data: Split
}

export interface Averaged {
  /** After how many steps of `StagePlan.training` the replicas are averaged; an epoch ends with an average, too. */
  readonly every: number
  /** At least two; programs of the same states. */
  readonly replicas: readonly Pass[]
}

export interface StagePlan {
  /** `autoencode`, `classify`, `hash`, or the name of a model of the user's. */
  readonly name: string
  /**
   * SHA-256, hexadecimal, of all that determines the stage's result: programs, data and rows, seed, epochs, and the hash of
   * the stage it starts from. Two stages of one hash are one stage, trained once.
   */
  readonly hash: string
  readonly seed: number
  readonly epochs: number
  /** Ends before the last epoch when the validation accuracy has not grown by more than `minDelta` for `patience` epochs. */
  readonly earlyStopping?: { readonly patience: number; readonly minDelta: number }
  /** Which states are the result: those after the last epoch unless said, or after the one of the best validation. */
  readonly keep?: 'best'
  /** Of the replica with the most steps, where there are several. */
  readonly training: Pass
  /** Set where replicas train apart, each on its examples, and their states are averaged. */
  readonly averaging?: Averaged
  /** Run after each epoch; shares the training's states. */
  readonly validation?: Pass
  /** Run once, at the end. */
  readonly test?: Pass
  /** A few test images and what the trained stage says of them; where the data are images with labels. */
  readonly samples?: Pass & {
    readonly labels: readonly number[]
    readonly imageShape: readonly [number, number]
  }
  /** Hash of the stage whose final states give the first values of the states of equal name here. */
  readonly startsFrom?: string
  /** Which states these are: the model's own, never the optimizer's. */
  readonly carries?: readonly string[]
  /** Roughly the floating-point operations of the whole stage; orders the queue. */
  readonly cost: number
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
