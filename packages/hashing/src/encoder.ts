/**
 * The part of a saved model that makes codes, for an index to carry. It is a saved model itself, so `loadModel` of
 * @gradpool/trainer encodes queries with it wherever the index is.
 */
import { Program, prune } from '@gradpool/core/engine'
import { decodeSavedModel, encodeSavedModel, fieldsOf, type SavedModel } from '@gradpool/storage'
import type { ModelId } from './index-contents.js'
import { MAX_BITS } from './pack-codes.js'

export interface Encoder {
  /** Its name, and the hash of what makes its codes: Programs and weights. */
  readonly model: ModelId
  /** Width of the codes. */
  readonly bits: number
  /** Of a saved model that predicts `code` [bits], and nothing else. */
  readonly bytes: Uint8Array
}

/**
 * Undefined where the model predicts no `code` of 1 to 256 numbers.
 *
 * @param name Of the model, for people.
 */
export function encoderOf(name: string, { predict, states, provenance }: SavedModel): Encoder | undefined {
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
  })
  return { model: { name, hash: decodeSavedModel(bytes, name).hash }, bits, bytes }
}

/** Without what only other predictions need, such as the decoder of an autoencoder. */
function onlyCode(program: Program): Program {
  const results = program.results.filter(({ name }) => name === 'code')
  return prune(new Program({ ...program.toJSON(), results }), { keepStates: false })
}
