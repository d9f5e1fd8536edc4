/** What a model answers, in JSON, with the bytes of those outputs after it that were asked for so. */
import { UserError, type Values } from '@gradpool/core'
import type { ServedModel } from '../model.js'
import { type Answer, json } from './answer.js'
import { DATATYPES } from './datatypes.js'
import type { Inference } from './read-inference.js'
import { bytesOf } from './tensor-bytes.js'

/** @param name of the model */
export function writeInference(
  name: string,
  model: ServedModel,
  { id, numRows, wanted }: Inference,
  predicted: Readonly<Record<string, Values>>,
): Answer {
  const binary: Uint8Array[] = []
  const outputs = wanted.map(({ name: output, isBinary }) => {
    const values = predicted[output]
    const type = model.outputs[output]
    if (!values || !type) throw new UserError(`the model gave no '${output}'`)
    const told = { name: output, shape: [numRows, ...type.shape], datatype: DATATYPES[type.dtype] }
    // JSON has no NaN: it is null.
    if (!isBinary) return { ...told, data: Array.from(values) }
    binary.push(bytesOf(values))
    return { ...told, parameters: { binary_data_size: values.byteLength } }
  })
  const answer = { model_name: name, model_version: model.hash, ...(id !== undefined && { id }), outputs }
  if (binary.length === 0) return json(200, answer)
  const header = new TextEncoder().encode(JSON.stringify(answer))
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: joined([header, ...binary]),
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
