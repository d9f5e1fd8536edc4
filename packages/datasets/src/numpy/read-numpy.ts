/** Arrays of NumPy as fields: the first axis counts the rows. Whole numbers are u8 or i32, all others f32. */
import { UserError } from '@gradpool/core'
import { sizeOf, type Field } from '@gradpool/core/engine'
import {
  decodeNpy,
  decodeNpz,
  NPY_HEADER_BYTES,
  npyLayout,
  openRegular,
  readRegular,
  type NumpyArray,
} from '@gradpool/storage'
import type { FileHandle } from 'node:fs/promises'
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

/**
 * The rows of an array, some at a time.
 *
 * @throws UserError as `readNumpy`, for the rows of the fields that are given one by one
 */
export async function* npyBlocks(name: string, path: string, missing: NpySpec['missing']): AsyncGenerator<Field> {
  const { file, size } = await openRegular(path).catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    const head = new Uint8Array(Math.min(size, NPY_HEADER_BYTES))
    await readAt(file, head, 0, path)
    const { shape, type, isFortranOrder, start, numberBytes, read } = npyLayout(head, size, path)
    const [numRows = 1, ...rest] = shape
    const rowBytes = numberBytes * sizeOf(rest)
    const isWhole = isFortranOrder && shape.length > 1
    const blockRows = isWhole ? numRows : Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, rowBytes)))
    for (let row = 0; row === 0 || row < numRows; row += blockRows) {
      const count = Math.min(blockRows, numRows - row)
      const bytes = new Uint8Array(isWhole || shape.length === 0 ? 0 : count * rowBytes)
      await readAt(file, bytes, start + row * rowBytes, path)
      const isPart = !isWhole && shape.length > 0
      const array = isPart
        ? { shape: [count, ...rest], type, values: read(bytes) }
        : decodeNpy(await bytesOf(path), path)
      const options = { mayMiss: missing !== undefined, firstRow: row }
      const field = parseFields({ [name]: fieldOf(array, path) }, 'npy', options)[name]
      if (field) yield field
    }
  } finally {
    await file.close()
  }
}

const BLOCK_BYTES = 2 ** 20

async function readAt(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let filled = 0; filled < into.length;) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled)
    if (bytesRead === 0) throw new UserError(`${path} was cut short while it was read`)
    filled += bytesRead
  }
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
