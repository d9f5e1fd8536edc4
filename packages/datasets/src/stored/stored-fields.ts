/** Fields that are in files: what they are is known, their values are read when they are asked for. */
import { UserError } from '@gradpool/core'
import { sizeOf, type Field, type Split } from '@gradpool/core/engine'
import { availableMemory } from 'node:process'
import { typedBytes, type Fields } from '../fields.js'
import { allocateShared } from '../idx/read.js'
import {
  bytesOf,
  fileOf,
  HASH_BYTES,
  hashesFileOf,
  readManifest,
  type Manifest,
  type ManifestField,
} from './manifest.js'
import { RowReader, rowsOfField } from './row-reader.js'

/** Rows that are looked at one after the other are read by so many bytes at once. */
const BLOCK_BYTES = 2 ** 22

export interface StoredDataset extends Manifest {
  readonly stored: Fields
}

/** @throws UserError for a folder that is no data set, and for files that are missing or of another size */
export async function openStored(directory: string): Promise<StoredDataset> {
  const manifest = await readManifest(directory)
  const { numRows, fields } = manifest
  const stored = Object.fromEntries(
    fields.map((field) => [field.name, storedField(field, { path: fileOf(directory, field), numRows })]),
  )
  readerOf(stored, Object.keys(stored)).close()
  hashFiles.set(stored, { path: hashesFileOf(directory, manifest), bytes: HASH_BYTES * numRows })
  hashReader(stored)?.close()
  return { ...manifest, stored }
}

/** Of the fields of a folder, the file that has the hashes of their rows. */
const hashFiles = new WeakMap<Fields, { readonly path: string; readonly bytes: number }>()

/** What reads the hashes of rows that were written with these fields; undefined for other fields. */
export function hashReader(fields: Fields): RowReader | undefined {
  const from = hashFiles.get(fields)
  return from && new RowReader([{ rowBytes: HASH_BYTES, from }])
}

function storedField({ dtype, shape }: ManifestField, file: NonNullable<Field['file']>): Field {
  let values: Field['values'] | undefined
  return {
    dtype,
    shape,
    file,
    get values() {
      return (values ??= readAll({ dtype, shape }, file))
    },
  }
}

function readAll(type: Pick<Field, 'dtype' | 'shape'>, file: NonNullable<Field['file']>): Field['values'] {
  const numBytes = bytesOf(type, file.numRows)
  if (numBytes > availableMemory() / 2 || numBytes > 2 ** 32) {
    throw new UserError(
      `${file.path} has ${(numBytes / 1e6).toFixed(0)} MB, too many to have them in memory at once, as this needs them`,
    )
  }
  const bytes = allocateShared(numBytes)
  const { dtype, shape } = type
  const rowBytes = bytesOf(type, 1)
  const reader = new RowReader([{ rowBytes, from: { path: file.path, bytes: numBytes } }])
  try {
    const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes))
    for (let row = 0; row < file.numRows; row += blockRows) {
      const some = Int32Array.from({ length: Math.min(blockRows, file.numRows - row) }, (_, i) => row + i)
      reader.read(some, [bytes.subarray(row * rowBytes)])
    }
  } finally {
    reader.close()
  }
  return typedBytes(dtype, bytes, file.numRows * sizeOf(shape))
}

/** Whether some of these fields are in files. */
export function isStored(fields: Fields, names: readonly string[] = Object.keys(fields)): boolean {
  return names.some((name) => fields[name]?.file !== undefined)
}

/** Bytes of one row of these fields. */
export function rowBytesOf(fields: Fields, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (fields[name] ? bytesOf(fields[name], 1) : 0), 0)
}

/** What reads rows of these fields. @throws UserError as `RowReader` */
export function readerOf(fields: Fields, names: readonly string[]): RowReader {
  return new RowReader(readableRows(fields, names))
}

/** Structured-cloneable, for a thread that makes a reader of it. */
export function readableRows(fields: Fields, names: readonly string[]): ReturnType<typeof rowsOfField>[] {
  return names.flatMap((name) => {
    const field = fields[name]
    return field ? [rowsOfField({ ...typeOf(field), values: () => field.values })] : []
  })
}

/** Without its values, which a copy would read. */
function typeOf({ dtype, shape, file }: Field): Pick<Field, 'dtype' | 'shape' | 'file'> {
  return { dtype, shape, ...(file && { file }) }
}

/**
 * The examples of a split that are in files, in memory: these fields of its rows alone. A split that is in memory is
 * left as it is.
 */
export function inMemory(split: Split, names: readonly string[] = Object.keys(split.fields)): Split {
  const { fields, rows } = split
  if (!isStored(fields, names)) return split
  const memory = names.flatMap((name) => {
    const field = fields[name]
    return field ? [{ name, field, bytes: allocateShared(rows.length * bytesOf(field, 1)) }] : []
  })
  const reader = readerOf(fields, names)
  try {
    eachBlock(rows, rowBytesOf(fields, names), (some, from) => {
      reader.read(
        some,
        memory.map(({ field, bytes }) => bytes.subarray(from * bytesOf(field, 1))),
      )
    })
  } finally {
    reader.close()
  }
  const made = memory.map(({ name, field: { dtype, shape }, bytes }): [string, Field] => [
    name,
    { dtype, shape, values: typedBytes(dtype, bytes, rows.length * sizeOf(shape)) },
  ])
  return { ...split, fields: Object.fromEntries(made), rows: Int32Array.from(rows, (_, place) => place) }
}

/** The values of rows of a field, some rows at a time; of a field in memory, all at once. */
export function* valuesOf(
  field: Field,
  rows: Int32Array,
): Generator<{ readonly values: Field['values']; readonly rows: Int32Array }> {
  if (field.file === undefined) {
    yield { values: field.values, rows }
    return
  }
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / bytesOf(field, 1)))
  for (let from = 0; from < rows.length; from += blockRows) {
    const some = inMemory({ fields: { field }, rows: rows.subarray(from, from + blockRows) })
    const { values } = some.fields.field ?? field
    yield { values, rows: some.rows }
  }
}

function eachBlock(rows: Int32Array, rowBytes: number, read: (rows: Int32Array, from: number) => void): void {
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes))
  for (let from = 0; from < rows.length; from += blockRows) read(rows.subarray(from, from + blockRows), from)
}
