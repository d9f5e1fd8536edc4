/**
 * Plain fields: numbers of any names and shapes, one row after the other, checked and in the form
 * that engines take.
 */
import { UserError, type DType } from '@gradpool/core'
import {
  beginningOf,
  createSha256,
  MAX_OWN_NAME_LENGTH,
  nameProblem,
  sizeOf,
  threadMemory,
  type Allocate,
  type Field,
} from '@gradpool/core/engine'
import { allocateShared } from './idx/read.js'
import { fieldsTaken, isObject, notAllowed, shapeRule, shown, type Rule } from './spec-rules.js'

/**
 * The values of all examples of one field, row-major. A Float64Array and a list of numbers become
 * f32.
 */
export interface FieldInput {
  readonly values: Uint8Array | Int32Array | Float32Array | Float64Array | readonly number[]
  /** Of one example: `[784]` for 784 numbers, `[]` for a single one. */
  readonly shape: readonly number[]
}

/** A number, or a list of as many of them, or of such lists: a row. */
export type NestedNumbers = number | readonly NestedNumbers[]

/** A field may be a list of its rows, whose shape is that of the first, or an array of a number a row. */
export type FieldsInput = Readonly<Record<string, FieldInput | FieldInput['values'] | readonly NestedNumbers[]>>

/** All of the same number of examples. */
export type Fields = Readonly<Record<string, Field>>

const views = {
  f32: (...at: View) => new Float32Array(...at),
  i32: (...at: View) => new Int32Array(...at),
  u8: (...at: View) => new Uint8Array(...at),
}
type View = [buffer: ArrayBufferLike, byteOffset: number, length: number]

/** Of a row; a list in itself has no end. */
const MOST_AXES = 16

const arrayTypes = [Uint8Array, Int32Array, Float32Array, Float64Array]
/** Those that have been checked; numbers are looked at once. */
const checked = new WeakSet<object>()
/** Those of them that have missing numbers, NaN, in `x`. */
const withMissing = new WeakSet<object>()

export interface FieldsParsing {
  /** Whether `x` may have NaN, which is missing. */
  readonly mayMiss?: boolean
  /** Of rows that are a part of others, the number of the first, for messages. Default: 0. */
  readonly firstRow?: number
}

const valuesRule: Rule<FieldInput['values']> = {
  expected: 'a Uint8Array, Int32Array, Float32Array, Float64Array or a list of numbers',
  accepts: (value): value is FieldInput['values'] =>
    Array.isArray(value) || arrayTypes.some((type) => value instanceof type),
}

/** @throws UserError that names the field and, where numbers are wrong, the row. */
export function parseFields(
  value: unknown,
  where: string,
  { mayMiss = false, firstRow = 0 }: FieldsParsing = {},
): Fields {
  const expected = 'fields such as { x: { values, shape } }'
  if (!isObject(value)) throw notAllowed(where, expected, value)
  // Only what came out of here is in the set.
  if (checked.has(value) && (mayMiss || !withMissing.has(value))) return value as Fields
  const given: Readonly<Record<string, unknown>> = { ...value }
  for (const name of Object.keys(given)) {
    const problem = nameProblem(name, MAX_OWN_NAME_LENGTH)
    if (problem !== undefined) throw new UserError(`${where}.${beginningOf(name)} ${problem}`)
  }
  const fields = mapped(given, (field, name) =>
    parseField(field, `${where}.${name}`, { mayMiss: mayMiss && name === 'x', firstRow }),
  )
  const [first, ...others] = Object.entries(fields)
  if (first === undefined) throw new UserError(`${where} has no fields, expected ${expected}`)
  const numRows = rowsOf(first[1])
  const other = others.find(([, field]) => rowsOf(field) !== numRows)
  if (other !== undefined) {
    throw new UserError(
      `${where}.${first[0]} has ${numRows} rows and ${where}.${other[0]} ${rowsOf(other[1])}, expected as many`,
    )
  }
  checked.add(fields)
  if (mayMiss && fields.x?.values.some(Number.isNaN)) withMissing.add(fields)
  return fields
}

function parseField(value: unknown, where: string, options: Required<FieldsParsing>): Field {
  if (isList(value)) return parseField(flattened(value, where), where, options)
  if (ArrayBuffer.isView(value)) return parseField({ values: value, shape: [] }, where, options)
  const { mayMiss, firstRow } = options
  const taker = fieldsTaken(value, where, ['values', 'shape', 'dtype'], 'a list of rows, or { values, shape }')
  const given = taker.take('values', valuesRule)
  const dtype = given instanceof Uint8Array ? 'u8' : given instanceof Int32Array ? 'i32' : 'f32'
  if ((taker.get('dtype') ?? dtype) !== dtype) {
    throw notAllowed(`${where}.dtype`, `that of its values, '${dtype}'`, taker.get('dtype'))
  }
  const shape = [...taker.take('shape', shapeRule)]
  const numRows = given.length / sizeOf(shape)
  if (numRows === 0) throw new UserError(`${where} is empty: it has no values`)
  if (!Number.isInteger(numRows)) {
    throw new UserError(
      `${where} has ${given.length} values, which are no whole number of rows of [${shape.join(', ')}]`,
    )
  }
  if (given instanceof Uint8Array) return { dtype: 'u8', shape, values: given }
  if (given instanceof Int32Array) return { dtype: 'i32', shape, values: given }
  const values = given instanceof Float32Array ? given : sharedFloats(given, mayMiss)
  const isWrong = (number: number) => !Number.isFinite(number) && !(mayMiss && Number.isNaN(number))
  const position = values.findIndex(isWrong)
  if (position < 0) return { dtype: 'f32', shape, values }
  const row = firstRow + Math.floor(position / sizeOf(shape))
  throw new UserError(`${where} ${complaint(given[position])} in row ${row}, expected numbers only`)
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** Rows one after the other. @throws UserError that names a row of another shape than the first */
function flattened(rows: readonly unknown[], where: string): { readonly values: unknown[]; readonly shape: number[] } {
  const shape: number[] = []
  for (let row = rows[0]; isList(row); row = row[0]) {
    shape.push(row.length)
    if (shape.length > MOST_AXES) throw new UserError(`${where} has lists in more than ${MOST_AXES} others`)
  }
  const values: unknown[] = []
  const push = (value: unknown, axis: number, row: number): void => {
    const length = shape[axis]
    if (length === undefined && !isList(value)) {
      values.push(value)
      return
    }
    if (!isList(value) || value.length !== length) {
      throw new UserError(`${where} has another shape in row ${row} than [${shape.join(', ')}], that of the first row`)
    }
    for (const part of value) push(part, axis + 1, row)
  }
  for (const [row, value] of rows.entries()) push(value, 0, row)
  return { values, shape }
}

function complaint(found: unknown): string {
  if (typeof found !== 'number') return `has ${shown(found)}`
  if (Number.isNaN(found)) return 'is not a number'
  return Number.isFinite(found) ? `has ${found}, which is too large for f32,` : 'is infinite'
}

function sharedFloats(numbers: Float64Array | readonly unknown[], mayMiss: boolean): Float32Array {
  const wrong = mayMiss ? Infinity : NaN
  const values = new Float32Array(threadMemory(4 * numbers.length))
  for (let i = 0; i < values.length; i++) {
    const number = numbers[i]
    // A text would be read as a number, and null as 0; infinity is refused, whatever NaN is.
    values[i] = typeof number === 'number' ? number : mayMiss && number === null ? NaN : wrong
  }
  return values
}

/** The number of examples. */
export function rowsOf(field: Field): number {
  return field.file ? field.file.numRows : field.values.length / sizeOf(field.shape)
}

/** The fields in memory from `allocate`, unless they are in memory that threads can share. */
export function placed(fields: Fields, allocate: Allocate = allocateShared): Fields {
  return mapped(fields, (field) => placedField(field, allocate))
}

function placedField(field: Field, allocate: Allocate): Field {
  const { dtype, values } = field
  if (typeof SharedArrayBuffer !== 'undefined' && values.buffer instanceof SharedArrayBuffer) return field
  const { buffer, byteOffset } = allocate(values.byteLength)
  const copy = views[dtype](buffer, byteOffset, values.length)
  copy.set(values)
  return { ...field, values: copy }
}

/** So many elements in these bytes. */
export function typedBytes(dtype: DType, { buffer, byteOffset }: Uint8Array, length: number): Field['values'] {
  return views[dtype](buffer, byteOffset, length)
}

/** SHA-256 over names, dtypes, shapes and bytes, whatever the order of the names. */
export function fieldsHash(fields: Fields): string {
  const hash = createSha256()
  for (const [name, field] of Object.entries(fields).sort(byName)) {
    const { values } = field
    hash.update(headOf(name, field, rowsOf(field)))
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return hash.digest()
}

/** The order in which fields are hashed. */
export function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

/** What is hashed before the bytes of a field. */
export function headOf(name: string, type: Pick<Field, 'dtype' | 'shape'>, numRows: number): string {
  return `${JSON.stringify(name)} ${typeText(type)} ${numRows}\n`
}

/** The same names with other values. */
export function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))
}

/** `f32[784]` */
export function typeText({ dtype, shape }: Pick<Field, 'dtype' | 'shape'>): string {
  return `${dtype}[${shape.join(', ')}]`
}
