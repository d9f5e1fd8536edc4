/** From a model, its data and options to a plan that a training runs. */
import type { StateValues, TableNames } from '@gradpool/core/engine'
import { loadDataset, tableNamesOf, type Dataset } from '@gradpool/datasets'
import { weightsHash } from '@gradpool/storage'
import { namedPasses, trainingHash } from '../plan/training-hash.js'
import { passWork, trainingPasses } from '../plan/training-passes.js'
import type { Pass, TrainingPlan } from '../plan/training-plan.js'
import type { Programs } from '../programs.js'
import type { AnyData, AveragingOptions, LearningOptions, TrainingOptions } from './fit-types.js'
import { initialStates } from './init-from.js'
import { monitored } from '../plan/monitored.js'

/** Options of a training, whatever its Programs are made of. */
export type AnyFitOptions<R> = AnyData & LearningOptions & AveragingOptions & TrainingOptions<string, R>

/** The Programs of a model, or of a file, for these data. */
export type ProgramsFor = (dataset: Dataset) => Programs

export interface PlannedFit {
  readonly programs: Programs
  readonly plan: TrainingPlan
  readonly dataset: Dataset
  readonly state: StateValues | undefined
}

export interface PlanFitBy {
  readonly warn: (message: string) => void
  /** What a table is read by. */
  readonly names: TableNames | undefined
}

/** @throws UserError where the model, the data and the options do not fit each other */
export async function planFit(
  programsFor: ProgramsFor,
  options: AnyFitOptions<never>,
  { warn, names }: PlanFitBy,
): Promise<PlannedFit> {
  const { data, validation, test, epochs = 10, seed = 0, initFrom, directory } = options
  const dataset = await loadDataset(data, { validation, test, names })
  const programs = programsFor(dataset)
  const { splits } = dataset
  const parts = trainingPasses(splits.train, options, (part) => programs.train(part))
  const { program } = parts.training
  const validating: Pass | undefined = splits.validation && {
    program: programs.evaluate(splits.validation),
    data: splits.validation,
  }
  const state =
    initFrom === undefined
      ? undefined
      : await initialStates(initFrom, { program: program.program, params: programs.paramsFor?.(splits.train), warn })
  const plan = {
    name: 'training',
    seed,
    epochs,
    ...parts,
    ...monitored(options, { metrics: program.metrics, hasValidation: validating !== undefined }),
    ...(validating && { validation: validating }),
    work: epochs * passWork(program),
  }
  // Hashing data takes time, which only a folder needs.
  const hash = directory === undefined ? program.program.hash : hashOf(plan, dataset, state)
  return { programs, plan: { ...plan, hash }, dataset, state }
}

function hashOf(plan: Omit<TrainingPlan, 'hash' | 'test'>, dataset: Dataset, state: StateValues | undefined): string {
  const { training, averaging, validation } = plan
  const named = namedPasses(dataset)
  return trainingHash({
    ...plan,
    table: tableNamesOf(dataset),
    training: named(training),
    averaging: averaging && { every: averaging.every, replicas: averaging.replicas.map(named) },
    validation: validation && named(validation),
    initFrom: state && { hash: weightsHash(state), states: Object.keys(state) },
  })
}
