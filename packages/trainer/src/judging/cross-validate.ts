/** How well a model learns from data, by holding out each part of them once. */
import type { Model, OutputsOf, Values } from '@gradpool/core'
import { availableCores } from '@gradpool/core/engine'
import { foldsOf, loadDataset, withFold, type Dataset, type FoldBy } from '@gradpool/datasets'
import { Callbacks } from '../fit/callbacks.js'
import { checkOptions } from '../fit/check-options.js'
import { fitModel } from '../fit/fit.js'
import type { DataFor, FitOptions, HasValidation, Held, Judged, NumbersOf } from '../fit/fit-types.js'
import { emptyLike } from '../predict/rows-of.js'
import { inLanes } from './in-lanes.js'
import { meanOf, numberAt, varianceOf } from './statistics.js'

/** Options of `fit` that are of one training. */
type OfOne = 'test' | 'directory' | 'checkpointSeconds' | 'onStep' | 'onEpoch' | 'onEnd' | 'progress' | 'profile'

export interface CrossValidateOptions<
  M extends Model,
  D extends DataFor<M>,
  V extends Held<M> | undefined,
> extends Omit<FitOptions<M, D, V>, OfOne> {
  /** Into how many parts the rows are cut, each of which is held out once. Default: 5. */
  readonly folds?: number
  /** How often, each time with other folds. Default: 1. */
  readonly repeats?: number
  /**
   * `label`: as much of each class in each fold; `order`: rows beside each other are in one fold, the same in each
   * repeat; `{ group }`: rows of one value of this column (of arrays, a field) are in one fold. Default: `random`.
   */
  readonly splitBy?: FoldBy
  /** Keys the folds; training number i, from 0, has the seed `seed + i`. Default: 0. */
  readonly seed?: number
  /** The most threads, of all folds together. They never change a bit of the result. Default: all cores. */
  readonly workers?: number
  /** Called when a fold is done; of several that train side by side, in no order. */
  readonly onFold?: (fold: Fold<M>) => unknown
}

/** One training, and what it is worth on the rows that it has not seen. */
export interface Fold<M extends Model> {
  /** From 1. */
  readonly repeat: number
  /** From 1. */
  readonly fold: number
  /** The numbers of the rows that were held out, from 0, in the order of the data. */
  readonly rows: Int32Array
  /** How many rows it was trained on, those for validation included. */
  readonly trained: number
  /** Epochs that were trained. */
  readonly epochs: number
  /** Loss and metrics over the rows that were held out. */
  readonly test: Judged<M>
}

/** The loss and each metric that is one number. */
export type Scores<M extends Model> = Readonly<Record<NumbersOf<Judged<M>>, number>>

export interface CrossValidation<M extends Model> {
  /** Repeat by repeat. */
  readonly folds: readonly Fold<M>[]
  /** Over the folds. */
  readonly mean: Scores<M>
  /** Over the folds, as of a sample: of n - 1. */
  readonly deviation: Scores<M>
  /** The numbers of the rows that were in folds, in the order of the data: all but those of the data's own splits. */
  readonly rows: Int32Array
  /**
   * For each repeat what the model predicts of each of `rows`, from a training without it. Empty where it predicts
   * nothing.
   */
  readonly predictions: readonly Readonly<Record<OutputsOf<M>, Values>>[]
}

/**
 * Trains a model `folds` times for each repeat, each time without one part of the data, and judges it on that part.
 *
 * The folds are of the training rows: rows that the data hold out for validation and test are in none of them, and the
 * former are validation of each training. A share or number for `validation` is drawn from what a fold trains on. What
 * a model is told of its data, as the scales of `standardize`, is of the rows that a fold trains on alone.
 *
 * Trainings run side by side, each on as many threads as there are left. The result is the same, bit for bit, on any
 * number of them.
 *
 * @throws UserError as `fit`, and where there are fewer rows than folds
 * @throws the signal's reason, when it was aborted
 */
export async function crossValidate<
  M extends Model,
  const D extends DataFor<M>,
  const V extends Held<M> | undefined = undefined,
>(model: M, options: CrossValidateOptions<M, D, V>): Promise<CrossValidation<M>> {
  checkOptions('crossValidate', options)
  const { data, folds = 5, repeats = 1 } = options
  const dataset = await loadDataset(data)
  const done = await trainFolds(model, dataset, options, [undefined])
  const made = done.map(({ fold }) => fold)
  const rows = dataset.splits.train.rows.toSorted()
  const predictions = Array.from({ length: repeats }, (_, repeat) =>
    joinedPredictions(rows, done.slice(repeat * folds, (repeat + 1) * folds)),
  ).filter((it) => it !== undefined)
  return { folds: made, ...spreadOf(made), rows, predictions }
}

/** What comes of one training. */
export interface Trained<M extends Model> {
  readonly fold: Fold<M>
  /** Of its rows. */
  readonly predictions: Readonly<Record<OutputsOf<M>, Values>> | undefined
}

/**
 * The trainings of all folds, for each of these numbers of training rows one after the other; undefined is all.
 *
 * @throws as `crossValidate`
 */
export async function trainFolds<M extends Model, D extends DataFor<M>, V extends Held<M> | undefined>(
  model: M,
  dataset: Dataset,
  options: CrossValidateOptions<M, D, V>,
  counts: readonly (number | undefined)[],
): Promise<Trained<M>[]> {
  const { folds = 5, repeats = 1, splitBy = 'random', onFold, ...training } = options
  const { seed = 0, workers = availableCores(), signal, onWarning } = training
  signal?.throwIfAborted()
  const callbacks = new Callbacks(onWarning)
  const parts = Array.from({ length: repeats }, (_, repeat) =>
    foldsOf(dataset, { folds, splitBy, seed, repeat }).map((rows, fold) => ({ repeat, fold, rows })),
  ).flat()
  const tasks = counts.flatMap((count) => parts.map((part) => ({ ...part, count })))
  const lanes = Math.min(workers, tasks.length)
  const own = { ...training, workers: Math.floor(workers / lanes), progress: false, onWarning: callbacks.warn }
  return inLanes(tasks, { lanes, signal }, async ({ repeat, fold, rows, count }, either) => {
    const data = withFold(dataset, rows, { count, splitBy, seed, repeat })
    const { fields, rows: others } = data.splits.train
    const itsSeed = (seed + repeat * folds + fold) % 2 ** 32
    const fitted = await fitModel<M, HasValidation<D, V>>(model, { ...own, data, seed: itsSeed, signal: either })
    try {
      const made: Fold<M> = {
        repeat: repeat + 1,
        fold: fold + 1,
        rows,
        trained: others.length,
        epochs: fitted.epochs,
        test: await fitted.evaluate(),
      }
      const predictions = await fitted.predictSplit({ fields, rows })
      callbacks.call('onFold', onFold, made)
      return { fold: made, predictions }
    } finally {
      await fitted.dispose()
    }
  })
}

/** Predictions of parts of the rows, in the order of all rows. */
export function joinedPredictions<M extends Model>(
  rows: Int32Array,
  parts: readonly Trained<M>[],
): Readonly<Record<OutputsOf<M>, Values>> | undefined {
  const places = new Map(Array.from(rows, (row, place) => [row, place]))
  const all: Partial<Record<OutputsOf<M>, Values>> = {}
  for (const { fold, predictions } of parts) {
    if (predictions === undefined) return undefined
    const { rows: some } = fold
    for (const name of Object.keys(predictions) as OutputsOf<M>[]) {
      const from = predictions[name]
      const size = from.length / some.length
      const to = (all[name] ??= emptyLike(from, rows.length * size))
      some.forEach((row, at) => to.set(from.subarray(at * size, (at + 1) * size), (places.get(row) ?? 0) * size))
    }
  }
  return all as Record<OutputsOf<M>, Values>
}

/** Means, and deviations as of a sample, of what is one number. */
export function spreadOf<M extends Model>(folds: readonly Fold<M>[]): Record<'mean' | 'deviation', Scores<M>> {
  const judged = folds.map(({ test }) => test)
  const names = Object.entries(judged[0] ?? {}).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []))
  const of = (score: (values: readonly number[]) => number) =>
    // The names are those of the model's step.
    Object.fromEntries(names.map((name) => [name, score(judged.map((it) => numberAt(it, name)))])) as Scores<M>
  return { mean: of(meanOf), deviation: of((values) => Math.sqrt(varianceOf(values))) }
}
