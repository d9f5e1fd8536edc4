/** How well an experiment learns from its data: its stages trained anew without each part of the rows. */
import { type Model, UserError, type Values } from '@gradpool/core'
import { availableCores, type Engine } from '@gradpool/core/engine'
import { datasetLoader, foldsOf, inMemory, type Dataset, type FoldBy, withFold } from '@gradpool/datasets'
import { parseExperiment, planExperiment, type ExperimentConfig, type ExperimentInput } from '@gradpool/experiments'
import {
  Callbacks,
  type EngineName,
  engineFor,
  type Fold,
  joinedPredictions,
  loadModel,
  type Metrics,
  rowsOf,
  spreadOf,
  type Trained,
} from '@gradpool/trainer'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runExperiments } from './run-experiments.js'
import type { ExperimentResult } from './runs/run-result.js'
import { MODEL_FILE } from './runs/stage-files.js'

export interface CrossValidateExperimentOptions {
  /** Into how many parts the rows are cut, each of which is held out once. Default: 5. */
  readonly folds?: number
  /** How often, each time with other folds. Default: 1. */
  readonly repeats?: number
  /** How rows come into folds, as for a model. Default: `random`. */
  readonly splitBy?: FoldBy
  /** Keys the folds; training number i, from 0, has the seed `seed + i`. Default: 0. */
  readonly seed?: number
  /** The most threads, of all folds together. They never change a bit of the result. Default: all cores. */
  readonly workers?: number
  readonly engine?: EngineName | Engine
  /**
   * A folder for the runs of the folds: stages that are done there are not trained again, so that what was interrupted
   * goes on. Default: a temporary one, which is removed.
   */
  readonly directory?: string
  /** Ends all folds. */
  readonly signal?: AbortSignal
  /** Called when a fold is done; of several that train side by side, in no order. */
  readonly onFold?: (fold: ExperimentFold) => unknown
  /** Told in one sentence of what is wrong but stops nothing. Default: a warning of the process. */
  readonly onWarning?: (message: string) => unknown
}

/** One training of all stages, and what the last is worth on the rows that none has seen. */
export interface ExperimentFold extends Omit<Fold<Model>, 'test'> {
  /** Loss and metrics of the last stage over the rows that were held out. */
  readonly test: Metrics
}

export interface ExperimentValidation {
  /** Repeat by repeat. */
  readonly folds: readonly ExperimentFold[]
  /** Of the loss and each metric that is one number, over the folds. */
  readonly mean: Readonly<Record<string, number>>
  /** Over the folds, as of a sample: of n - 1. */
  readonly deviation: Readonly<Record<string, number>>
  /** The numbers of the rows that were in folds, in the order of the data: all but those of the data's own splits. */
  readonly rows: Int32Array
  /**
   * For each repeat what the last stage predicts of each of `rows`, from a training without it. Empty where it predicts
   * nothing.
   */
  readonly predictions: readonly Readonly<Record<string, Values>>[]
}

/**
 * Trains all stages of an experiment `folds` times for each repeat, each time without one part of the rows, which no
 * stage sees, and judges the last stage on that part. The experiment's own validation rows stay so; its own test rows
 * are in no fold.
 *
 * All folds are stages of one run, over all workers. The result is the same, bit for bit, on any number of them.
 *
 * @throws UserError where there are fewer rows than folds, or a training fails
 * @throws the signal's reason, when it was aborted
 */
export async function crossValidateExperiment(
  experiment: ExperimentConfig | ExperimentInput,
  options: CrossValidateExperimentOptions = {},
): Promise<ExperimentValidation> {
  const { folds = 5, repeats = 1, splitBy = 'random', seed = 0, workers = availableCores() } = options
  for (const [name, count, least] of [
    ['folds', folds, 2],
    ['repeats', repeats, 1],
  ] as const) {
    if (!Number.isInteger(count) || count < least) {
      throw new UserError(`crossValidate: ${name} must be a whole number of at least ${least}, not ${String(count)}`)
    }
  }
  const { signal, onFold, onWarning } = options
  signal?.throwIfAborted()
  const callbacks = new Callbacks(onWarning)
  const config = parseExperiment(experiment)
  const dataset = await datasetLoader()(config.data)
  const parts = Array.from({ length: repeats }, (_, repeat) =>
    foldsOf(dataset, { folds, splitBy, seed, repeat }).map((rows, fold) => ({ repeat, fold, rows })),
  ).flat()
  const planned = parts.map(({ repeat, fold, rows }) => {
    const own = withFold(dataset, rows, { count: undefined, splitBy, seed, repeat })
    const plan = planExperiment(config, { dataset: own, seed: (seed + repeat * folds + fold) % 2 ** 32 })
    return { plan, part: { repeat: repeat + 1, fold: fold + 1, rows, trained: own.splits.train.rows.length } }
  })
  const plans = planned.map(({ plan }) => plan)
  const foldOf = (result: ExperimentResult): ExperimentFold | undefined => {
    const part = planned.find(({ plan }) => plan.seed === result.seed)?.part
    if (part === undefined || result.test === null) return undefined
    return { ...part, epochs: result.stages.at(-1)?.epochs.length ?? 0, test: result.test }
  }
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'gradpool-folds-')))
  try {
    const run = await runExperiments(plans, {
      engine: await engineFor(options.engine),
      workers,
      directory,
      ...(signal && { signal }),
      onEvent(event) {
        if (event.type === 'warning') callbacks.warn(event.message)
        const fold = event.type === 'experimentDone' ? foldOf(event.result) : undefined
        if (fold) callbacks.call('onFold', onFold, fold)
      },
    })
    const { experiments } = await run.result
    signal?.throwIfAborted()
    const failed = experiments.find(({ status }) => status !== 'done')
    if (failed) throw new UserError(`${config.name}: ${failed.error ?? 'a training was interrupted'}`)
    const made = experiments.flatMap((result) => foldOf(result) ?? [])
    const done: Trained<Model>[] = []
    for (const [number, fold] of made.entries()) {
      const hash = plans[number]?.stages.at(-1)?.hash ?? ''
      const path = join(run.directory, 'stages', hash, MODEL_FILE)
      done.push({ fold, predictions: await predictionsBy(path, dataset, fold.rows) })
    }
    const rows = Int32Array.from(new Set(dataset.splits.train.rows)).sort()
    const predictions = Array.from({ length: repeats }, (_, repeat) =>
      joinedPredictions(rows, done.slice(repeat * folds, (repeat + 1) * folds)),
    ).filter((it) => it !== undefined)
    const { mean, deviation } = spreadOf(done.map(({ fold }) => fold))
    return { folds: made, mean, deviation, rows, predictions }
  } finally {
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
  }
}

/** What a saved model predicts of rows; undefined where it predicts nothing. */
async function predictionsBy(
  path: string,
  { fields }: Dataset,
  rows: Int32Array,
): Promise<Readonly<Record<string, Values>> | undefined> {
  await using model = await loadModel(path)
  if (Object.keys(model.outputs).length === 0) return undefined
  const names = Object.keys(model.inputs)
  const { fields: own, rows: places } = inMemory({ fields: fields.train, rows }, names)
  const inputs = names.flatMap((name) => (own[name] ? [[name, rowsOf(own[name], places)] as const] : []))
  return await model.predict(Object.fromEntries(inputs))
}
