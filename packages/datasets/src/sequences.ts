/** Sequences of different lengths as fields: padded with zeros to one length, with the length of each row beside. */
import { UserError, type DType } from '@gradpool/core'
import { bytesPerElement, sizeOf, type Field } from '@gradpool/core/engine'
import { type Fields, typedBytes } from './fields.js'
import { allocateShared } from './idx/read.js'
import { isObject, type Rule, shown, wholeRule } from './spec-rules.js'

/** A row: numbers, or lists of as many numbers each, one after the other. */
export type Sequence = ArrayLike<number> | ArrayLike<ArrayLike<number>>

/** What the values of sequences are. */
export type SequenceTypes = Readonly<Record<string, DType>>

export interface SequencesOptions {
  /** `i32` or `u8` for whole numbers, such as the tokens of an embedding. Default: `f32`. */
  readonly types?: SequenceTypes
  /** How long all rows become; of longer ones, the end is left out. Default: as the longest row. */
  readonly maxLength?: number
}

/** The name of the field that has the lengths. */
export const LENGTH_FIELD = 'length'
const MOST_LENGTH = 2 ** 24
export const maxLengthRule = wholeRule(1, MOST_LENGTH, MOST_LENGTH)

const typesText = "a record of types, such as { tokens: 'i32' }"
export const sequenceTypesRule: Rule<SequenceTypes> = {
  expected: typesText,
  accepts: (value): value is SequenceTypes =>
    isObject(value) &&
    Object.keys(value).length > 0 &&
    Object.entries(value).every(([name, type]) => name !== '' && name !== LENGTH_FIELD && isType(type)),
}

function isType(type: unknown): type is DType {
  return type === 'f32' || type === 'i32' || type === 'u8'
}

/**
 * Sequences as fields for `arrays` and `predict`: each of [maxLength] or [maxLength, width], zeros after its end, and
 * `length`, i32 [], how many steps of the row count, which `scan`, recurrent layers and `sequenceMask` take.
 *
 * Several sequences of a row, such as tokens and their tags, are of one length.
 *
 * @param rows the rows of each field
 * @throws UserError that names the field and the row of what is no sequence of numbers
 */
export function sequences(
  rows: Readonly<Record<string, readonly Sequence[]>>,
  { types = {}, maxLength }: SequencesOptions = {},
): Fields {
  const names = Object.keys(isObject(rows) ? rows : {})
  if (names.length === 0) throw new UserError('sequences needs fields, such as { tokens: [[1, 2], [3]] }')
  if (Object.keys(types).length > 0 && !sequenceTypesRule.accepts(types)) {
    throw new UserError(`sequences: types must be ${typesText}, not ${shown(types)}`)
  }
  if (maxLength !== undefined && !maxLengthRule.accepts(maxLength)) {
    throw new UserError(`sequences: maxLength must be ${maxLengthRule.expected}, not ${shown(maxLength)}`)
  }
  const stranger = Object.keys(types).find((name) => !names.includes(name))
  if (stranger !== undefined) throw new UserError(`sequences: types names '${stranger}', which is no field`)
  const built = new SequenceRows(
    names.map((name) => ({ name, dtype: types[name] ?? 'f32' })),
    'sequences',
  )
  const numRows = rows[names[0] ?? '']?.length ?? 0
  for (const name of names) {
    const own: unknown = rows[name]
    if (!Array.isArray(own) || own.length !== numRows || numRows === 0) {
      throw new UserError(`sequences: '${name}' must be a list of ${numRows || 'some'} rows, not ${shown(own)}`)
    }
  }
  for (let row = 0; row < numRows; row++) built.push((name) => rows[name]?.[row], `row ${row}`)
  return built.finish(maxLength)
}

interface SequenceType {
  readonly name: string
  readonly dtype: DType
}

const limits = { f32: [-3.4028234663852886e38, 3.4028234663852886e38], i32: [-(2 ** 31), 2 ** 31 - 1], u8: [0, 255] }

/** Rows that come one by one. */
export class SequenceRows {
  readonly #types: readonly SequenceType[]
  readonly #path: string
  readonly #values: Numbers[]
  /** Of one step: undefined before the first, 0 for a single number. */
  readonly #widths: (number | undefined)[]
  readonly #lengths = new Numbers('i32')
  #longest = 0

  /** @param path what messages begin with */
  constructor(types: readonly SequenceType[], path: string) {
    const own = types.find(({ name }) => name === LENGTH_FIELD)
    if (own)
      throw new UserError(`${path}: '${LENGTH_FIELD}' is the field of the lengths: give the sequences another name`)
    this.#types = types
    this.#path = path
    this.#values = types.map(({ dtype }) => new Numbers(dtype))
    this.#widths = types.map(() => undefined)
  }

  /** @throws UserError for what is no sequence, or of another length than the row's first */
  push(valueOf: (name: string) => unknown, place: string): void {
    let length: number | undefined
    this.#types.forEach(({ name, dtype }, index) => {
      const value = valueOf(name)
      const where = `${this.#path} has in ${place}, '${name}',`
      if (value === undefined || value === null) {
        throw new UserError(`${this.#path} has no '${name}' in ${place}, expected a list of numbers`)
      }
      if (!isList(value) || value.length === 0)
        throw new UserError(`${where} ${shown(value)}, expected a list of numbers`)
      length ??= value.length
      if (value.length !== length) {
        throw new UserError(
          `${where} ${value.length} steps, and '${this.#types[0]?.name ?? ''}' has ${length}: sequences of a row are of one length`,
        )
      }
      this.#take(index, value, { where, dtype })
    })
    this.#lengths.push(length ?? 0)
    this.#longest = Math.max(this.#longest, length ?? 0)
  }

  #take(index: number, value: ArrayLike<unknown>, { where, dtype }: { readonly where: string; readonly dtype: DType }) {
    const [low = 0, high = 0] = limits[dtype]
    const values = this.#values[index]
    const take = (number: unknown) => {
      const fits = typeof number === 'number' && number >= low && number <= high
      if (!fits || (dtype !== 'f32' && !Number.isInteger(number))) {
        const expected = dtype === 'f32' ? 'numbers only' : `whole numbers from ${low} to ${high}`
        throw new UserError(
          `${where} ${Number.isNaN(number) ? 'what is no number' : shown(number)}, expected ${expected}`,
        )
      }
      values?.push(number)
    }
    for (let step = 0; step < value.length; step++) {
      const each = value[step]
      const width = isList(each) ? each.length : 0
      const expected = (this.#widths[index] ??= width)
      if (width !== expected || (isList(each) && width === 0)) {
        const ofSteps = expected === 0 ? 'single numbers' : `lists of ${expected} numbers`
        throw new UserError(`${where} ${shown(each)} as step ${step}, and the first step of all tells of ${ofSteps}`)
      }
      if (isList(each)) for (let i = 0; i < width; i++) take(each[i])
      else take(each)
    }
  }

  finish(maxLength = this.#longest): Fields {
    const lengths = this.#lengths.finish()
    const fields = this.#types.map(({ name, dtype }, index): [string, Field] => {
      const width = this.#widths[index] ?? 0
      const shape = width === 0 ? [maxLength] : [maxLength, width]
      const rowSize = sizeOf(shape)
      const stepSize = Math.max(1, width)
      const values = typedBytes(
        dtype,
        allocateShared(lengths.length * rowSize * bytesPerElement[dtype]),
        lengths.length * rowSize,
      )
      const all = this.#values[index]?.finish() ?? []
      let from = 0
      lengths.forEach((length, row) => {
        const count = Math.min(length, maxLength) * stepSize
        for (let i = 0; i < count; i++) values[row * rowSize + i] = all[from + i] ?? 0
        from += length * stepSize
      })
      return [name, { dtype, shape, values }]
    })
    const counted = new Int32Array(allocateShared(4 * lengths.length).buffer)
    lengths.forEach((length, row) => (counted[row] = Math.min(length, maxLength)))
    return { ...Object.fromEntries(fields), [LENGTH_FIELD]: { dtype: 'i32', shape: [], values: counted } }
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

const arrays = {
  f32: (length: number) => new Float32Array(length),
  i32: (length: number) => new Int32Array(length),
  u8: (length: number) => new Uint8Array(length),
}

/** Numbers that come one by one. */
class Numbers {
  readonly #dtype: DType
  #values: Field['values']
  #length = 0

  constructor(dtype: DType) {
    this.#dtype = dtype
    this.#values = arrays[dtype](64)
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = arrays[this.#dtype](2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  finish(): Field['values'] {
    return this.#values.subarray(0, this.#length)
  }
}
