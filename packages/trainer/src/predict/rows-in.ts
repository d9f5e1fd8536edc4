/**
 * The rows that a caller gives for a prediction: whether they are what the model reads, and as
 * arrays of its types.
 *
 * An f32 field takes a Float32Array as it is, a Float64Array or numbers rounded to f32. A field of
 * integers takes its own typed array, or any numbers that are whole and in its range. Nothing is
 * scaled: bytes are no f32 until the caller says how.
 */
import { UserError, type DType, type Values } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { ValueSpec } from '@gradpool/storage/saved-model'

/** Values of one field for any number of rows, row-major and flat. */
export type RowValues = Float32Array | Float64Array | Int32Array | Uint8Array | Uint8ClampedArray | readonly number[]

/** @internal */
export interface Rows {
  readonly numRows: number
  /** Of the fields, in their order. */
  readonly arrays: readonly Values[]
}

interface ArrayClass {
  new (length: number): Values
  new (memory: ArrayBufferLike, byteOffset: number, length: number): Values
  from(values: ArrayLike<number>): Values
}

/** @internal The class of the arrays of each type. */
export const ARRAYS: Readonly<Record<DType, ArrayClass>> = {
  f32: Float32Array,
  i32: Int32Array,
  u8: Uint8Array,
}
const RANGES = { i32: [-(2 ** 31), 2 ** 31 - 1], u8: [0, 255] } as const

/** @internal @throws UserError with one sentence that names the field, what it expects and what was given. */
export function checkRows(fields: readonly ValueSpec[], given: Readonly<Record<string, RowValues>>): Rows {
  let numRows: number | undefined
  const arrays = fields.map((field) => {
    const values = given[field.name]
    if (values === undefined) refuseNames(fields, given)
    const array = arrayOf(field, values)
    const rows = array.length / sizeOf(field.shape)
    if (!Number.isInteger(rows)) {
      throw new UserError(
        `the field "${field.name}" is ${typeText(field)} for each row, so ${array.length} values are no whole number of rows`,
      )
    }
    if (numRows !== undefined && rows !== numRows) {
      throw new UserError(`the field "${field.name}" has ${rows} rows, and "${fields[0]?.name ?? ''}" has ${numRows}`)
    }
    numRows = rows
    return array
  })
  if (Object.keys(given).length > fields.length) refuseNames(fields, given)
  return { numRows: numRows ?? 0, arrays }
}

/** `f32[28, 28]`. */
function typeText({ dtype, shape }: Omit<ValueSpec, 'name'>): string {
  return `${dtype}[${shape.join(', ')}]`
}

/** @internal `image u8[28, 28], label u8[]`. */
export function typesText(specs: readonly ValueSpec[]): string {
  return specs.map((spec) => `${spec.name} ${typeText(spec)}`).join(', ')
}

function refuseNames(fields: readonly ValueSpec[], given: object): never {
  const list = (names: readonly string[]) => names.join(', ') || 'nothing'
  const reads = list(fields.map(({ name }) => name))
  throw new UserError(`this model reads ${reads}, and ${list(Object.keys(given))} was given`)
}

function arrayOf(field: ValueSpec, values: RowValues): Values {
  const { dtype, name } = field
  if (values instanceof ARRAYS[dtype]) return values
  const isTaken = dtype === 'f32' ? values instanceof Float64Array : ArrayBuffer.isView(values)
  if (!Array.isArray(values) && !isTaken) {
    const hint = dtype === 'f32' ? '; convert and scale it into a Float32Array as the training data were' : ''
    throw new UserError(
      `the field "${name}" is ${typeText(field)} for each row, and a ${kindOf(values)} was given${hint}`,
    )
  }
  if (dtype === 'f32') checkEach(field, values, (value) => typeof value === 'number')
  else {
    const [low, high] = RANGES[dtype]
    checkEach(field, values, (value) => Number.isInteger(value) && value >= low && value <= high)
  }
  return ARRAYS[dtype].from(values)
}

function checkEach(field: ValueSpec, values: Exclude<RowValues, string>, fits: (value: number) => boolean): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (value !== undefined && fits(value)) continue
    throw new UserError(
      `the field "${field.name}" is ${typeText(field)} for each row, in one flat list of numbers, and value ${index} is ${kindOf(value)}`,
    )
  }
}

function kindOf(value: unknown): string {
  if (typeof value === 'number' || value === null) return String(value)
  return typeof value === 'object' ? Object.prototype.toString.call(value).slice(8, -1) : typeof value
}
