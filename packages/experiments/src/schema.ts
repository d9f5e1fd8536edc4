/**
 * What an experiment is made of: plain JSON data, checked field by field.
 *
 * Every object is strict, so that a misspelt field is an error and never a silent default. The only
 * thing in a configuration that is not JSON is a model of the user's own (`stages[i].model`), and
 * data in memory.
 */
import { adam, UserError, type Model } from '@gradpool/core'
import { parseData, type DataInput, type Dataset, type DataSpec } from '@gradpool/datasets'
import { activationNames } from '@gradpool/models'
import { z } from 'zod'
import { fields, NAMES_ITS_PATH, whole } from './config-errors.js'
import { optimizerSchema } from './optimizer-schema.js'

const NAME_ALLOWED =
  'a name of letters, digits, dots, dashes and underscores that begins with a letter or a digit'
const name = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, NAME_ALLOWED)
const width = whole(1)
const activation = z.enum(activationNames)

/** To [0, 1]. */
export const pixelScale = 1 / 255

/** What pixels (0..255) are multiplied by. */
const scale = z.number().positive()

/** How weights begin; biases begin at 0. The named ones fit the widths of each layer. */
const weight = z.union([
  z.enum(['heNormal', 'heUniform', 'glorotNormal', 'glorotUniform']),
  z.discriminatedUnion('kind', [
    fields({ kind: z.literal('normal'), mean: z.number().default(0), std: z.number().positive() }),
    fields({ kind: z.literal('uniform'), low: z.number(), high: z.number() }),
    fields({ kind: z.literal('constant'), value: z.number() }),
  ]),
])

const training = {
  optimizer: optimizerSchema,
  batchSize: whole(1),
  epochs: whole(1),
  /** Visit the examples in a new order in every epoch. */
  shuffle: z.boolean(),
  /** Parts of a batch whose gradients are added up in order; as many workers can share a step. */
  microBatches: whole(1),
  /**
   * Train microBatches apart, each with weights of its own on its part of the examples, and average
   * them from time to time.
   */
  average: fields({
    every: whole(1),
    parts: z.exactOptional(z.array(z.number().positive()).min(2)),
  }),
  /** How many epochs one line of the log stands for. */
  reportEvery: whole(1),
  /**
   * The metric that tells which epoch is best. Default: `validation.accuracy`, or `validation.loss`
   * without an accuracy.
   */
  monitor: z.string(),
  /** Whether less of it is better; needed for a metric that is neither loss nor accuracy. */
  mode: z.enum(['min', 'max']),
  /**
   * End when the monitored metric has not improved by more than `minDelta` for `patience` epochs.
   */
  earlyStopping: fields({
    monitor: z.exactOptional(z.string()),
    mode: z.exactOptional(z.enum(['min', 'max'])),
    patience: whole(1),
    minDelta: z.number().min(0).default(0),
  }),
  /** Which states are the result: those after the last epoch, or after the best one. */
  keep: z.enum(['last', 'best']),
}

const train = fields({
  optimizer: training.optimizer.prefault(adam()),
  batchSize: training.batchSize.default(10),
  epochs: training.epochs.default(10),
  shuffle: training.shuffle.default(true),
  microBatches: training.microBatches.default(1),
  average: z.exactOptional(training.average),
  reportEvery: training.reportEvery.default(1),
  monitor: z.exactOptional(training.monitor),
  mode: z.exactOptional(training.mode),
  earlyStopping: z.exactOptional(training.earlyStopping),
  keep: training.keep.default('last'),
})

/** What a stage trains in its own way; the rest is as in the experiment's `train`. */
const stageTrain = z.exactOptional(
  fields({
    optimizer: z.exactOptional(training.optimizer),
    batchSize: z.exactOptional(training.batchSize),
    epochs: z.exactOptional(training.epochs),
    shuffle: z.exactOptional(training.shuffle),
    microBatches: z.exactOptional(training.microBatches),
    average: z.exactOptional(training.average),
    reportEvery: z.exactOptional(training.reportEvery),
    monitor: z.exactOptional(training.monitor),
    mode: z.exactOptional(training.mode),
    earlyStopping: z.exactOptional(training.earlyStopping),
    keep: z.exactOptional(training.keep),
  }),
)

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
  scale: scale.default(pixelScale),
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
  /** Only without an encoder, whose own it is otherwise; relu unless said. */
  activation: z.exactOptional(activation),
  /** Only without an encoder, whose own it is otherwise; 1 / 255 unless said. */
  scale: z.exactOptional(scale),
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
  scale: scale.default(pixelScale),
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

function isStage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'traceStep' in value
}

const configured = z.discriminatedUnion('kind', [
  autoencodeStage,
  classifyStage,
  hashStage,
  modelStage,
])

/** A stage that has a `model` needs no `kind`. */
const stage = z
  .custom<StageInput>()
  .transform((value: unknown) =>
    typeof value === 'object' && value !== null && 'model' in value
      ? { kind: 'model', ...value }
      : value,
  )
  .pipe(configured)

const data = z.custom<DataInput>().transform((value, context): DataSpec | Dataset => {
  try {
    return parseData(value, 'data')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { message } = error
    context.issues.push({
      code: 'custom',
      input: value,
      message,
      params: { [NAMES_ITS_PATH]: true },
    })
    return z.NEVER
  }
})

const experiment = fields({
  name,
  /** What sets it apart, for the table; the report's 조건. */
  condition: z.string().default(''),
  /** The accuracy that the report gives; null where there is none. */
  reported: z.number().min(0).max(1).nullable().default(null),
  data,
  train: train.prefault({}),
  stages: z.array(stage).min(1),
  /** Named changes of all of the above: objects are merged, stages by position. */
  presets: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
})

export const experimentSchema = experiment.superRefine(({ stages }, context) => {
  stages.forEach((stage, position) => {
    const problem = problemOf(stage, stages.slice(0, position))
    if (problem === undefined) return
    const [field, message] = problem
    context.addIssue({ code: 'custom', path: ['stages', position, field], message })
  })
})

/** What is wrong with a stage that comes after these. */
function problemOf(
  stage: StageConfig,
  before: readonly StageConfig[],
): [field: string, message: string] | undefined {
  if (stage.kind !== 'classify' || stage.encoder === 'none') return undefined
  if (!before.some(({ kind }) => kind === 'autoencode')) {
    return ['encoder', `is '${stage.encoder}', so an autoencode stage must come before; or 'none'`]
  }
  const twice = (['activation', 'scale'] as const).find((field) => stage[field] !== undefined)
  if (twice === undefined) return undefined
  return [twice, `is the autoencode stage's where encoder is '${stage.encoder}'; leave it out here`]
}

/** An experiment, complete: defaults filled in. */
export type ExperimentConfig = z.output<typeof experimentSchema>
/** An experiment as people write it. */
export type ExperimentInput = z.input<typeof experimentSchema>

export type StageConfig = z.output<typeof stage>
export type StageInput = AutoencodeInput | ClassifyInput | HashInput | ModelInput
export type AutoencodeConfig = z.output<typeof autoencodeStage>
export type AutoencodeInput = z.input<typeof autoencodeStage>
export type ClassifyConfig = z.output<typeof classifyStage>
export type ClassifyInput = z.input<typeof classifyStage>
export type HashInput = z.input<typeof hashStage>
/** A stage of one's own. */
export type ModelInput = Omit<z.input<typeof modelStage>, 'kind'> & { readonly kind?: 'model' }
export type TrainConfig = z.output<typeof train>
