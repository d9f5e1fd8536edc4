/** Arrays of NumPy as fields: the first axis counts the rows. Whole numbers are u8 or i32, all others f32. */
import { UserError } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { decodeNpy, decodeNpz, readRegular, type NumpyArray } from '@gradpool/storage'
import { parseFields, type FieldInput, type Fields } from '../fields.js'
import { readError } from '../idx/read-error.js'
import { listed, shown } from '../spec-rules.js'
import type { NpySpec, NpzSpec } from './numpy-spec.js'

/** Up to here f32 holds every whole number. */
const MOST_WHOLE = 2 ** 24

/** @throws UserError with one sentence that names the file */
export async function readNumpy(spec: NpySpec | NpzSpec): Promise<Fields> {
  if (spec.kind === 'npz') return npzFields(spec)
  const fields: [string, FieldInput][] = []
  for (const [name, path] of Object.entries(spec.files)) {
    fields.push([name, fieldOf(decodeNpy(await bytesOf(path), path), path)])
  }
  return parseFields(Object.fromEntries(fields), 'npy', { mayMiss: spec.missing !== undefined })
}

async function npzFields({ path, fields, missing }: NpzSpec): Promise<Fields> {
  const arrays = await decodeNpz(await bytesOf(path), path)
  const names = fields ?? Object.fromEntries([...arrays.keys()].map((name) => [name, name]))
  const taken = Object.entries(names).map(([name, own]): [string, FieldInput] => {
    const array = arrays.get(own)
    if (array !== undefined) return [name, fieldOf(array, `${shown(own)} of ${path}`)]
    throw new UserError(`${path} has no array ${shown(own)}; its arrays are ${listed([...arrays.keys()])}`)
  })
  if (taken.length === 0) throw new UserError(`${path} has no arrays`)
  return parseFields(Object.fromEntries(taken), 'npz', { mayMiss: missing !== undefined })
}

/** @throws UserError for what is no file */
export async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path)
  } catch (error) {
    throw readError(path, error)
  }
}

function fieldOf({ shape: [numRows, ...shape], values, type }: NumpyArray, where: string): FieldInput {
  if (numRows === undefined) throw new UserError(`${where} is a single number, expected an axis of rows`)
  if (numRows === 0 || sizeOf(shape) === 0) throw new UserError(`${where} is empty: it has no values`)
  if (type === 'U8' || type === 'BOOL') return { values: Uint8Array.from(values), shape }
  if (!/^[IU]\d/.test(type)) return { values, shape }
  const large = values.find((value) => Math.abs(value) > MOST_WHOLE)
  if (large === undefined) return { values: Int32Array.from(values), shape }
  throw new UserError(`${where} has the whole number ${large}, expected at most ${MOST_WHOLE}, or decimals`)
}
