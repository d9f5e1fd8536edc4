/**
 * The types of `fit`: what it takes and what comes out, made of the model's own names. Whether
 * there is validation data is part of the types: `row.validation` and monitors `validation.…` exist
 * only where there is.
 */
import type { Clip, FieldsOf, MetricsOf, Model, Optimizer, UpdateRule } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'
import type { DataInput, DataSpec, Dataset, FieldsInput, IdxFolderSpec, MnistSpec } from '@gradpool/datasets'
import type { EndReason } from '../checkpoints/checkpoint.js'
import type { EngineModule } from '../choose-engine.js'
import type { InitFrom } from './init-from.js'
import type { Log, Sink } from '../sinks/sink.js'

/** Plain fields by name: at least those that the model reads. */
export type FieldsFor<M extends Model> = Readonly<Record<FieldsOf<M>, FieldsInput[string]>>

/** A data set that a model can be trained and judged on. */
export type DataFor<M extends Model> = DataSpec | Dataset | FieldsFor<M>

/** A share above 0 and below 1, a count, or a data set of its own. */
export type Held<M extends Model> = number | DataFor<M>

/** Whether there is validation data, as far as the types tell. */
export type Presence = 'yes' | 'maybe' | 'no'

/** Of data `D` and the option `validation` of type `V`. */
export type HasValidation<D, V> = [V] extends [undefined]
  ? [D] extends [MnistSpec | IdxFolderSpec]
    ? 'yes'
    : [D] extends [DataSpec | Dataset]
      ? 'maybe'
      : 'no'
  : undefined extends V
    ? 'maybe'
    : 'yes'

/** The loss and every metric of the model. */
export type Judged<M extends Model> = { readonly loss: number } & Readonly<MetricsOf<M>>

/**
 * One epoch: its loss and metrics over the training examples, and after it those over the
 * validation examples.
 */
export type Row<M extends Model, H extends Presence> = {
  /** From 1. */
  readonly epoch: number
  /** Wall time of this epoch. */
  readonly seconds: number
} & Judged<M> &
  (H extends 'yes'
    ? { readonly validation: Judged<M> }
    : H extends 'maybe'
      ? { readonly validation?: Judged<M> }
      : unknown)

/** Names of what is one number. */
export type NumbersOf<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T] & string

type Judgement<M extends Model> = 'loss' | NumbersOf<MetricsOf<M>>

/** What `monitor` may be: metrics that are one number. */
export type Monitor<M extends Model, H extends Presence> =
  Judgement<M> | (H extends 'no' ? never : `validation.${Judgement<M>}`)

export interface EarlyStopping<Name extends string> {
  /** Default: the option `monitor`. */
  readonly monitor?: Name
  /** Training ends after so many epochs in which the monitor has not become better. */
  readonly patience: number
  /** What counts as better is better by more than this. Default: 0. */
  readonly minDelta?: number
  /**
   * Whether less or more of the monitor is better. Default: what the metric says; a bare tensor
   * needs it.
   */
  readonly mode?: 'min' | 'max'
}

/** A look at the training, taken on a timer. */
export interface StepProgress {
  readonly epoch: number
  readonly epochs: number
  /** Steps done so far, over all epochs. */
  readonly step: number
  readonly steps: number
  /** Of the last step; NaN before the first. */
  readonly loss: number
  readonly stepsPerSecond: number
  /** An estimate; NaN before the first step. */
  readonly secondsLeft: number
}

export interface EpochEvent<R> {
  readonly row: R
  /** Ends the training after this epoch, as early stopping does. */
  readonly stop: () => void
  /**
   * Copies of parameters and buffers by name, as they are after this epoch. Only while the callback
   * runs.
   */
  readonly weights: () => Readonly<Record<string, Float32Array>>
  /** Adds images, tables and files to the logs of `sinks`. */
  readonly log: Log
}

export interface EndEvent<R> {
  readonly history: readonly R[]
  /** Why it ended: all epochs are done, early stopping, or `stop()`. */
  readonly reason: EndReason
}

/** What `fit` and a loaded model's `fit` have in common. */
export interface TrainingOptions<Name extends string, R> {
  /** Passes over the training examples. Default: 10. */
  readonly epochs?: number
  /** Keys initial weights, orders and dropout. Default: 0. */
  readonly seed?: number
  /** What `keep: 'best'` goes by. Default: that of `earlyStopping`, else `validation.loss`. */
  readonly monitor?: Name
  /**
   * Whether less or more of `monitor` is better. Default: what the metric says; a bare tensor needs
   * it.
   */
  readonly mode?: 'min' | 'max'
  readonly earlyStopping?: EarlyStopping<Name>
  /**
   * The weights that come out: those after the last epoch, or after the best one. Default: 'last'.
   */
  readonly keep?: 'last' | 'best'
  /**
   * The most threads; fewer are used where sharing is slower. They never change a bit of the
   * result. Default: all cores, or as many as the CPU quota of a container leaves.
   */
  readonly workers?: number
  /**
   * `'native'`, `'wasm'`, `'tensorflow'`, the module of another engine, or an engine. Default: 'auto', which is native
   * code where that is built, else WebAssembly.
   */
  readonly engine?: EngineModule | Engine
  /**
   * A folder for checkpoints. The same call again resumes there, and returns at once when it was
   * done.
   */
  readonly directory?: string
  /** The most seconds of training that a crash can cost. Default: 10. */
  readonly checkpointSeconds?: number
  /** First values of states of equal name and shape. */
  readonly initFrom?: InitFrom
  /** Ends the training within a step; `fit` rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called some times a second. */
  readonly onStep?: (progress: StepProgress) => unknown
  /** Called after each epoch. */
  readonly onEpoch?: (event: EpochEvent<R>) => unknown
  /** Called once, when the training has ended and was not aborted. */
  readonly onEnd?: (event: EndEvent<R>) => unknown
  /**
   * Told in one sentence of what is wrong but stops nothing. Default: `process.emitWarning`, in a browser
   * `console.warn`.
   */
  readonly onWarning?: (message: string) => unknown
  /** Where the training is logged besides, such as the files of another tool. None can stop or slow the training. */
  readonly sinks?: readonly Sink[]
  /** Shows a line of progress on stderr. Default: where stderr is a terminal. */
  readonly progress?: boolean
  /**
   * A file for a profile: what a hundred of the training's steps spent their time on, as a Chrome
   * trace. The ten largest kernels are printed on stderr.
   */
  readonly profile?: string
}

/** What decides how a model learns from its examples. */
export interface LearningOptions {
  /** Default: adam(). */
  readonly optimizer?: Optimizer | UpdateRule
  /** Examples in a step. Default: 32. */
  readonly batchSize?: number
  /** Whether each epoch visits the examples in an order of its own. Default: true. */
  readonly shuffle?: boolean
  /**
   * Examples that fill no batch at the end of an epoch are a shorter one, or left out: others in each epoch, where it
   * is shuffled. Default: 'keep'.
   */
  readonly lastBatch?: 'keep' | 'drop'
  /**
   * Into how many parts the gradient of a step is cut, to be summed in order. It changes how sums
   * round. Default: 1.
   */
  readonly microBatches?: number
  /** Bounds all gradients together. Default: the optimizers' own `clip`. */
  readonly clip?: Clip
  /**
   * How many steps make one update, by the mean of their gradients: as a batch of so many times the examples, in the
   * memory of one. Default: 1.
   */
  readonly accumulate?: number
  /**
   * The decay of an average of the weights over the steps, as 0.999. The average is what comes out: it is judged,
   * predicts, and is saved; training goes on with the weights themselves. Default: no average.
   */
  readonly ema?: number
}

/** Local SGD. */
export interface AveragingOptions {
  /** Parts of the examples train apart, and their weights are averaged after so many steps. */
  readonly averageEvery?: number
  /** How many parts, or the share of each. Default: 2. */
  readonly averageParts?: number | readonly number[]
}

/** Data and what is held out of them, as a call that has no model's types takes them. */
export interface AnyData {
  readonly data: DataInput
  /**
   * Examples that are judged after each epoch: a share, a count, or data of its own. Default: those
   * of `data`, if it has any.
   */
  readonly validation?: number | DataInput | undefined
  /**
   * Examples for `evaluate()`: a share, a count, or data of its own. Default: those of `data`, if
   * it has any.
   */
  readonly test?: number | DataInput
}

export interface FitOptions<M extends Model, D extends DataFor<M>, V extends Held<M> | undefined>
  extends
    LearningOptions,
    AveragingOptions,
    TrainingOptions<Monitor<M, HasValidation<D, V>>, Row<M, HasValidation<D, V>>> {
  readonly data: D
  /**
   * Examples that are judged after each epoch and never trained on. Default: those of `data`, if it
   * has any.
   */
  readonly validation?: V
  /** Examples for `evaluate()`. Default: those of `data`, if it has any. */
  readonly test?: Held<M>
}
