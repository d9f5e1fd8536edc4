/**
 * What an experiment is made of: plain JSON data, checked field by field.
 *
 * Every object is strict, so that a misspelt field is an error and never a silent default. The only
 * thing in a configuration that is not JSON is a model of the user's own (`stages[i].model`), and
 * data in memory.
 */
import { UserError, type Model } from '@gradpool/core'
import { MAX_OWN_NAME_LENGTH } from '@gradpool/core/engine'
import { parseData, type DataInput, type Dataset, type DataSpec } from '@gradpool/datasets'
import { activationNames, type AutoencodeOptions, type ClassifyOptions, type HashOptions } from '@gradpool/models'
import { checkTogether } from '@gradpool/trainer/plan'
import type { z } from 'zod'
import { checkedBy, fields, whole } from './config-errors.js'
import {
  parseStageTrain,
  parseTrain,
  type StageTrainConfig,
  type TrainConfig,
  type TrainInput,
} from './train-options.js'
import { zod } from './zod.js'

const NAME_ALLOWED = 'a name of letters, digits, dots, dashes and underscores that begins with a letter or a digit'
const LENGTH_ALLOWED = `a name of at most ${MAX_OWN_NAME_LENGTH} characters`
const MAX_CONDITION_LENGTH = 1000

function buildStages() {
  const { z } = zod()
  const name = z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*$/, NAME_ALLOWED)
    .max(MAX_OWN_NAME_LENGTH, LENGTH_ALLOWED)
  const width = whole(1)
  const activation = z.enum(activationNames)
  /** What pixels are multiplied by. Default: what the model says for such data. */
  const scale = z.exactOptional(z.number().positive())
  /** Features of one example. Default: what the data say. */
  const input = z.exactOptional(width)
  /** Of the labels. Default: what the data say. */
  const classes = z.exactOptional(width)
  /** How weights begin; biases begin at 0. The named ones fit the widths of each layer. */
  const weight = z.union([
    z.enum(['heNormal', 'heUniform', 'glorotNormal', 'glorotUniform']),
    z.discriminatedUnion('kind', [
      fields({
        kind: z.literal('normal'),
        mean: z.number().default(0),
        std: z.number().positive(),
      }),
      fields({ kind: z.literal('uniform'), low: z.number(), high: z.number() }),
      fields({ kind: z.literal('constant'), value: z.number() }),
    ]),
  ])

  /** What a stage trains in its own way; the rest is as in the experiment's `train`. */
  const stageTrain = z.exactOptional(checkedBy<TrainInput, StageTrainConfig>(parseStageTrain))

  const autoencodeStage = fields({
    kind: z.literal('autoencode'),
    /** Widths of the encoder's layers; the last is the code. */
    encoder: z.array(width).min(1),
    /** Widths of the decoder's layers; the last is the width of the input. */
    decoder: z.array(width).min(1),
    activation: activation.default('relu'),
    codeActivation: activation.default('relu'),
    outputActivation: activation.default('linear'),
    weight: weight.default('heNormal'),
    scale,
    input,
    train: stageTrain,
  })

  const classifyStage = fields({
    kind: z.literal('classify'),
    /** Widths of the hidden layers; the output layer, one logit a class, comes after them. */
    hidden: z.array(width),
    /**
     * Whether they stand on the encoder of the autoencode stage before it, and whether that goes
     * on learning.
     */
    encoder: z.enum(['none', 'fineTuned', 'frozen']).default('none'),
    /** Of the hidden layers and the output layer. */
    weight: weight.default('heNormal'),
    classes,
    /** Only without an encoder, whose own they are otherwise. */
    activation: z.exactOptional(activation),
    scale,
    input,
    train: stageTrain,
  })

  const hashStage = fields({
    kind: z.literal('hash'),
    /** Widths of the encoder's layers; the last is the number of bits. */
    encoder: z.array(width).min(1),
    /** Learn from the labelled images and their labels, not from all images without labels. */
    labels: z.boolean().default(false),
    activation: activation.default('relu'),
    weight: weight.default('heNormal'),
    scale,
    classes,
    imageShape: z.exactOptional(z.tuple([width, width])),
    /** How far the small maps go, by which each step changes its images. */
    warp: fields({
      /** In pixels. */
      shift: z.number().min(0).default(2),
      /** Of the entries of the 2 × 2 matrix. */
      strain: z.number().min(0).default(0.25),
    }).prefault({}),
    /** Without labels: the weight of different bits saying different things. */
    decorrelation: z.number().min(0).default(0.002),
    /** Without labels: the weight of codes being near 0 and 1. */
    binary: z.number().min(0).default(0.02),
    train: stageTrain,
  })

  const modelStage = fields({
    kind: z.literal('model'),
    name,
    model: z.custom<Model>(isStage, "must be a model made by core's defineModel({ params, step })"),
    /** The examples it trains on: all, or those whose labels are used. */
    split: z.enum(['all', 'train']).default('train'),
    train: stageTrain,
  })

  return { name, autoencodeStage, classifyStage, hashStage, modelStage }
}

function build() {
  const { z } = zod()
  const { name, ...stages } = buildStages()
  const configured = z.discriminatedUnion('kind', [
    stages.autoencodeStage,
    stages.classifyStage,
    stages.hashStage,
    stages.modelStage,
  ])

  /** A stage that has a `model` needs no `kind`. */
  const stage = z
    .custom<StageInput>()
    .transform((value: unknown) =>
      typeof value === 'object' && value !== null && 'model' in value ? { kind: 'model', ...value } : value,
    )
    .pipe(configured)

  const data = checkedBy<DataInput, DataSpec | Dataset>(parseData)
  const train = checkedBy<TrainInput, TrainConfig>(parseTrain)

  const experiment = fields({
    name,
    /** What sets it apart, for the table; the report's 조건. */
    condition: z.string().max(MAX_CONDITION_LENGTH).default(''),
    /** The accuracy that the report gives; null where there is none. */
    reported: z.number().min(0).max(1).nullable().default(null),
    data,
    train: train.prefault({}),
    stages: z.array(stage).min(1),
    /** Named changes of all of the above: objects are merged, stages by position. */
    presets: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  })

  const checked = experiment.superRefine(({ stages }, context) => {
    stages.forEach((stage, position) => {
      const problem = problemOf(stage, stages.slice(0, position))
      if (problem === undefined) return
      const [field, message] = problem
      context.addIssue({ code: 'custom', path: ['stages', position, field], message })
    })
  })
  return { experiment: checked, stage }
}

type Stages = ReturnType<typeof buildStages>
type Schemas = ReturnType<typeof build>
let built: Schemas | undefined

/** Of a whole experiment. */
export function experimentSchema(): Schemas['experiment'] {
  built ??= build()
  return built.experiment
}

function isStage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'forData' in value
}

/** What is wrong with a stage that comes after these. */
function problemOf(stage: StageConfig, before: readonly StageConfig[]): [field: string, message: string] | undefined {
  if (stage.kind !== 'classify' || stage.encoder === 'none') return undefined
  if (!before.some(({ kind }) => kind === 'autoencode')) {
    return ['encoder', `is '${stage.encoder}', so an autoencode stage must come before; or 'none'`]
  }
  const twice = (['activation', 'scale', 'input'] as const).find((field) => stage[field] !== undefined)
  if (twice === undefined) return undefined
  return [twice, `is the autoencode stage's where encoder is '${stage.encoder}'; leave it out here`]
}

/**
 * The experiment, once all of its options are known: several overrides may have to come together.
 *
 * @throws UserError for options of training that are right each by itself and make no sense together
 */
export function checkedTogether(config: ExperimentConfig, where: string): ExperimentConfig {
  const trains = config.stages.map((stage, position) => {
    return [`stages[${position}].train`, { ...config.train, ...stage.train }] as const
  })
  for (const [path, train] of [['train', config.train] as const, ...trains]) {
    try {
      checkTogether(train)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      throw new UserError(`${where}: ${path}: ${error.message}`, { cause: error })
    }
  }
  return config
}

/** An experiment, complete: defaults filled in. */
export type ExperimentConfig = z.output<Schemas['experiment']>
/** An experiment as people write it. */
export type ExperimentInput = z.input<Schemas['experiment']>

export type StageConfig = z.output<Schemas['stage']>
/** A ready model, with a `train` of its own where it has one, or a model of one's own. */
export type StageInput =
  | Ready<'autoencode', AutoencodeOptions>
  | Ready<'classify', Omit<ClassifyOptions, 'autoencoder'>>
  | Ready<'hash', HashOptions>
  | ModelInput
type Ready<Kind, Options> = Options & { readonly kind: Kind; readonly train?: TrainInput }
/** A stage of one's own. */
export type ModelInput = Omit<z.input<Stages['modelStage']>, 'kind'> & { readonly kind?: 'model' }
