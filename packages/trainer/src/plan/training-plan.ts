/** A training as data: its Programs, the examples of each, and when it ends. It needs nothing more but an engine. */
import type { BatchProgram, Split } from '@gradpool/core/engine'

/** A Program and the examples it runs over. */
export interface Pass {
  readonly program: BatchProgram
  readonly data: Split
}

export interface Averaging {
  /** After how many steps of `TrainingPlan.training` the replicas are averaged; an epoch ends with an average, too. */
  readonly every: number
  /** At least two; programs of the same states. */
  readonly replicas: readonly Pass[]
}

/** The metric that tells which of two epochs is better. */
export interface Monitor {
  /** `loss`, `accuracy`, `validation.loss`: where a row of an epoch has it. */
  readonly name: string
  /** Whether less is better, or more. */
  readonly mode: 'min' | 'max'
}

export interface EarlyStopping {
  readonly monitor: Monitor
  /** How many epochs may pass without progress. */
  readonly patience: number
  /** Smaller improvements are no progress. */
  readonly minDelta: number
}

export interface TrainingPlan {
  /** What messages call it. */
  readonly name: string
  /** Of all that determines the result: a checkpoint is resumed by a training of the same hash. */
  readonly hash: string
  readonly seed: number
  readonly epochs: number
  /** What tells which epoch is best; without it, none is. */
  readonly monitor?: Monitor
  /** Which states are the result: those after the last epoch, or after the best one. */
  readonly keep: 'last' | 'best'
  /** Ends the training before its last epoch. */
  readonly earlyStopping?: EarlyStopping
  /** Of the replica with the most steps, where there are several. */
  readonly training: Pass
  /** Set where replicas train apart, each on its examples, and their states are averaged. */
  readonly averaging?: Averaging
  /** Run after each epoch; shares the training's states. */
  readonly validation?: Pass
  /** Run once, at the end. */
  readonly test?: Pass
  /** One batch, run once, at the end. */
  readonly predictions?: Pass
  /** Hash of the training whose final states give the first values of the states of equal name here. */
  readonly initFrom?: string
  /** Which states these are: the model's own, never the optimizer's. */
  readonly transferredStates?: readonly string[]
  /** Roughly the floating-point operations of the whole training; orders trainings, and is never part of a result. */
  readonly work: number
}
