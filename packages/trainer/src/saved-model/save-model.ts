/** From a model and its states to a file that predicts without the model's code. */
import { UserError, type Model } from '@gradpool/core'
import { invariant, type BatchProgram, type DataSpec, type StateValues, type TableNames } from '@gradpool/core/engine'
import {
  encodeSavedModel,
  messageOf,
  namedStates,
  writeDurably,
  type ModelContent,
  type Provenance,
} from '@gradpool/storage'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { traceEvaluation, tracePrediction } from './trace-rows.js'

export interface SaveOptions {
  /**
   * The optimizer's states are saved, too, so that training can be resumed exactly. Default: false.
   */
  readonly optimizer?: boolean
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
export function encodeModel(trained: TrainedModel, { optimizer = false, onLeftOut }: EncodeOptions = {}): Uint8Array {
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
  return Object.fromEntries(Object.entries(states).filter(([name]) => !name.startsWith('optimizer/')))
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
