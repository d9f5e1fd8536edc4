/**
 * Rows to predict from, out of a file of JSON lines: one object for each row, with a value for each
 * input of the model, a number or an array, nested by the input's shape or flat. Other fields are
 * left aside. A missing number is null, where the model replaces it.
 */
import { createReadStream } from 'node:fs'
import { UserError, type DType, type Values } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { isMissing, reasonOf } from '@gradpool/storage'
import { type ValueType } from '@gradpool/trainer'
import { type Inputs, typeText } from './inputs.js'

/** Of all rows, by input. */
export interface Rows {
  readonly numRows: number
  readonly values: Readonly<Record<string, Values>>
  /** Columns or arrays of the file that the model does not read. */
  readonly leftAside?: readonly string[]
  /** What each row was read from, where that is a file of its own. */
  readonly files?: readonly string[]
  /** Files that cannot be read. */
  readonly skipped?: readonly string[]
}

const MOST_BYTES = 2 ** 28

export const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const

export const LIMITS: Readonly<Record<DType, readonly [low: number, high: number, what: string]>> = {
  f32: [-Number.MAX_VALUE, Number.MAX_VALUE, 'finite numbers'],
  i32: [-(2 ** 31), 2 ** 31 - 1, 'whole numbers of 32 bits'],
  u8: [0, 255, 'whole numbers from 0 to 255'],
}

/** @throws UserError for the first line that is no row, naming the line and what is wrong */
export async function readRows(path: string, inputs: Inputs, mayMiss: boolean): Promise<Rows> {
  const lines = (await textOf(path)).split('\n').map((text, at) => ({ text, where: `${path}:${at + 1}` }))
  const rows = lines.filter(({ text }) => text.trim() !== '')
  if (rows.length === 0) throw new UserError(`'${path}' has no rows`)
  const values = Object.entries(inputs).map(([name, { dtype, shape }]) => {
    return [name, new ARRAYS[dtype](rows.length * sizeOf(shape))] as const
  })
  rows.forEach(({ text, where }, at) => {
    const row = rowOf(text, where)
    for (const [name, array] of values) {
      const type = inputs[name]
      if (type !== undefined) array.set(numbersOf(row[name], name, type, { where, mayMiss }), at * sizeOf(type.shape))
    }
  })
  return { numRows: rows.length, values: Object.fromEntries(values) }
}

/** A pipe, or standard input, too. */
async function textOf(path: string): Promise<string> {
  try {
    const chunks: Buffer[] = []
    let numBytes = 0
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      numBytes += chunk.length
      // A device may have no end.
      if (numBytes > MOST_BYTES) throw new UserError(`'${path}' has more than ${MOST_BYTES} bytes of rows`)
    }
    return Buffer.concat(chunks).toString()
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    if (isMissing(cause)) throw new UserError(`There is no file '${path}'`, { cause })
    throw new UserError(`'${path}' cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

function rowOf(text: string, where: string): Readonly<Record<string, unknown>> {
  const row: unknown = parsed(text, where)
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return { ...row }
  throw new UserError(`${where} is no row: it must be a JSON object, such as {"x": [1, 2]}`)
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${where} is not JSON: ${reasonOf(cause)}`, { cause })
  }
}

/** All numbers of a value, row-major. */
function numbersOf(
  value: unknown,
  name: string,
  type: ValueType,
  { where, mayMiss }: { readonly where: string; readonly mayMiss: boolean },
): number[] {
  const { dtype, shape } = type
  const expected = `'${name}', ${typeText(type)}`
  if (value === undefined) throw new UserError(`${where} has no ${expected}`)
  const numbers: number[] = []
  const isNested = Array.isArray(value) && value.some((entry) => Array.isArray(entry))
  const lengths = isNested ? shape : shape.length === 0 && !Array.isArray(value) ? [] : [sizeOf(shape)]
  const [low, high, what] = LIMITS[dtype]
  const visit = (entry: unknown, [length, ...inner]: readonly number[]) => {
    if (length !== undefined) {
      if (!Array.isArray(entry) || entry.length !== length) {
        throw new UserError(`${where}: ${expected}, cannot be made of ${shapeText(value)}`)
      }
      for (const each of entry) visit(each, inner)
      return
    }
    if (entry === null && mayMiss && dtype === 'f32') {
      numbers.push(NaN)
      return
    }
    const isWhole = dtype === 'f32' || Number.isInteger(entry)
    if (typeof entry !== 'number' || !isWhole || !(entry >= low && entry <= high)) {
      throw new UserError(`${where}: ${expected}, takes ${what}, not ${JSON.stringify(entry)}`)
    }
    numbers.push(entry)
  }
  visit(value, lengths)
  return numbers
}

/** `an array of 3 × 4 values`, as far as its first entries tell. */
function shapeText(value: unknown): string {
  const lengths: number[] = []
  for (let entry = value; Array.isArray(entry); entry = entry[0] as unknown) {
    lengths.push(entry.length)
  }
  return lengths.length === 0 ? 'one value' : `an array of ${lengths.join(' × ')} values`
}
