/**
 * Reads rows of fields from files, in any order, into memory: sorted by their place, those that lie near each other in
 * one read. Fields that are in memory are copied from there.
 *
 * Files are read, not mapped, so that one that was cut short gives a sentence.
 */
import { UserError } from '@gradpool/core'
import { bytesPerElement, sizeOf, type Field } from '@gradpool/core/engine'
import { openRegularSync } from '@gradpool/storage'
import { closeSync, fstatSync, readSync } from 'node:fs'
import { readError } from '../idx/read-error.js'

/** A field as a thread that reads rows of it is told of it. */
export interface RowsOfField {
  readonly rowBytes: number
  /** Its file and how long that is, or its bytes. */
  readonly from: { readonly path: string; readonly bytes: number } | Uint8Array
}

export function rowsOfField({ dtype, shape, file, ...rest }: FieldParts): RowsOfField {
  const rowBytes = sizeOf(shape) * bytesPerElement[dtype]
  if (file) return { rowBytes, from: { path: file.path, bytes: file.numRows * rowBytes } }
  const { buffer, byteOffset, byteLength } = rest.values()
  return { rowBytes, from: new Uint8Array(buffer, byteOffset, byteLength) }
}

interface FieldParts extends Pick<Field, 'dtype' | 'shape' | 'file'> {
  readonly values: () => Field['values']
}

/** Rows that are no farther apart than this are read at once, with what is between them. */
const GAP_BYTES = 2 ** 13
/** Read at once. */
const MOST_BYTES = 2 ** 20
/** Places in a list of rows, for a sort of f64. */
const MOST_ROWS = 2 ** 22

export class RowReader {
  readonly #fields: readonly OpenField[]
  #staging: Uint8Array | undefined

  /** @throws UserError for a file that is missing, or not as long as it was */
  constructor(fields: readonly RowsOfField[]) {
    const opened: OpenField[] = []
    this.#fields = opened
    try {
      for (const field of fields) opened.push(openField(field))
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** At most 2^22 rows. @param into Of each field, where its rows go, one after the other. */
  read(rows: Int32Array, into: readonly Uint8Array[]): void {
    this.readSorted(sortedRows(rows), into, 0, rows.length)
  }

  /** Those of sorted rows from `begin` to before `end`. @param into of all of them */
  readSorted(sorted: SortedRows, into: readonly Uint8Array[], begin: number, end: number): void {
    for (const [index, field] of this.#fields.entries()) {
      const target = into[index]
      if (target) this.#readField(field, { ...sorted, begin, end }, target)
    }
  }

  close(): void {
    for (const { file } of this.#fields) if (file !== undefined) closeSync(file)
  }

  #readField(field: OpenField, { rows, places, begin: from, end: to }: SomeRows, target: Uint8Array): void {
    const { rowBytes, file, bytes } = field
    if (file === undefined) {
      copyRows({ from: bytes, first: 0, rowBytes, target }, { rows, places, begin: from, end: to })
      return
    }
    for (let begin = from; begin < to;) {
      const first = rows[begin] ?? 0
      let [end, last, isDense] = [begin + 1, first, places === undefined]
      for (; end < to; end++) {
        const row = rows[end] ?? 0
        if ((row - last - 1) * rowBytes > GAP_BYTES || (row + 1 - first) * rowBytes > MOST_BYTES) break
        isDense &&= row === last + 1
        last = row
      }
      const at = places?.[begin] ?? begin
      const length = (last + 1 - first) * rowBytes
      if (isDense || end === begin + 1) {
        readWhole(field, target.subarray(at * rowBytes, at * rowBytes + length), first * rowBytes)
      } else {
        this.#staging ??= new Uint8Array(MOST_BYTES)
        const from = length > MOST_BYTES ? new Uint8Array(length) : this.#staging.subarray(0, length)
        readWhole(field, from, first * rowBytes)
        copyRows({ from, first, rowBytes, target }, { rows, places, begin, end })
      }
      begin = end
    }
  }
}

interface OpenField {
  readonly path: string
  readonly rowBytes: number
  /** Undefined where it is in memory. */
  readonly file: number | undefined
  readonly bytes: Uint8Array
}

/** Structured-cloneable. */
export interface SortedRows {
  /** In ascending order. */
  readonly rows: Int32Array
  /** Where each goes; undefined where that is its own place. */
  readonly places: Int32Array | undefined
}

interface SomeRows extends SortedRows {
  readonly begin: number
  readonly end: number
}

function openField({ rowBytes, from }: RowsOfField): OpenField {
  if (from instanceof Uint8Array) return { path: '', rowBytes, file: undefined, bytes: from }
  const { path, bytes } = from
  let file: number | undefined
  try {
    file = openRegularSync(path)
    const { size } = fstatSync(file)
    if (size !== bytes) {
      throw new UserError(`${path} has ${size} bytes, expected ${bytes}: it was changed, so prepare the data again`)
    }
    return { path, rowBytes, file, bytes: new Uint8Array() }
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw readError(path, error)
  }
}

function readWhole({ path, file = -1 }: OpenField, into: Uint8Array, position: number): void {
  try {
    for (let filled = 0; filled < into.length;) {
      const numBytes = readSync(file, into, filled, into.length - filled, position + filled)
      if (numBytes === 0) {
        throw new UserError(`${path} was cut short while it was read: prepare the data again`)
      }
      filled += numBytes
    }
  } catch (error) {
    throw readError(path, error)
  }
}

function isAscending(rows: Int32Array): boolean {
  for (let at = 1; at < rows.length; at++) if ((rows[at] ?? 0) < (rows[at - 1] ?? 0)) return false
  return true
}

/** Rows by their place in a file, and where each of them goes. In memory that threads share, but for those in order. */
export function sortedRows(rows: Int32Array): SortedRows {
  if (isAscending(rows)) return { rows, places: undefined }
  const keys = new Float64Array(rows.length)
  for (let place = 0; place < rows.length; place++) keys[place] = (rows[place] ?? 0) * MOST_ROWS + place
  keys.sort()
  const shared = () => new Int32Array(new SharedArrayBuffer(rows.byteLength))
  const [sorted, places] = [shared(), shared()]
  for (let at = 0; at < rows.length; at++) {
    const key = keys[at] ?? 0
    const row = Math.floor(key / MOST_ROWS)
    sorted[at] = row
    places[at] = key - row * MOST_ROWS
  }
  return { rows: sorted, places }
}

interface Copying {
  readonly from: Uint8Array
  /** The row that `from` begins with. */
  readonly first: number
  readonly rowBytes: number
  readonly target: Uint8Array
}

/** Bytes of a row up to which a loop is faster than a call. */
const FEW_BYTES = 32

function copyRows({ from, first, rowBytes, target }: Copying, { rows, places, begin, end }: SomeRows): void {
  for (let at = begin; at < end; at++) {
    const source = ((rows[at] ?? 0) - first) * rowBytes
    const to = (places?.[at] ?? at) * rowBytes
    if (rowBytes > FEW_BYTES) target.set(from.subarray(source, source + rowBytes), to)
    else for (let byte = 0; byte < rowBytes; byte++) target[to + byte] = from[source + byte] ?? 0
  }
}
