/**
 * What a request asks a model: the Open Inference Protocol, in JSON, or with the bytes of tensors after it (the
 * extension `binary_tensor_data`), or the bytes of the rows alone.
 */
import type { Values } from '@gradpool/core'
import { bytesPerElement, sizeOf } from '@gradpool/core/engine'
import type { ServedModel, ValueType } from '../model.js'
import { DATATYPES } from './datatypes.js'
import { checkFinite, readNumbers, type Tensor } from './read-numbers.js'
import { kindOf, quoted, Refusal } from './refusal.js'
import { valuesIn } from './tensor-bytes.js'

export interface Inference {
  /** As the client named it. */
  readonly id: string | undefined
  readonly numRows: number
  readonly inputs: Readonly<Record<string, Values>>
  /** In the order asked for. */
  readonly wanted: readonly { readonly name: string; readonly isBinary: boolean }[]
}

type Json = Readonly<Record<string, unknown>>

interface Reading {
  readonly model: ServedModel
  readonly jsonBytes: number
  /** After the JSON. */
  readonly binary: Uint8Array
  readonly mostRows: number
}

/**
 * @param jsonBytes the header `Inference-Header-Content-Length`: how much of the body is JSON; all of it where there is
 *   no such header
 * @throws Refusal: 413 for too many rows, else 400
 */
export function readInference(
  model: ServedModel,
  body: Uint8Array,
  { jsonBytes, mostRows }: { readonly jsonBytes: string | undefined; readonly mostRows: number },
): Inference {
  const length = jsonBytes === undefined ? body.length : Number(/^\d{1,15}$/.test(jsonBytes) ? jsonBytes : NaN)
  if (!(length <= body.length)) {
    throw new Refusal(
      400,
      `Inference-Header-Content-Length must be how many of the ${body.length} bytes are JSON, not ${quoted(jsonBytes ?? '')}`,
    )
  }
  if (jsonBytes !== undefined && length === 0) return ofBytesAlone(model, body, mostRows)
  const request = parsed(body.subarray(0, length))
  const reading = { model, jsonBytes: length, binary: body.subarray(length), mostRows }
  const { id } = request
  if (id !== undefined && typeof id !== 'string') throw new Refusal(400, `'id' must be a text, not ${kindOf(id)}`)
  return { id, ...inputsOf(request, reading), wanted: wantedOf(request, model) }
}

/** All of the body is the rows of the one input. */
function ofBytesAlone(model: ServedModel, body: Uint8Array, mostRows: number): Inference {
  const [input, ...others] = Object.entries(model.inputs)
  if (!input || others.length > 0) {
    throw new Refusal(400, 'bytes without JSON are for models of one input, and this one has several')
  }
  const [name, { dtype, shape }] = input
  const rowBytes = sizeOf(shape) * bytesPerElement[dtype]
  const numRows = body.length / rowBytes
  if (!(numRows >= 1 && Number.isInteger(numRows))) {
    throw new Refusal(400, `a row of '${name}' is ${rowBytes} bytes, so ${body.length} are no whole number of rows`)
  }
  checkRows(numRows, mostRows)
  const values = valuesIn(dtype, body)
  checkFinite({ name, dtype, shape, mayMiss: mayMiss(model) }, values)
  const wanted = Object.keys(model.outputs).map((output) => ({ name: output, isBinary: true }))
  return { id: undefined, numRows, inputs: { [name]: values }, wanted }
}

function parsed(bytes: Uint8Array): Json {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8'
    throw new Refusal(400, `the request is not JSON: ${quoted(reason).slice(1, -1)}`)
  }
  return asObject(value, 'the request')
}

/** @throws Refusal for what is no object of JSON */
function asObject(value: unknown, what: string): Json {
  // An own property `__proto__` is only one more that nothing asks for.
  if (isObject(value)) return value
  throw new Refusal(400, `${what} must be an object, not ${kindOf(value)}`)
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function listOf(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refusal(400, `'${what}' must be a list, not ${kindOf(value)}`)
  if (value.length > most) throw new Refusal(400, `'${what}' has ${value.length} entries, and the model has ${most}`)
  return value
}

function parametersOf(owner: Json, what: string): Json {
  return owner.parameters === undefined ? {} : asObject(owner.parameters, `'parameters' of ${what}`)
}

function inputsOf(request: Json, reading: Reading): Pick<Inference, 'numRows' | 'inputs'> {
  const { inputs: types } = reading.model
  const names = Object.keys(types)
  const inputs: Record<string, Values> = {}
  let numRows: number | undefined
  let bytesRead = 0
  for (const entry of listOf(request.inputs, 'inputs', names.length)) {
    const given = asObject(entry, 'an input')
    const { name } = given
    const type = typeof name === 'string' && Object.hasOwn(types, name) ? types[name] : undefined
    if (typeof name !== 'string' || type === undefined) {
      throw new Refusal(400, `the model reads ${names.join(', ')}, and no ${kindOf(name)}`)
    }
    if (Object.hasOwn(inputs, name)) throw new Refusal(400, `the input '${name}' is there twice`)
    const tensor = tensorOf(name, type, given, reading)
    const [rows = 0] = tensor.shape
    if (numRows !== undefined && rows !== numRows) {
      throw new Refusal(400, `the input '${name}' has ${rows} rows, and the one before has ${numRows}`)
    }
    numRows = rows
    const size = parametersOf(given, `the input '${name}'`).binary_data_size
    if (size === undefined) inputs[name] = ofNumbers(tensor, given.data, reading)
    else {
      inputs[name] = ofBytes(tensor, given, size, reading.binary.subarray(bytesRead))
      bytesRead += Number(size)
    }
  }
  const missing = names.find((name) => !Object.hasOwn(inputs, name))
  if (missing !== undefined) throw new Refusal(400, `the input '${missing}' is missing`)
  if (bytesRead !== reading.binary.length) {
    throw new Refusal(400, `${reading.binary.length} bytes are after the JSON, and the inputs have ${bytesRead}`)
  }
  return { numRows: numRows ?? 0, inputs }
}

/** @throws Refusal for another type or shape than the model reads */
function tensorOf(name: string, { dtype, shape }: ValueType, given: Json, { model, mostRows }: Reading): Tensor {
  const { datatype } = given
  if (datatype !== DATATYPES[dtype]) {
    throw new Refusal(400, `the datatype of '${name}' is ${DATATYPES[dtype]}, not ${kindOf(datatype)}`)
  }
  const lengths: readonly unknown[] = Array.isArray(given.shape) ? given.shape : []
  const [rows] = lengths
  const fits = lengths.length === shape.length + 1 && shape.every((length, axis) => lengths[axis + 1] === length)
  if (!fits || typeof rows !== 'number' || !Number.isSafeInteger(rows) || rows < 1) {
    const expected = `[${['rows', ...shape].join(', ')}]`
    const isList = Array.isArray(given.shape)
    const told = isList ? quoted(`[${lengths.slice(0, 8).map(kindOf).join(', ')}]`) : kindOf(given.shape)
    throw new Refusal(400, `the shape of '${name}' is ${expected} for one row or more, not ${told}`)
  }
  checkRows(rows, mostRows)
  return { name, dtype, shape: [rows, ...shape], mayMiss: mayMiss(model) }
}

function ofNumbers(tensor: Tensor, data: unknown, { jsonBytes }: Reading): Values {
  const size = sizeOf(tensor.shape)
  // So that no memory is taken for what cannot be there: a number and its comma are two bytes.
  if (2 * size > jsonBytes) {
    throw new Refusal(
      400,
      `the data of '${tensor.name}' must be ${size} numbers, which do not fit into ${jsonBytes} bytes`,
    )
  }
  return readNumbers(tensor, data)
}

function ofBytes(tensor: Tensor, given: Json, size: unknown, binary: Uint8Array): Values {
  const { name, dtype, shape } = tensor
  const expected = sizeOf(shape) * bytesPerElement[dtype]
  if (given.data !== undefined) throw new Refusal(400, `'${name}' has both data and binary_data_size`)
  if (size !== expected) {
    throw new Refusal(400, `binary_data_size of '${name}' must be ${expected}, not ${kindOf(size)}`)
  }
  if (binary.length < expected) {
    throw new Refusal(400, `'${name}' has ${expected} bytes, and ${binary.length} are left after the JSON`)
  }
  const values = valuesIn(dtype, binary.subarray(0, expected))
  checkFinite(tensor, values)
  return values
}

function wantedOf(request: Json, { outputs }: ServedModel): Inference['wanted'] {
  const areBinary = parametersOf(request, 'the request').binary_data_output === true
  const names = Object.keys(outputs)
  if (request.outputs === undefined) return names.map((name) => ({ name, isBinary: areBinary }))
  return listOf(request.outputs, 'outputs', names.length).map((entry) => {
    const given = asObject(entry, 'an output')
    const { name } = given
    if (typeof name !== 'string' || !Object.hasOwn(outputs, name)) {
      throw new Refusal(400, `the model predicts ${names.join(', ')}, and no ${kindOf(name)}`)
    }
    const { binary_data: isBinary = areBinary } = parametersOf(given, `the output '${name}'`)
    return { name, isBinary: isBinary === true }
  })
}

function checkRows(rows: number, most: number): void {
  if (rows > most) throw new Refusal(413, `a request has at most ${most} rows, and this one ${rows}`)
}

/** Whether the model itself replaces numbers that are missing. */
const mayMiss = ({ table }: ServedModel): boolean => typeof table?.missing === 'string'
