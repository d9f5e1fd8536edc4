/**
 * Safetensors files: a JSON header with name, type, shape and place of each tensor, then their bytes. They are written
 * with tensors of f32, f16 and i8, and read with numbers of any type.
 *
 * Format: u64 little-endian length of the header; the header, padded with spaces to a multiple of 8; the values.
 * Tensors lie in the code-unit order of their names without gaps, those of larger numbers first. Reading checks all of
 * this and evaluates nothing. Specification: https://huggingface.co/docs/safetensors
 */
import { UserError, type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { parseJson, scanJson } from './bounded-json.js'
import { hasFields, isCount, isText } from './json-checks.js'
import { fromLittleEndian, toLittleEndian, viewLittleEndian } from './little-endian.js'
import {
  isNumberType,
  type NamedArray,
  type NumberTypeName,
  numberTypeNames,
  numberTypes,
  readNumbers,
  type StoredArray,
} from './number-types.js'

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedArray>
  /** Texts about the file as a whole. */
  readonly metadata: Readonly<Record<string, string>>
}

/** The file of another program, with numbers of any type. */
export interface ForeignSafetensors extends SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredArray>
}

export interface DecodeOptions {
  /** Values of f32 lie in the bytes of the file, which nothing may change then. Default: they are copies. */
  readonly inPlace?: boolean
}

const PREFIX_BYTES = 8
const MAX_HEADER_BYTES = 100_000_000
/** The header, an entry or the metadata in it, a shape. */
const MAX_HEADER_DEPTH = 3

/** An array in the numbers of a file. */
export interface PackedArray {
  readonly shape: Shape
  readonly type: 'F16' | 'I8'
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array
}

export interface SafetensorsContent extends Pick<SafetensorsFile, 'metadata'> {
  readonly tensors: ReadonlyMap<string, NamedArray | PackedArray>
}

/** The bytes of a file. */
export function encodeSafetensors({ tensors, metadata }: SafetensorsContent): Uint8Array {
  const sorted = [...tensors]
    .map(([name, tensor]) => ({ name, shape: tensor.shape, ...contentOf(tensor) }))
    .sort((a, b) => numberTypes[b.type].bytes - numberTypes[a.type].bytes || (a.name < b.name ? -1 : 1))
  const header: Record<string, unknown> = {}
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata
  let numBytes = 0
  for (const { name, type, shape, bytes } of sorted) {
    const end = numBytes + bytes.length
    header[name] = { dtype: type, shape, data_offsets: [numBytes, end] }
    numBytes = end
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headerBytes = Math.ceil(text.length / 8) * 8
  const file = new Uint8Array(PREFIX_BYTES + headerBytes + numBytes).fill(0x20, 0, PREFIX_BYTES + headerBytes)
  const view = new DataView(file.buffer)
  view.setBigUint64(0, BigInt(headerBytes), true)
  file.set(text, PREFIX_BYTES)
  let offset = PREFIX_BYTES + headerBytes
  for (const { bytes } of sorted) {
    file.set(bytes, offset)
    offset += bytes.length
  }
  return file
}

function contentOf(tensor: NamedArray | PackedArray): Pick<PackedArray, 'bytes'> & { readonly type: NumberTypeName } {
  return 'bytes' in tensor
    ? { type: tensor.type, bytes: tensor.bytes }
    : { type: 'F32', bytes: toLittleEndian(tensor.values) }
}

/**
 * A file of f32 tensors, as `encodeSafetensors` writes it.
 *
 * @param where what the file is called in messages
 * @throws UserError with one sentence when the bytes are not such a file, or a tensor is of another type
 */
export function decodeSafetensors(file: Uint8Array, where: string): SafetensorsFile {
  const { tensors, metadata } = decode(file, where, ['F32'])
  return { tensors: new Map([...tensors].map(([name, { shape, values }]) => [name, { shape, values }])), metadata }
}

/**
 * A file with numbers of any type, which become f32.
 *
 * @param where what the file is called in messages
 * @param types those that it may have
 * @throws UserError with one sentence when the bytes are not such a file
 */
export function decodeForeignSafetensors(
  file: Uint8Array,
  where: string,
  types: readonly NumberTypeName[] = numberTypeNames,
  options: DecodeOptions = {},
): ForeignSafetensors {
  return decode(file, where, types, options)
}

function decode(
  file: Uint8Array,
  where: string,
  types: readonly NumberTypeName[],
  { inPlace = false }: DecodeOptions = {},
): ForeignSafetensors {
  const read = inPlace ? viewLittleEndian : fromLittleEndian
  const wrong = (what: string) => new UserError(`${where} is not a whole safetensors file: ${what}`)
  if (file.length < PREFIX_BYTES) throw wrong(`it has only ${file.length} bytes`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headerBytes = Number(view.getBigUint64(0, true))
  const start = PREFIX_BYTES + headerBytes
  if (headerBytes > MAX_HEADER_BYTES || start > file.length) {
    throw wrong(`its header should have ${headerBytes} bytes, the file has ${file.length}`)
  }
  const header = parseHeader(file.subarray(PREFIX_BYTES, start))
  if (header === undefined) throw wrong('its header is not a JSON object of different keys')

  const { __metadata__: metadata = {}, ...entries } = header
  if (!isTexts(metadata)) throw wrong('its __metadata__ is not an object of texts')
  const tensors = new Map<string, StoredArray>()
  let end = 0
  for (const [name, entry] of byPlace(entries)) {
    if (!isEntry(entry)) throw wrong(`the entry of '${name}' is malformed`)
    const { dtype, shape, data_offsets: offsets } = entry
    if (!isNumberType(dtype) || !types.includes(dtype)) {
      throw wrong(`'${name}' is ${dtype}, only ${types.join(', ')} ${types.length === 1 ? 'is' : 'are'} read here`)
    }
    const type = numberTypes[dtype]
    if (offsets[0] !== end || offsets[1] - offsets[0] !== sizeOf(shape) * type.bytes) {
      throw wrong(`the bytes of '${name}' are not where its shape says`)
    }
    end = offsets[1]
    if (start + end > file.length) throw wrong(`it ends inside '${name}'`)
    const bytes = file.subarray(start + offsets[0], start + end)
    const values = dtype === 'F32' ? read(bytes) : readNumbers(bytes, type)
    tensors.set(name, { shape, values, type: dtype })
  }
  if (start + end !== file.length) throw wrong(`${file.length - start - end} bytes belong to no tensor`)
  return { tensors, metadata }
}

/**
 * Undefined for what is no JSON object, or one with a key twice, of which readers would take
 * different ones.
 */
function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const header = parseJson(text, MAX_HEADER_DEPTH)
    if (!hasFields(header, {})) return undefined
    return countKeys(text) === Object.keys(header).length ? header : undefined
  } catch {
    return undefined
  }
}

/**
 * Of the outermost object of a JSON text, as they are written: no value of a valid header has a
 * colon at this depth.
 */
function countKeys(text: string): number {
  let count = 0
  scanJson(text, (character, depth) => {
    if (character === ':' && depth === 1) count++
  })
  return count
}

/** As they lie: an empty tensor, which begins where another does, before it. What is no entry is first. */
function byPlace(entries: Record<string, unknown>): [name: string, entry: unknown][] {
  const placeOf = (entry: unknown) => (isEntry(entry) ? entry.data_offsets : ([-1, -1] as const))
  return Object.entries(entries).sort(([, a], [, b]) => {
    const [[start, end], [otherStart, otherEnd]] = [placeOf(a), placeOf(b)]
    return start - otherStart || end - otherEnd
  })
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [start: number, end: number]
}

function isEntry(value: unknown): value is Entry {
  const isPlace = (offsets: unknown) => isCounts(offsets) && offsets.length === 2
  return hasFields(value, { dtype: isText, shape: isCounts, data_offsets: isPlace })
}

function isTexts(value: unknown): value is Record<string, string> {
  return hasFields(value, {}) && Object.values(value).every(isText)
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount)
}
