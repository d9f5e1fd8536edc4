/**
 * The part of a saved model that computes codes, to be stored in an index. It is a saved model itself, so `loadModel`
 * of @gradpool/trainer can encode queries with it, without the original model.
 */
import { Program, prune } from '@gradpool/core/engine'
import { decodeSavedModel, encodeSavedModel, fieldsOf, type SavedModel } from '@gradpool/storage'
import type { ModelId } from './index-contents.js'
import { MAX_BITS } from './pack-codes.js'

export interface Encoder {
  /** Its name, and the hash of what determines its codes: Programs and weights. */
  readonly model: ModelId
  /** Width of the codes. */
  readonly bits: number
  /** A saved model that predicts only `code`, [bits]. */
  readonly bytes: Uint8Array
}

/**
 * The encoder of a model; undefined if the model does not predict a `code` of 1 to 256 numbers.
 *
 * @param name of the model, for people
 */
export function encoderOf(name: string, { predict, states, provenance, description }: SavedModel): Encoder | undefined {
  const output = predict?.outputs.find((one) => one.name === 'code')
  const [bits = 0, ...more] = output?.shape ?? []
  if (!predict || !output || more.length > 0 || bits < 1 || bits > MAX_BITS) return undefined
  const [row, block] = [onlyCode(predict.row), onlyCode(predict.block)]
  const names = new Set(row.states.map((state) => state.name))
  const bytes = encodeSavedModel({
    states: new Map([...states].filter(([state]) => names.has(state))),
    predict: { row, block, blockRows: predict.blockRows, fields: fieldsOf(row), outputs: [output] },
    provenance,
    metrics: {},
    ...(description && { description }),
  })
  return { model: { name, hash: decodeSavedModel(bytes, name).hash }, bits, bytes }
}

/** Removes what only other predictions need, such as the decoder of an autoencoder. */
function onlyCode(program: Program): Program {
  const results = program.results.filter(({ name }) => name === 'code')
  return prune(new Program({ ...program.toJSON(), results }), { keepStates: false })
}
