/**
 * How stages train: the options of `fit` by their own names, checked by the trainer and by core,
 * with the defaults of an experiment.
 */
import { adam, UserError, type Optimizer, type UpdateRule } from '@gradpool/core'
import { checkClip, checks, FieldError, isRule, parseOptimizer, type OptimizerData } from '@gradpool/core/engine'
import {
  checkTraining,
  DEFAULT_BATCH_SIZE,
  type AveragingOptions,
  type LearningOptions,
  type TrainingOptions,
} from '@gradpool/trainer/plan'

type Choices = Pick<TrainingOptions<string, never>, 'epochs' | 'monitor' | 'mode' | 'earlyStopping' | 'keep'>

/** As people write it. */
export interface TrainInput extends Omit<LearningOptions, 'optimizer'>, AveragingOptions, Choices {
  readonly optimizer?: OptimizerData | UpdateRule
  /** How many epochs one line of the log stands for. Default: 1. */
  readonly reportEvery?: number
}

/** What a stage trains in its own way; the rest is as in the experiment's `train`. */
export interface StageTrainConfig extends Omit<TrainInput, 'optimizer'> {
  readonly optimizer?: Optimizer | UpdateRule
}

const defaults = {
  optimizer: adam() as Optimizer | UpdateRule,
  batchSize: DEFAULT_BATCH_SIZE,
  epochs: 10,
  shuffle: true,
  microBatches: 1,
  reportEvery: 1,
  keep: 'last' as 'last' | 'best',
}

/** Complete. */
export type TrainConfig = StageTrainConfig & Readonly<typeof defaults>

/**
 * @param where The path of these options, for messages.
 * @throws UserError for the first option that is wrong
 */
export function parseTrain(value: unknown, where: string): TrainConfig {
  return { ...defaults, ...parseStageTrain(value, where) }
}

/** The same for those that a stage has of its own. */
export function parseStageTrain(value: unknown, where: string): StageTrainConfig {
  checkTraining(where, value, { reportEvery: checks.whole(1) })
  const said = Object.entries(value).filter(([, option]) => option !== undefined)
  // Each option was checked by its name.
  const { optimizer, ...options } = Object.fromEntries(said) as TrainInput
  if (options.clip !== undefined) inPlace(where, '', () => checkClip(options.clip))
  if (optimizer === undefined) return options
  return { ...options, optimizer: inPlace(where, 'optimizer', () => optimizerOf(optimizer)) }
}

/** An update rule of the user's own stands for itself. */
function optimizerOf(optimizer: OptimizerData | UpdateRule): Optimizer | UpdateRule {
  return isRule(optimizer) ? optimizer : parseOptimizer(optimizer)
}

/** Says whose field is wrong. */
function inPlace<T>(where: string, option: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    const path = [where, option, error.field].filter((part) => part !== '').join('.')
    throw new UserError(`${path} ${error.problem}`, { cause: error })
  }
}
