/** An array of a file as a field. */
import { UserError } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { readRegular, type StoredArray } from '@gradpool/storage'
import type { FieldInput } from '../fields.js'
import { readError } from '../idx/read-error.js'

/** Up to here f32 holds every whole number. */
const MOST_WHOLE = 2 ** 24

/** @throws UserError for what is no file */
export async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path)
  } catch (error) {
    throw readError(path, error)
  }
}

/** @throws UserError for an array without rows, and whole numbers that f32 has not */
export function fieldOf({ shape: [numRows, ...shape], values, type }: StoredArray, where: string): FieldInput {
  if (numRows === undefined) throw new UserError(`${where} is a single number, expected an axis of rows`)
  if (numRows === 0 || sizeOf(shape) === 0) throw new UserError(`${where} is empty: it has no values`)
  if (type === 'U8' || type === 'BOOL') return { values: Uint8Array.from(values), shape }
  if (!/^[IU]\d/.test(type)) return { values, shape }
  const large = values.find((value) => Math.abs(value) > MOST_WHOLE)
  if (large === undefined) return { values: Int32Array.from(values), shape }
  throw new UserError(`${where} has the whole number ${large}, expected at most ${MOST_WHOLE}, or decimals`)
}
