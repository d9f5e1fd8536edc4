/** From a model and its states to a file that predicts without the model's code. */
import { UserError, type Model } from '@gradpool/core'
import { invariant, type BatchProgram, type DataSpec, type StateValues, type TableNames } from '@gradpool/core/engine'
import {
  decodeSavedModel,
  encodeSavedModel,
  messageOf,
  namedStates,
  reducedWeights,
  valuesOf,
  writeDurably,
  type ModelContent,
  type Provenance,
  type ReducedWeights,
} from '@gradpool/storage'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { traceEvaluation, tracePrediction } from './trace-rows.js'

export interface SaveOptions {
  /**
   * The optimizer's states are saved, too, so that training can be resumed exactly. Default: false.
   */
  readonly optimizer?: boolean
  /**
   * How matrices and filters are stored; reading gives f32 again. `f16`: the nearest half, half of the bytes. `i8`: a
   * quarter of them, as whole numbers from -127 to 127 times a scale for each output channel, the last axis:
   * max |w| / 127, so 0 stays 0 (the symmetric rule of LiteRT,
   * https://ai.google.dev/edge/litert/models/quantization_spec). Vectors stay f32. Default: `f32`.
   */
  readonly weights?: 'f32' | ReducedWeights
}

/** What `save` tells. */
export interface SaveReport<Metrics> {
  /** Of the file. */
  readonly bytes: number
  /**
   * Loss and metrics with the weights as they were, and as the file has them: where they are stored in fewer bits, and
   * there are examples.
   */
  readonly change?: { readonly before: Metrics; readonly after: Metrics }
}

export interface EncodeOptions extends SaveOptions {
  /**
   * Told in one sentence of a part that cannot be saved, as a prediction that depends on other rows;
   * the model is saved without it. Default: that is an error.
   */
  readonly onLeftOut?: (message: string) => void
}

export interface TrainedModel {
  readonly model: Model
  /** What its data look like. */
  readonly fields: DataSpec['fields']
  /** All states by name. */
  readonly states: StateValues
  /** With it the file can be trained further without the model's code. */
  readonly training?: BatchProgram
  /** What the numbers of a table are called. */
  readonly table?: TableNames | undefined
  readonly provenance: Omit<Provenance, 'gradpool'>
  readonly metrics: ModelContent['metrics']
}

/** A path, a URL of a file, or a stream. */
export type SaveTarget = string | URL | WritableStream<Uint8Array>

/**
 * The bytes of the file, equal for equal models.
 *
 * @throws UserError for a prediction that depends on other rows of its batch
 */
export function encodeModel(
  trained: TrainedModel,
  { optimizer = false, weights: type, onLeftOut }: EncodeOptions = {},
): Uint8Array {
  const { model, fields, states, training, table, provenance, metrics } = trained
  const part = <T>(make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (onLeftOut === undefined) throw error
      onLeftOut(messageOf(error))
      return undefined
    }
  }
  const predict = part(() => tracePrediction(model, fields))
  const evaluation = part(() => traceEvaluation(model, fields))
  const shapes = training?.program ?? evaluation?.row
  invariant(shapes, 'there is a Program that has the states')
  const weights: ModelContent = {
    states: namedStates(shapes, optimizer ? states : ownStates(states)),
    weights: reducedOf(type),
    metrics,
    ...(table && { table }),
    provenance: { gradpool: ownVersion(), ...provenance },
  }
  const programs = {
    ...(predict && { predict }),
    ...(evaluation && { evaluation }),
    ...(training && { training }),
  }
  return part(() => encodeSavedModel({ ...weights, ...programs })) ?? encodeSavedModel(weights)
}

/** The type that weights are stored as; undefined for f32. @throws UserError for an unknown type */
export function reducedOf(weights: SaveOptions['weights'] = 'f32'): ReducedWeights | undefined {
  if (weights === 'f32' || reducedWeights.includes(weights)) return weights === 'f32' ? undefined : weights
  throw new UserError(`weights must be f32, ${reducedWeights.join(' or ')}, not ${weights}`)
}

/**
 * Writes a file; before, it is judged with its weights, where there is something to judge by.
 *
 * @param judge loss and metrics with these states, over examples
 */
export async function saveBytes<Metrics>(
  bytes: Uint8Array,
  target: SaveTarget,
  judge?: { readonly states: StateValues; readonly by: (states: StateValues) => Promise<Metrics> },
): Promise<SaveReport<Metrics>> {
  let change: SaveReport<Metrics>['change']
  if (judge) {
    const saved = decodeSavedModel(bytes, 'the model')
    const before = await judge.by(ownStates(judge.states))
    change = { before, after: await judge.by(ownStates(valuesOf(saved.states))) }
  }
  await writeModel(bytes, target)
  return { bytes: bytes.length, ...(change && { change }) }
}

/** Writes a file, whole or not at all, or to a stream, which is closed. */
export async function writeModel(bytes: Uint8Array, target: SaveTarget): Promise<void> {
  if (target instanceof WritableStream) {
    const writer = target.getWriter()
    await writer.write(bytes)
    await writer.close()
    return
  }
  if (target instanceof URL && target.protocol !== 'file:') {
    throw new UserError(`a model is saved to a path, a file: URL or a stream, not to ${target.href}`)
  }
  await writeDurably(target instanceof URL ? fileURLToPath(target) : target, bytes)
}

/** Parameters and buffers: names of parameters have no slashes. */
export function ownStates(states: StateValues): StateValues {
  return Object.fromEntries(Object.entries(states).filter(([name]) => isOwnState(name)))
}

export function isOwnState(name: string): boolean {
  return !name.startsWith('optimizer/')
}

/** The build puts it there; a bundle has no package.json to read. */
declare const GRADPOOL_VERSION: string | undefined

/** Of Gradpool. */
export function ownVersion(): string {
  if (typeof GRADPOOL_VERSION === 'string') return GRADPOOL_VERSION
  const require = createRequire(import.meta.url)
  const { version } = require('@gradpool/trainer/package.json') as { readonly version: string }
  return version
}
