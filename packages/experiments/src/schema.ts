/**
 * What an experiment is made of: plain JSON data, checked field by field.
 *
 * What is not JSON in a configuration is a model of the user's own (`stages[i].model`), data in memory, and `onEpoch`.
 */
import { UserError, type Model } from '@gradpool/core'
import { checks, FieldError, MAX_OWN_NAME_LENGTH } from '@gradpool/core/engine'
import { parseData, type DataInput, type Dataset, type DataSpec } from '@gradpool/datasets'
import {
  activationNames,
  type AutoencodeOptions,
  checkAugmentations,
  checkChanges,
  type ClassifyOptions,
  type ClusterOptions,
  type ContinueTextOptions,
  type EncoderMode,
  type ForecastOptions,
  type HashOptions,
  type RegressOptions,
} from '@gradpool/models'
import type { EpochRow, Log } from '@gradpool/trainer'
import { checkTogether } from '@gradpool/trainer/plan'
import { all, at, fields, kinds, list, type Take } from './fields.js'
import {
  parseStageTrain,
  parseTrain,
  type StageTrainConfig,
  type TrainConfig,
  type TrainInput,
} from './train-options.js'

/** An experiment as people write it. */
export interface ExperimentInput {
  readonly name: string
  /** What sets it apart, for the table; the report's 조건. Default: ''. */
  readonly condition?: string
  /** The accuracy that the report gives. Default: null, where there is none. */
  readonly reported?: number | null
  readonly data: DataInput
  /** How stages train. */
  readonly train?: TrainInput
  /** At least one. */
  readonly stages: readonly StageInput[]
  /** Named changes of all of the above: objects are merged, stages by position. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /**
   * Called on the main thread when an epoch of a stage has ended; training does not wait for it. It changes nothing of
   * what is trained, so it is in no hash. What it throws is told once, as a warning.
   */
  readonly onEpoch?: (epoch: ExperimentEpoch) => unknown
}

export interface ExperimentEpoch {
  /** The name of the stage, such as `classify`. */
  readonly stage: string
  readonly seed: number
  readonly row: EpochRow
  /** Adds images, tables and files to the log of the stage. */
  readonly log: Log
}

/** An experiment, complete: defaults filled in. */
export interface ExperimentConfig extends Required<Omit<ExperimentInput, 'onEpoch'>>, Pick<ExperimentInput, 'onEpoch'> {
  readonly data: DataSpec | Dataset
  readonly train: TrainConfig
  readonly stages: readonly StageConfig[]
}

type Stage<Kind, Options, Train> = Options & { readonly kind: Kind; readonly train?: Train }
type ClassifierOptions = Omit<ClassifyOptions, 'autoencoder'>
type ClustererOptions = Omit<ClusterOptions, 'autoencoder' | 'hasher'>

interface OwnModel {
  readonly name: string
  /** Made by core's `defineModel`. */
  readonly model: Model
  /** The examples it trains on: all, or those whose labels are used. Default: train. */
  readonly split?: 'all' | 'train'
}

/** A ready model, with a `train` of its own where it has one, or a model of one's own. */
export type StageInput =
  | Stage<'autoencode', AutoencodeOptions, TrainInput>
  | Stage<'classify', ClassifierOptions, TrainInput>
  | Stage<'cluster', ClustererOptions, TrainInput>
  | Stage<'forecast', ForecastOptions, TrainInput>
  | Stage<'hash', HashOptions, TrainInput>
  | Stage<'regress', RegressOptions, TrainInput>
  | Stage<'continueText', ContinueTextOptions, TrainInput>
  | (Partial<Stage<'model', unknown, TrainInput>> & OwnModel)

export type StageConfig =
  | Stage<'autoencode', AutoencodeOptions, StageTrainConfig>
  | Stage<'classify', ClassifierOptions & { readonly encoder: EncoderMode }, StageTrainConfig>
  | Stage<'cluster', ClustererOptions & { readonly encoder: EncoderMode }, StageTrainConfig>
  | Stage<'forecast', ForecastOptions, StageTrainConfig>
  | Stage<'hash', HashOptions & { readonly labels: boolean }, StageTrainConfig>
  | Stage<'regress', RegressOptions, StageTrainConfig>
  | Stage<'continueText', ContinueTextOptions, StageTrainConfig>
  | Stage<'model', Required<OwnModel>, StageTrainConfig>

const { oneOf, trueOrFalse, positive } = checks
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isText = (value: unknown) => typeof value === 'string'
const isAtMost = (most: number) => (value: unknown) => String(value).length <= most
const name = all(
  checks.check(
    'a name of letters, digits, dots, dashes and underscores that begins with a letter or a digit',
    (value) => isText(value) && /^[A-Za-z0-9][\w.-]*$/.test(value),
  ),
  checks.check(`a name of at most ${MAX_OWN_NAME_LENGTH} characters`, isAtMost(MAX_OWN_NAME_LENGTH)),
)
const condition = all(checks.check('a text', isText), checks.check('a text of at most 1000 letters', isAtMost(1000)))
const object = checks.check('an object', checks.isRecord)
const aFunction = checks.check('a function', (value) => typeof value === 'function')
const number = checks.check('a number', Number.isFinite)
const atLeast0 = checks.number(0)
const width = checks.whole(1)
const accuracy = checks.check(
  'a number from 0 to 1, or null',
  (value) => value === null || (typeof value === 'number' && value >= 0 && value <= 1),
)
const fromZeroToOne = checks.check(
  'a number of at least 0 and below 1',
  (value) => isNumber(value) && value >= 0 && value < 1,
)
const quantiles = checks.check(
  'ascending numbers above 0 and below 1',
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each: unknown, at) => isNumber(each) && each > (Number(value[at - 1]) || 0) && each < 1),
)
const activation = oneOf(...activationNames)
const imageShape: Take = (value, path) => {
  if (!Array.isArray(value) || value.length !== 2) throw checks.refusal('[height, width]', value, path)
  return list(width)(value, path)
}

/** How weights begin; biases begin at 0. The named ones fit the widths of each layer. */
const weight: Take = (value, path) => (checks.isRecord(value) ? initializer(value, path) : namedWeight(value, path))
const namedWeight = oneOf('heNormal', 'heUniform', 'glorotNormal', 'glorotUniform')
const initializer = kinds({
  normal: { mean: [number, 0], std: [positive] },
  uniform: { low: [number], high: [number] },
  constant: { value: [number] },
})

const classWeights: Take = (value, path) => {
  if (value === 'balanced') return
  if (!Array.isArray(value)) throw checks.refusal("'balanced' or one number for each class", value, path)
  return list(atLeast0, 1)(value, path)
}

const model: Take = (value, path) => {
  if (typeof value === 'object' && value !== null && 'forData' in value) return
  throw new FieldError(path, "must be a model made by core's defineModel({ params, step })")
}

/** What those that are left out without a default are, is for the data or the model to say. */
const knownStage = kinds({
  autoencode: {
    encoder: [list(width, 1)],
    decoder: [list(width, 1)],
    activation: [activation, 'relu'],
    codeActivation: [activation, 'relu'],
    outputActivation: [activation, 'linear'],
    weight: [weight, 'heNormal'],
    scale: [positive, undefined],
    input: [width, undefined],
    augment: [checkAugmentations, undefined],
    train: [parseStageTrain, undefined],
  },
  classify: {
    hidden: [list(width)],
    encoder: [oneOf('none', 'fineTuned', 'frozen'), 'none'],
    weight: [weight, 'heNormal'],
    classes: [width, undefined],
    activation: [activation, undefined],
    scale: [positive, undefined],
    input: [width, undefined],
    field: [name, undefined],
    standardize: [trueOrFalse, undefined],
    augment: [checkChanges, undefined],
    classWeights: [classWeights, undefined],
    train: [parseStageTrain, undefined],
  },
  cluster: {
    clusters: [width],
    hidden: [list(width), []],
    encoder: [oneOf('none', 'fineTuned', 'frozen'), 'none'],
    restarts: [width, 1],
    memory: [fromZeroToOne, 0.99],
    weight: [weight, 'heNormal'],
    activation: [activation, undefined],
    scale: [positive, undefined],
    input: [width, undefined],
    field: [name, undefined],
    standardize: [trueOrFalse, undefined],
    augment: [checkAugmentations, undefined],
    train: [parseStageTrain, undefined],
  },
  forecast: {
    hidden: [list(width)],
    horizon: [width, undefined],
    column: [checks.whole(0), 0],
    activation: [activation, 'relu'],
    weight: [weight, 'heNormal'],
    train: [parseStageTrain, undefined],
  },
  hash: {
    encoder: [list(width, 1)],
    labels: [trueOrFalse, false],
    activation: [activation, 'relu'],
    weight: [weight, 'heNormal'],
    scale: [positive, undefined],
    classes: [width, undefined],
    imageShape: [imageShape, undefined],
    warp: [fields({ shift: [atLeast0, 2], strain: [atLeast0, 0.25] }), {}],
    decorrelation: [atLeast0, 0.002],
    binary: [atLeast0, 0.02],
    train: [parseStageTrain, undefined],
  },
  regress: {
    hidden: [list(width)],
    activation: [activation, 'relu'],
    weight: [weight, 'heNormal'],
    standardize: [trueOrFalse, true],
    augment: [checkChanges, undefined],
    quantiles: [quantiles, undefined],
    train: [parseStageTrain, undefined],
  },
  continueText: {
    width: [width],
    heads: [width],
    blocks: [width],
    hidden: [width, undefined],
    dropout: [checks.number(0, 1), undefined],
    classes: [width, undefined],
    train: [parseStageTrain, undefined],
  },
  model: { name: [name], model: [model], split: [oneOf('all', 'train'), 'train'], train: [parseStageTrain, undefined] },
})

/** One that has a `model` needs no `kind`. */
const stage: Take = (value, path) =>
  knownStage(checks.isRecord(value) && 'model' in value ? { kind: 'model', ...value } : value, path)

const presets: Take = (value, path) => {
  if (!checks.isRecord(value)) throw checks.refusal('an object', value, path)
  for (const [preset, change] of Object.entries(value)) object(change, at(path, preset))
}

const experiment = fields({
  name: [name],
  condition: [condition, ''],
  reported: [accuracy, null],
  data: [parseData],
  train: [parseTrain, {}],
  stages: [list(stage, 1)],
  presets: [presets, {}],
  onEpoch: [aFunction, undefined],
})

/**
 * The experiment with its defaults.
 *
 * @param where Comes before the path in messages: the experiment's name.
 * @throws UserError for the first thing that is wrong: the field's path, what is allowed, what was found
 */
export function complete(value: unknown, where: string): ExperimentConfig {
  return named(where, () => {
    // Its fields are those of the tables.
    const config = experiment(value, '') as ExperimentConfig
    config.stages.forEach((stage, position) => checkPlace(stage, position, config.stages))
    return config
  })
}

/** @throws FieldError for a stage that does not go with those before it */
function checkPlace(stage: StageConfig, position: number, stages: readonly StageConfig[]): void {
  if ((stage.kind !== 'classify' && stage.kind !== 'cluster') || stage.encoder === 'none') return
  const path = at('stages', position)
  const [kinds, what] =
    stage.kind === 'classify' ? [['autoencode'], 'autoencode'] : [['autoencode', 'hash'], 'autoencode or hash']
  if (!stages.slice(0, position).some(({ kind }) => kinds.includes(kind))) {
    const problem = `is '${stage.encoder}', so an ${what} stage must come before; or 'none'`
    throw new FieldError(at(path, 'encoder'), problem)
  }
  const isDeep = stage.kind === 'cluster' && stage.encoder === 'fineTuned'
  if (isDeep && !stages.slice(0, position).some(({ kind }) => kind === 'cluster')) {
    throw new FieldError(
      at(path, 'encoder'),
      "is 'fineTuned', so a cluster stage with 'frozen' must find centres before",
    )
  }
  const twice = (['activation', 'scale', 'input'] as const).find((field) => stage[field] !== undefined)
  if (twice === undefined) return
  const problem = `is the autoencode stage's where encoder is '${stage.encoder}'; leave it out here`
  throw new FieldError(at(path, twice), problem)
}

/**
 * The experiment, once all of its options are known: several overrides may have to come together.
 *
 * @throws UserError for options of training that are right each by itself and make no sense together
 */
export function checkedTogether(config: ExperimentConfig, where: string): ExperimentConfig {
  named(`${where}: train`, () => checkTogether(config.train))
  config.stages.forEach(({ train }, position) => {
    named(`${where}: stages[${position}].train`, () => checkTogether({ ...config.train, ...train }))
  })
  return config
}

/** Says whose mistake it is. */
function named<T>(where: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const whole = error instanceof FieldError && error.field === '' ? 'an experiment ' : ''
    throw new UserError(`${where}: ${whole}${error.message}`, { cause: error })
  }
}
