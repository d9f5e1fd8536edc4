/** From a model, its data and options to a plan that a training runs. */
import {
  adam,
  evaluation,
  train,
  type BatchProgram,
  type Model,
  type Split,
  type StateValues,
} from '@gradpool/core'
import { loadDataset, type DataInput, type Dataset } from '@gradpool/datasets'
import { EVALUATION_BATCH } from '../judge.js'
import { averaged } from '../plan/averaged.js'
import type { Pass, TrainingPlan } from '../plan/training-plan.js'
import { passWork } from '../plan/work.js'
import type { LearningOptions } from './fit-types.js'
import { initialStates, type InitFrom } from './init-from.js'
import { monitored, type MonitorOptions } from './monitor.js'
import { trainingHash } from './training-hash.js'

/** Options that decide the result; see `FitOptions`. */
export interface PlanOptions extends LearningOptions, MonitorOptions {
  readonly data: DataInput
  readonly validation?: number | DataInput | undefined
  readonly test?: number | DataInput
  readonly epochs?: number
  readonly seed?: number
  readonly initFrom?: InitFrom
  /** Only where there is one, all that decides the result is hashed. */
  readonly directory?: string
  readonly averageEvery?: number
  readonly averageParts?: number | readonly number[]
}

export interface PlannedFit {
  readonly plan: TrainingPlan
  readonly dataset: Dataset
  readonly state: StateValues | undefined
}

/** Programs of a training on some examples, and of its evaluation. */
export interface Traced {
  train(data: Split): BatchProgram
  evaluate(data: Split): BatchProgram
}

/** The Programs of a model. */
export function tracedModel(model: Model, options: PlanOptions): Traced {
  const { batchSize = 32, shuffle = true, microBatches = 1, optimizer = adam(), clip } = options
  const { epochs = 10 } = options
  const learning = { batchSize, shuffle, microBatches, optimizer, epochs, ...(clip && { clip }) }
  return {
    train: (data) => train(model, { ...learning, data }),
    evaluate: (data) => evaluation(model, { batchSize: EVALUATION_BATCH, data }),
  }
}

/** @throws UserError where the model, the data and the options do not fit each other */
export async function planFit(traced: Traced, options: PlanOptions): Promise<PlannedFit> {
  const { data, validation, test, epochs = 10, seed = 0, initFrom, directory } = options
  const dataset = await loadDataset(data, { validation, test })
  const { splits } = dataset
  const parts = trainingOf(traced, splits.train, options)
  const { program } = parts.training
  const validating: Pass | undefined = splits.validation && {
    program: traced.evaluate(splits.validation),
    data: splits.validation,
  }
  const state = initFrom === undefined ? undefined : await initialStates(initFrom, program.program)
  const plan = {
    ...{ name: 'training', seed, epochs, ...parts },
    ...monitored(options, { metrics: program.metrics, hasValidation: validating !== undefined }),
    ...(validating && { validation: validating }),
    work: epochs * passWork(program),
  }
  // Hashing data takes time, which only a folder needs.
  const hash =
    directory === undefined
      ? program.program.hash
      : trainingHash({ plan, dataHash: dataset.hash, state })
  return { plan: { ...plan, hash }, dataset, state }
}

function trainingOf(
  traced: Traced,
  data: Split,
  { averageEvery: every, averageParts = 2 }: PlanOptions,
): Pick<TrainingPlan, 'training' | 'averaging'> {
  if (every === undefined) return { training: { program: traced.train(data), data } }
  const count = typeof averageParts === 'number' ? averageParts : 1
  const average = typeof averageParts === 'number' ? { every } : { every, parts: averageParts }
  return averaged(data, average, count, (part) => traced.train(part))
}
