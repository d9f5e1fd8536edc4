/**
 * One stage of an experiment as an engine will run it: its programs, the rows of each, and its hash.
 */
import { type Shape, type Model } from '@gradpool/core'
import {
  philox,
  prediction,
  purposeOf,
  sameShape,
  type BatchProgram,
  type Program,
  type Split,
  type TableNames,
} from '@gradpool/core/engine'
import { inMemory, tableNamesOf, type Dataset } from '@gradpool/datasets'
import {
  monitored,
  namedPasses,
  passWork,
  tracedPrograms,
  trainingHash,
  trainingPasses,
  type Programs,
  type TrainingDeterminants,
  type TrainingPlan,
} from '@gradpool/trainer/plan'
import type { StageConfig } from './schema.js'
import type { TrainConfig } from './train-options.js'

const NUM_SAMPLES = 3

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
  /** What the numbers of a table are called. */
  readonly table?: TableNames
  /**
   * What people are shown beside the predictions, which are of a few test images; where the data
   * are images with labels.
   */
  readonly samples?: {
    /** Of the test images. */
    readonly rows: Int32Array
    readonly labels: readonly number[]
    readonly imageShape: readonly [number, number]
  }
}

export interface StageToTrace {
  readonly config: StageConfig
  readonly train: TrainConfig
  readonly model: Model
  readonly dataset: Dataset
}

/** A stage of any seed. */
export interface TracedStage {
  /** All of a plan that no seed changes. */
  readonly shared: Omit<StagePlan, 'hash' | 'seed' | 'predictions' | 'samples' | 'initFrom' | 'transferredStates'>
  /** The same of what its hash is over. */
  readonly determinants: Omit<TrainingDeterminants, 'seed' | 'initFrom'>
  /** Shapes of the model's own states, without the optimizer's. */
  readonly weights: ReadonlyMap<string, Shape>
  /** What is predicted of a few test examples, where it can be shown. */
  readonly shown: { readonly program: BatchProgram; readonly digits: Digits } | undefined
}

/** @throws UserError where the model does not fit the data or options do not fit. */
export function traceStage({ config, train, model, dataset }: StageToTrace): TracedStage {
  const { epochs } = train
  const { splits } = dataset
  const table = tableNamesOf(dataset)
  const data = splitOf(config, dataset)
  const programs = tracedPrograms(model, train)
  const { training, averaging } = trainingPasses(data, train, (part) => programs.train(part))
  const evaluated = (split: Split) => ({ program: programs.evaluate(split), data: split })
  const validation = splits.validation && evaluated(splits.validation)
  const goal = monitored(train, {
    metrics: training.program.metrics,
    hasValidation: validation !== undefined,
  })
  const test = splits.test && evaluated(splits.test)
  const weights = statesOf((test ?? evaluated(data)).program.program)
  const digits = digitsOf(dataset)
  const samplesProgram = digits && programOfSamples(model, digits.test)
  const named = namedPasses(dataset)
  const ofSamples = samplesProgram && named({ program: samplesProgram, data: digits.test })
  const validationWork = validation ? passWork(validation.program) : 0
  const trained = averaging?.replicas ?? [training]
  const trainingWork = trained.reduce((sum, { program }) => sum + passWork(program), 0)
  return {
    shared: {
      name: config.kind === 'model' ? config.name : config.kind,
      model,
      ...(programs.options && { learning: programs.options }),
      // The lines of a ready model's code tell its user nothing.
      ...(config.kind === 'model' && { retrace: programs.retrace }),
      data: { name: dataset.name, hash: dataset.hash },
      ...(table && { table }),
      epochs,
      ...goal,
      training,
      ...(averaging && { averaging }),
      ...(validation && { validation }),
      ...(test && { test }),
      work: epochs * (trainingWork + validationWork) + (test ? passWork(test.program) : 0),
    },
    determinants: {
      epochs,
      table,
      ...goal,
      training: named(training),
      averaging: averaging && {
        every: averaging.every,
        replicas: averaging.replicas.map(named),
      },
      validation: validation && named(validation),
      test: test && named(test),
      samples: ofSamples && { ...ofSamples, data: { ...ofSamples.data, rows: null } },
    },
    weights,
    shown: samplesProgram && { program: samplesProgram, digits },
  }
}

export interface PlannedStage {
  readonly plan: StagePlan
  readonly weights: TracedStage['weights']
}

/** @param initFrom the stage whose weights of equal name and shape this one starts with */
export function planStage(
  { shared, determinants, weights, shown }: TracedStage,
  seed: number,
  initFrom: PlannedStage | undefined,
): PlannedStage {
  const states = initFrom && commonStates(initFrom.weights, weights)
  const start = initFrom && states?.length ? { hash: initFrom.plan.hash, states } : undefined
  // Generators take the 32 bits of a seed, whatever their sign.
  const hash = trainingHash({ ...determinants, seed: seed >>> 0, initFrom: start })
  const plan: StagePlan = {
    ...shared,
    hash,
    seed,
    ...(shown &&
      samplesOf(
        shown.program,
        shown.digits,
        // Only where the hash has that stage in it: stages of one hash have the same samples.
        (start && initFrom?.plan.samples?.rows) ??
          chooseRows(shown.digits.test.rows, shown.program.numExamples, seed, `samples ${hash}`),
      )),
    ...(start && { initFrom: start.hash, transferredStates: start.states }),
  }
  return { plan, weights }
}

function splitOf(config: StageConfig, { splits }: Dataset): Split {
  switch (config.kind) {
    case 'autoencode':
    case 'cluster':
      return splits.all
    case 'classify':
    case 'forecast':
    case 'continueText':
    case 'regress':
      return splits.train
    case 'hash':
      return config.labels ? splits.train : splits.all
    case 'model':
      return splits[config.split]
  }
}

/** Undefined where the model makes no predictions. */
function programOfSamples(model: Model, { fields, rows }: Split): BatchProgram | undefined {
  const { tracePrediction, inputs } = model.forData({ fields })
  // Of a prediction that needs more than the data has, nothing can be shown.
  if (tracePrediction === undefined || inputs !== undefined) return undefined
  const numExamples = Math.min(NUM_SAMPLES, rows.length)
  return prediction(model, { batchSize: numExamples, data: { fields, numExamples } })
}

interface Digits {
  readonly test: Split
  readonly imageShape: readonly [number, number]
}

/** The test examples that can be shown, as images with labels can. */
function digitsOf({ splits: { test }, imageShape }: Dataset): Digits | undefined {
  if (imageShape === undefined || test?.fields.label?.shape.length !== 0) return undefined
  return { test, imageShape }
}

/** What is predicted of a few test examples, and what is shown beside it. */
function samplesOf(
  program: BatchProgram,
  { test: { fields }, imageShape }: Digits,
  rows: Int32Array,
): Pick<StagePlan, 'predictions' | 'samples'> {
  const data = inMemory({ fields, rows })
  const truths = Array.from(data.rows, (row) => data.fields.label?.values[row] ?? 0)
  return {
    predictions: { program, data },
    samples: { rows, labels: truths, imageShape },
  }
}

function statesOf(program: Program): Map<string, Shape> {
  return new Map(program.states.map(({ name, shape }) => [name, shape]))
}

/** Names in code-unit order. */
function commonStates(a: ReadonlyMap<string, Shape>, b: ReadonlyMap<string, Shape>): string[] {
  return [...a]
    .filter(([name, shape]) => sameShape(shape, b.get(name) ?? [-1]))
    .map(([name]) => name)
    .sort()
}

const words = new Uint32Array(4)

/** `count` different entries of `rows`, in the order in which they are drawn. */
function chooseRows(rows: Int32Array, count: number, seed: number, purpose: string): Int32Array {
  const key = purposeOf(purpose)
  const drawn: number[] = []
  for (let draw = 0; draw < Math.min(count, rows.length); draw++) {
    philox(words, 0, draw, 0, 0, 0, seed, key)
    // The place among those that are left, as one among all.
    let place = (words[0] ?? 0) % (rows.length - draw)
    for (const before of drawn.toSorted((a, b) => a - b)) if (before <= place) place++
    drawn.push(place)
  }
  return Int32Array.from(drawn, (place) => rows[place] ?? 0)
}
