/**
 * A model: parameters, and plain functions from them and a batch to a loss with metrics, and to predictions.
 *
 *     const wide = defineModel({
 *       params: { hidden: dense(784, 512), output: dense(512, 10) },
 *       step({ hidden, output }, { image, label }) {
 *         const logits = output(relu(hidden(image))) // [batch, 10]
 *         return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
 *       },
 *       predict: ({ hidden, output }, { image }) => ({ logits: output(relu(hidden(image))) }),
 *     })
 *
 * The functions run once for each Program that is traced, never during training.
 */
import type { Metric, MetricValue, RESERVED_NAMES } from '../metrics/metric.js'
import type { Field } from '../engine/dataset.js'
import type { DType, Shape } from '../program/dtype.js'
import type { Tensor } from '../tracing/tensor.js'
import type { Binding, BoundOf, Params } from './module.js'
import type { Tokens } from './tokens.js'

/** Losses by name, each a scalar: each trains the parameters of its name. */
export type Losses = Readonly<Record<string, Tensor>>

/**
 * What a step returns: the loss, a scalar, and metrics: scalars, which are averaged over the examples, or a `Metric`.
 *
 * With several losses, as `{ loss: { generator, discriminator } }`, each has the name of a part of `params` and trains
 * that alone; all gradients are taken at the same weights. `loss` is told as their sum, each of them as a metric.
 */
export interface StepResults {
  readonly loss: Tensor | Losses
  readonly [metric: string]: Tensor | Metric | Losses
}

/** Named tensors, `[batch, ...]`. */
export type Predictions = Readonly<Record<string, Tensor>>

/** A batch with these fields, each `[batch, ...field shape]`: `step(bound, { text }: Batch<'text'>)`. */
export type Batch<Field extends string> = Readonly<Record<Field, Tensor>>

type Reserved = (typeof RESERVED_NAMES)[number]

/** Makes the compiler refuse a step whose results have a reserved name, with this text. */
type WithoutReserved<R> =
  Extract<keyof R, Reserved> extends never
    ? unknown
    : {
        readonly [
          Name in Extract<keyof R, Reserved>
        ]: `"${Name}" is not a name for a metric: rows of the history have a field of that name`
      }

/** Makes the compiler refuse losses that are named after no part of the parameters. */
type FittingLosses<P, R extends StepResults> = {
  readonly [Name in keyof R]: Name extends 'loss'
    ? Exclude<LossNames<R>, keyof P> extends never
      ? unknown
      : 'each of several losses is named after the part of params that it trains'
    : unknown
}

/** Of several losses, as far as the types tell. */
type LossNames<R extends StepResults> = NamesOf<R['loss']>
type NamesOf<L> = L extends Tensor ? never : string extends keyof L ? never : keyof L

/**
 * Without an annotation `step` reads the fields `image` and `label`, and `predict` reads `image`. Others are named in
 * the type of the batch: `step({ out }, { x, y }: Batch<'x' | 'y'>)`.
 */
export interface ModelDefinition<
  P extends Params,
  R extends StepResults,
  O extends Predictions,
  F extends object,
  G extends object,
> {
  readonly params: P
  /** Fields that `predict` reads and the data need not have, such as the noise of a generator. */
  readonly inputs?: Inputs
  step(bound: BoundOf<P>, batch: F): R & WithoutReserved<R> & FittingLosses<P, R>
  predict?(bound: BoundOf<P>, batch: G): O
}

/** Fields of one example each, by name: `{ noise: { shape: [64] } }`. The type is f32 by default. */
export type Inputs = Readonly<Record<string, { readonly shape: Shape; readonly dtype?: DType }>>

/** What is known of a model at compile time. */
export interface ModelTypes {
  /** The values of its metrics, the loss among them. */
  readonly metrics: object
  /** Names of the fields that its step reads. */
  readonly fields: string
  /** Names of the fields that its prediction reads. */
  readonly predictFields: string
  /** Names of its predictions. */
  readonly outputs: string
}

declare const TYPES: unique symbol

/** Of each number of an example, over the training rows; a missing number, NaN, counts nowhere. */
export interface FieldStatistics {
  /** Of one example. */
  readonly shape: Shape
  readonly mean: readonly number[]
  /** The root of the mean squared distance from the mean; 0 where all are equal. */
  readonly deviation: readonly number[]
  readonly least: readonly number[]
  readonly most: readonly number[]
  /** Of an even number of them, the mean of the two in the middle. */
  readonly median: readonly number[]
  /** Of several, the least. */
  readonly mostFrequent: readonly number[]
}

/** Which figure of the training rows stands for a missing number; for a missing category it is the most frequent. */
export type Imputation = 'mean' | 'median' | 'mostFrequent'

/** What the numbers of a table are called, and those of a text stand for. */
export interface TableNames {
  /** The column that is learnt, as the field `y` or `label`. */
  readonly target?: string
  /** Of the field `x`, in its order. */
  readonly columns?: readonly string[]
  /** Columns whose numbers are categories, with the names of these in the order of their numbers, from 0 on. */
  readonly categories?: Readonly<Record<string, readonly string[]>>
  /** What becomes of a category without a number: a sentence, or the number after the last, whose one-hot is zeros. */
  readonly unknown?: 'refuse' | 'zeros'
  /** What stands for missing values: a number, or what a model computes, for which they are NaN in `x`. */
  readonly missing?: Imputation | { readonly value: number }
  /** Of the field `label`, in the order of its numbers. */
  readonly classNames?: readonly string[]
  /** Of the fields `text` and `next`. */
  readonly tokens?: Tokens
  readonly encoder?: EncoderNames
}

/** The frozen network that made a field of another one, which the data had. */
export interface EncoderNames {
  /** SHA-256 of all that decides its numbers. */
  readonly hash: string
  /** The field that it reads. */
  readonly from: string
  /** The field that it makes. */
  readonly to: string
}

/** What a model may know of the data that it is for. */
export interface ModelData extends Pick<TableNames, 'columns' | 'categories' | 'missing'> {
  readonly fields: Readonly<Record<string, Pick<Field, 'dtype' | 'shape'>>>
  /** Labels, and the tokens of a text, are 0 … classes - 1. */
  readonly classes?: number | undefined
  /** Of the field `image`, where it is known. */
  readonly imageShape?: readonly [height: number, width: number] | undefined
  /** Of a field's training rows, where they are there. */
  readonly statistics?: ((field: string) => FieldStatistics) | undefined
  /** How many training rows each class has, where they are there. */
  readonly classCounts?: (() => readonly number[]) | undefined
}

/** The functions of a model whose shapes are known. */
export interface ModelFunctions {
  readonly params: Params
  /** Fields of a prediction that the data need not have. */
  readonly inputs?: Inputs
  /** Binds the parameters and traces one step. */
  readonly traceStep: (binding: Binding, batch: object) => StepResults
  /** Binds the parameters and traces a prediction; absent where the model predicts nothing. */
  readonly tracePrediction?: (binding: Binding, batch: object) => Predictions
}

/** A model, ready to be traced by `train`, `evaluation` and `prediction`. */
export interface Model<out T extends ModelTypes = ModelTypes> {
  /** @internal Its functions; of a model whose shapes follow from the data, those for such data. */
  readonly forData: (data: ModelData) => ModelFunctions
  /** Only a type: no model has a value here. */
  readonly [TYPES]?: T
}

/**
 * The model with the shapes that it has for these data, whatever it is traced for later.
 *
 * @throws UserError where the model does not fit the data
 */
export function modelFor(model: Model, data: ModelData): Model {
  const functions = model.forData(data)
  return { forData: () => functions }
}

/** The metrics of a model by name: `{ loss: number, accuracy: number }`. */
export type MetricsOf<M extends Model> = M extends Model<infer T> ? T['metrics'] : never

/** Names of the fields that the model's step reads. */
export type FieldsOf<M extends Model> = M extends Model<infer T> ? T['fields'] : never

/** Names of the fields that the model's prediction reads. */
export type PredictFieldsOf<M extends Model> = M extends Model<infer T> ? T['predictFields'] : never

/** Names of the model's predictions. */
export type OutputsOf<M extends Model> = M extends Model<infer T> ? T['outputs'] : never

type ValueOf<Result> = Result extends Metric<infer V extends MetricValue> ? V : number

/** Of several losses each is a metric, too. */
type MetricsOfStep<R extends StepResults> = {
  readonly [Name in keyof R | LossNames<R>]: Name extends keyof R ? ValueOf<R[Name]> : number
}

/** Makes a model of parameters, a training step, and a prediction where there is one. */
export function defineModel<
  const P extends Params,
  const R extends StepResults,
  const O extends Predictions = never,
  F extends object = Batch<'image' | 'label'>,
  G extends object = Batch<'image'>,
>(
  definition: ModelDefinition<P, R, O, F, G>,
): Model<{
  readonly metrics: MetricsOfStep<R>
  readonly fields: Extract<keyof NoInfer<F>, string>
  readonly predictFields: Extract<keyof NoInfer<G>, string>
  readonly outputs: [O] extends [never] ? never : Extract<keyof O, string>
}> {
  const { params, inputs } = definition
  const functions: ModelFunctions = {
    params,
    ...(inputs && { inputs }),
    // Whether the dataset has the fields is known only when it is there: reading one that is missing throws.
    traceStep: (binding: Binding, batch: object) => definition.step(binding.bind(params), batch as F),
    ...(definition.predict && {
      tracePrediction: (binding: Binding, batch: object) =>
        definition.predict?.(binding.bind(params), batch as G) ?? {},
    }),
  }
  return Object.freeze({ forData: () => functions })
}
