/** A file of NumPy's, some rows at a time. */
import { UserError } from '@gradpool/core'
import { bytesPerElement, sizeOf, type Field } from '@gradpool/core/engine'
import { decodeNpy, NPY_HEADER_BYTES, npyLayout, openRegular } from '@gradpool/storage'
import type { FileHandle } from 'node:fs/promises'
import { parseFields, typedBytes } from '../fields.js'
import { allocateShared } from '../idx/read.js'
import { readError } from '../idx/read-error.js'
import type { NpySpec } from './array-files-spec.js'
import { bytesOf, fieldOf } from './stored-array.js'

const BLOCK_BYTES = 2 ** 20

export interface NpyBlock {
  /** Of these rows. */
  readonly field: Field
  /** Of the whole array. */
  readonly numRows: number
}

/** All rows of an array, in memory that threads can share. @throws UserError as `npyBlocks` */
export async function npyField(name: string, path: string, missing: NpySpec['missing']): Promise<Field> {
  let all: Field | undefined
  let filled = 0
  for await (const { field, numRows } of npyBlocks(name, path, missing)) {
    const { dtype, shape, values } = field
    const length = numRows * sizeOf(shape)
    all ??= { dtype, shape, values: typedBytes(dtype, allocateShared(length * bytesPerElement[dtype]), length) }
    all.values.set(values, filled)
    filled += values.length
  }
  if (all === undefined) throw new UserError(`${path} is empty: it has no values`)
  return all
}

/**
 * The rows of an array, some at a time.
 *
 * @throws UserError as `readArrayFiles`, for the rows of the fields that are given one by one
 */
export async function* npyBlocks(name: string, path: string, missing: NpySpec['missing']): AsyncGenerator<NpyBlock> {
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
      if (field) yield { field, numRows }
    }
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let filled = 0; filled < into.length;) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled)
    if (bytesRead === 0) throw new UserError(`${path} was cut short while it was read`)
    filled += bytesRead
  }
}
