/**
 * What an experiment is made of: plain JSON data, checked field by field.
 *
 * Every object is strict, so that a misspelt field is an error and never a silent default. The only thing in a
 * configuration that is not JSON is the function of a model of the user's own (`stages[i].stage`).
 */
import type { StageModel } from './stage-model.js'
import { z } from 'zod'
import { optimizerSchema } from './optimizer-schema.js'
import { dataSchema } from './data-schema.js'

const ACTIVATIONS = ['linear', 'relu', 'sigmoid', 'tanh'] as const

const name = z.string().regex(/^[A-Za-z0-9][\w.-]*$/)
const width = z.int().min(1)
const widths = z.array(width)
const activation = z.enum(ACTIVATIONS)
const fraction = z.number().min(0).max(1)

/** How weights begin; biases begin at 0. He and Glorot scale to the widths of the layer. */
const weight = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('normal'), std: z.number().positive() }),
  z.strictObject({ kind: z.literal('uniform'), limit: z.number().positive() }),
  z.strictObject({ kind: z.literal('he') }),
  z.strictObject({ kind: z.literal('glorot') }),
])

const training = {
  optimizer: optimizerSchema,
  batchSize: z.int().min(1),
  epochs: z.int().min(1),
  /** Visit the examples in a new order in every epoch. */
  shuffle: z.boolean(),
  /** How many epochs one line of the log stands for. */
  reportEvery: z.int().min(1),
}

const train = z.strictObject({
  optimizer: training.optimizer.default({
    kind: 'adam',
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  }),
  batchSize: training.batchSize.default(10),
  epochs: training.epochs.default(10),
  shuffle: training.shuffle.default(true),
  reportEvery: training.reportEvery.default(1),
})

/** What a stage trains in its own way; the rest is as in the experiment's `train`. */
const stageTrain = z.strictObject({
  optimizer: z.exactOptional(training.optimizer),
  batchSize: z.exactOptional(training.batchSize),
  epochs: z.exactOptional(training.epochs),
  shuffle: z.exactOptional(training.shuffle),
  reportEvery: z.exactOptional(training.reportEvery),
})

const autoencodeStage = z.strictObject({
  kind: z.literal('autoencode'),
  /** Widths of the encoder's layers; the last is the code. */
  encoder: widths.min(1),
  /** Widths of the decoder's layers; the last is the width of the input. */
  decoder: widths.min(1),
  activation: activation.default('relu'),
  codeActivation: activation.default('relu'),
  outputActivation: activation.default('linear'),
  weight: weight.default({ kind: 'he' }),
  /** What pixels (0..255) are multiplied by. */
  scale: z
    .number()
    .positive()
    .default(1 / 255),
  train: z.exactOptional(stageTrain),
})

const classifyStage = z.strictObject({
  kind: z.literal('classify'),
  /** Widths of the hidden layers; the output layer, one logit a class, comes after them. */
  head: widths,
  /** Whether the head stands on the encoder of the last autoencode stage, and whether that goes on learning. */
  encoder: z.enum(['none', 'fineTuned', 'frozen']).default('none'),
  activation: activation.default('relu'),
  weight: weight.default({ kind: 'he' }),
  /** What pixels (0..255) are multiplied by; an encoder keeps its own. */
  scale: z.exactOptional(z.number().positive()),
  train: z.exactOptional(stageTrain),
})

const modelStage = z.strictObject({
  kind: z.literal('model'),
  name,
  stage: z.custom<StageModel>((value) => typeof value === 'object' && value !== null),
  /** The examples it trains on: all images, or those of the labelled subset. */
  split: z.enum(['images', 'labelled']).default('labelled'),
  train: z.exactOptional(stageTrain),
})

const stage = z.discriminatedUnion('kind', [autoencodeStage, classifyStage, modelStage])

export const experimentSchema = z.strictObject({
  name,
  /** What sets it apart, for the table; the report's 조건. */
  condition: z.string().default(''),
  /** The accuracy that the report gives; null where there is none. */
  reported: fraction.nullable().default(null),
  data: dataSchema,
  train: train.prefault({}),
  stages: z.array(stage).min(1),
  /** Named changes of all of the above: objects are merged, stages by position. */
  presets: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
})

/** An experiment, complete: defaults filled in. */
export type ExperimentConfig = z.output<typeof experimentSchema>
/** An experiment as people write it. */
export type ExperimentInput = z.input<typeof experimentSchema>

export type StageConfig = z.output<typeof stage>
export type AutoencodeConfig = z.output<typeof autoencodeStage>
export type ClassifyConfig = z.output<typeof classifyStage>
export type ModelConfig = z.output<typeof modelStage>
export type StageInput = z.input<typeof stage>
export type AutoencodeInput = z.input<typeof autoencodeStage>
export type ClassifyInput = z.input<typeof classifyStage>
export type ModelInput = z.input<typeof modelStage>
export type TrainConfig = z.output<typeof train>
