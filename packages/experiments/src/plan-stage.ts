/**
 * One stage of an experiment as an engine will run it: its programs, the rows of each, and its hash.
 */
import {
  evaluation,
  prediction,
  sameShape,
  train,
  UserError,
  type BatchProgram,
  type Program,
  type Shape,
  type Split,
  type Stage,
} from '@gradpool/core'
import type { DatasetSplit, LoadedDataset } from '@gradpool/datasets'
import { averaged, passWork, type TrainingPlan } from '@gradpool/trainer/plan'
import { optimizerFor } from './optimizer-schema.js'
import { chooseRows } from './sample-rows.js'
import type { StageConfig, TrainConfig } from './schema.js'
import { stageHash, type NamedPass } from './stage-hash.js'
import { stageMonitors } from './stage-monitors.js'
import type { StagePlan } from './stage-plan.js'

/**
 * Examples per step of an evaluation. A metric that is a mean over examples depends on it by rounding alone. Any other
 * is the mean of its values for the batches, and so depends on their size: the autoencoder's 1 - sqrt(mse) / mean is one,
 * as the report defines it, per batch.
 */
const EVALUATION_BATCH = 100
const NUM_SAMPLES = 3

export interface StageToPlan {
  readonly config: StageConfig
  readonly train: TrainConfig
  readonly model: Stage
  readonly dataset: LoadedDataset
  readonly seed: number
  /** The stage whose weights of equal name and shape this one starts with. */
  readonly initFrom: PlannedStage | undefined
}

export interface PlannedStage {
  readonly plan: StagePlan
  /** Shapes of the model's own states, without the optimizer's. */
  readonly weights: ReadonlyMap<string, Shape>
}

/** @throws UserError where the model does not fit the data or tells of no single accuracy, or options do not fit. */
export function planStage(stage: StageToPlan): PlannedStage {
  const { config, model, dataset, seed, initFrom } = stage
  const { epochs, keep } = stage.train
  const { splits } = dataset
  const data = splitOf(config, dataset)
  const { training, averaging } = trainingOf(stage, data)
  const evaluated = (split: Split) => ({
    program: evaluation(model, { batchSize: EVALUATION_BATCH, data: split }),
    data: split,
  })
  const validation = splits.validation.rows.length > 0 ? evaluated(splits.validation) : null
  const { monitor, earlyStopping, hashed } = stageMonitors(
    stage.train,
    training.program,
    validation?.program,
  )
  const test = evaluated(splits.test)
  for (const { program } of [training, test]) checkAccuracy(program.program)
  const weights = statesOf(test.program.program)
  const states = initFrom && commonStates(initFrom.weights, weights)
  const start = initFrom && states?.length ? { hash: initFrom.plan.hash, states } : null
  const samplesProgram = programOfSamples(model, splits.test)

  const named = (
    pass: { program: BatchProgram; data: Split },
    part: 'train' | 'test',
  ): NamedPass => ({
    program: pass.program,
    data: { dataset: dataset.hash, part, rows: pass.data.rows },
  })
  const hash = stageHash({
    // Generators take the 32 bits of a seed, whatever their sign.
    seed: seed >>> 0,
    epochs,
    ...hashed,
    training: named(training, 'train'),
    averaging: averaging && {
      every: averaging.every,
      replicas: averaging.replicas.map((replica) => named(replica, 'train')),
    },
    validation: validation && named(validation, 'train'),
    test: named(test, 'test'),
    samples: samplesProgram && {
      program: samplesProgram,
      data: { dataset: dataset.hash, part: 'test', rows: null },
    },
    initFrom: start,
  })
  const validationWork = validation ? passWork(validation.program) : 0
  const trained = averaging?.replicas ?? [training]
  const trainingWork = trained.reduce((sum, { program }) => sum + passWork(program), 0)
  // Those of the stage that this one starts from only where the hash has it: stages of one hash have the same samples.
  const numSamples = samplesProgram?.numExamples ?? 0
  const sampleRows =
    (start && initFrom?.plan.predictions?.data.rows) ??
    chooseRows(splits.test.rows, numSamples, seed, `samples ${hash}`)
  const plan: StagePlan = {
    name: config.kind === 'model' ? config.name : config.kind,
    hash,
    seed,
    epochs,
    ...(monitor && { monitor }),
    ...(earlyStopping && { earlyStopping }),
    keep,
    training,
    ...(averaging && { averaging }),
    ...(validation && { validation }),
    test,
    ...(samplesProgram && {
      predictions: {
        program: samplesProgram,
        data: { fields: splits.test.fields, rows: sampleRows },
      },
      samples: {
        labels: Array.from(sampleRows, (row) => splits.test.fields.label.values[row] ?? 0),
        imageShape: dataset.imageShape,
      },
    }),
    ...(start && { initFrom: start.hash, transferredStates: start.states }),
    work: epochs * (trainingWork + validationWork) + passWork(test.program),
  }
  return { plan, weights }
}

function splitOf(config: StageConfig, { splits }: LoadedDataset): DatasetSplit {
  switch (config.kind) {
    case 'autoencode':
      return splits.images
    case 'classify':
      return splits.labelled
    case 'hash':
      return config.labels ? splits.labelled : splits.images
    case 'model':
      return splits[config.split]
  }
}

function trainingOf(stage: StageToPlan, data: Split): Pick<TrainingPlan, 'training' | 'averaging'> {
  const { average, shards } = stage.train
  if (average === undefined) return { training: { program: trainingProgram(stage, data), data } }
  const apart = { ...stage, train: { ...stage.train, shards: 1 } }
  return averaged(data, average, shards, (part) => trainingProgram(apart, part))
}

function trainingProgram({ model, train: options }: StageToPlan, data: Split): BatchProgram {
  const { batchSize, epochs, shuffle, shards } = options
  const stepsPerEpoch = Math.ceil(data.rows.length / Math.min(batchSize, data.rows.length))
  const optimizer = optimizerFor(options.optimizer, stepsPerEpoch * epochs)
  return train(model, { optimizer, batchSize, data, shuffle, shards })
}

/** Null where the model makes no predictions. */
function programOfSamples(model: Stage, { fields, rows }: Split): BatchProgram | null {
  if (model.tracePrediction === undefined) return null
  const numExamples = Math.min(NUM_SAMPLES, rows.length)
  return prediction(model, { batchSize: numExamples, data: { fields, numExamples } })
}

/** Other metrics may have any shape; the accuracy goes into a row of the report. */
function checkAccuracy(program: Program): void {
  const accuracy = program.results.find(({ name }) => name === 'accuracy')
  if (accuracy === undefined) return
  const { shape } = program.node(accuracy.node)
  if (shape.length > 0) {
    throw new UserError(
      `the accuracy must be one number, not of shape [${shape.join(', ')}]; take its mean`,
    )
  }
}

function statesOf(program: Program): Map<string, Shape> {
  const states = program.inputs.filter(({ role }) => role === 'state')
  return new Map(states.map(({ name, node }) => [name, program.node(node).shape]))
}

/** Names in code-unit order. */
function commonStates(a: ReadonlyMap<string, Shape>, b: ReadonlyMap<string, Shape>): string[] {
  return [...a]
    .filter(([name, shape]) => sameShape(shape, b.get(name) ?? [-1]))
    .map(([name]) => name)
    .sort()
}
