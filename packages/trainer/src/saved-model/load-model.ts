/**
 * Loads a saved model, to predict without the code that made it.
 *
 *     const names = { inputs: ['image'], outputs: ['probabilities'] } as const
 *     const digits = await loadModel('digits.gradpool', names)
 *     const { probabilities } = await digits.predict({ image })
 */
import { type DType, UserError, type Values } from '@gradpool/core'
import { decodeSavedModel, valuesOf, type SavedModel } from '@gradpool/storage'
import { Predictor, type PredictionEngine } from '../predict/predictor.js'
import { typesText } from '../predict/rows-in.js'
import { LoadedModel } from './loaded-model.js'
import { type ModelSource, readSource } from './read-source.js'

export interface LoadOptions {
  /** Default: `auto`. */
  readonly engine?: PredictionEngine
}

/**
 * Predictions by name: a list where all are f32, else with the type of each, as `{ digit: 'i32' }`.
 */
export type OutputNames = readonly string[] | Readonly<Record<string, DType>>

/** What is expected of a file; the types of the loaded model follow from it. */
export interface ModelNames<Input extends string, Outputs extends OutputNames> extends LoadOptions {
  /** All fields that the prediction reads. */
  readonly inputs: readonly Input[]
  /** Some or all predictions. */
  readonly outputs: Outputs
}

interface ArrayOf {
  readonly f32: Float32Array
  readonly i32: Int32Array
  readonly u8: Uint8Array
}

/** The arrays that come of these predictions. */
export type OutputArrays<Outputs extends OutputNames> = Outputs extends readonly (infer Name)[]
  ? Readonly<Record<Name & string, Float32Array>>
  : Outputs extends Readonly<Record<string, DType>>
    ? { readonly [Name in keyof Outputs]: ArrayOf[Outputs[Name]] }
    : never

/**
 * @param source A path, a URL, bytes, a Blob or a stream.
 * @throws UserError with one sentence: for what is not a whole saved model, or has not these inputs
 *   and outputs
 */
export function loadModel<const Input extends string, const Outputs extends OutputNames>(
  source: ModelSource,
  options: ModelNames<Input, Outputs>,
): Promise<LoadedModel<Input, OutputArrays<Outputs>>>
export function loadModel(
  source: ModelSource,
  options?: LoadOptions,
): Promise<LoadedModel<string, Readonly<Record<string, Values>>>>
export async function loadModel(
  source: ModelSource,
  options: LoadOptions | ModelNames<string, OutputNames> = {},
): Promise<LoadedModel<string, Readonly<Record<string, Values>>>> {
  const { bytes, where } = await readSource(source)
  const saved = decodeSavedModel(bytes, where)
  const outputs = 'inputs' in options ? checkNames(saved, options, where) : undefined
  const predictor = saved.predict && (await Predictor.create(saved.predict, valuesOf(saved.states), options.engine))
  return new LoadedModel(saved, predictor, outputs)
}

/**
 * The names of the outputs that are wanted. @throws UserError where the file has not what is
 * expected
 */
function checkNames(
  { predict }: SavedModel,
  { inputs, outputs }: ModelNames<string, OutputNames>,
  where: string,
): readonly string[] {
  if (!predict) throw new UserError(`${where} was saved without a prediction`)
  const wanted = Array.isArray(outputs)
    ? (outputs as readonly string[]).map((name) => [name, 'f32'])
    : Object.entries(outputs)
  const fits =
    inputs.length === predict.fields.length &&
    predict.fields.every(({ name }) => inputs.includes(name)) &&
    wanted.every(([name, dtype]) => predict.outputs.some((output) => output.name === name && output.dtype === dtype))
  if (fits) return wanted.flatMap(([name]) => name ?? [])
  throw new UserError(
    `${where} does not have these inputs and outputs: it predicts ${typesText(predict.outputs)} from ${typesText(predict.fields)}`,
  )
}
