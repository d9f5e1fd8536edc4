/**
 * The records of a Parquet file, one row group at a time, by hyparquet. Memory holds the columns of one row group.
 */
import { UserError } from '@gradpool/core'
import { openRegular, type RegularFile } from '@gradpool/storage'
import type { AsyncBuffer, DataReader, FileMetaData, PageHeader, SchemaTree } from 'hyparquet'
import { readError } from '../idx/read-error.js'
import { listed, shown } from '../spec-rules.js'
import { cellIn, type Cell, type RecordSink } from './records.js'

/** Of the columns of one row group together, when they are values of JavaScript. */
const MOST_GROUP_CELLS = 2 ** 28

/** Of one page, which writers make of about 1 MiB. */
const MOST_PAGE_BYTES = 2 ** 28

/** Where a file says that it has more, memory for its rows is taken as they come. */
const MOST_NUMBERS_PER_BYTE = 64

export interface ParquetFormat {
  readonly path: string
  /** Names of the columns that are read. Default: all. */
  readonly only?: readonly string[] | undefined
}

/** @throws UserError with one sentence that names the row and the column */
export async function readParquet({ path, only }: ParquetFormat, sink: RecordSink): Promise<void> {
  const { file, size } = await openRegular(path).catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    const part = (start: number, end = size) => {
      const reading = bytesBetween(path, { file, size }, start, end)
      // The library begins several at once, and leaves the others where one fails.
      reading.catch(() => undefined)
      return reading
    }
    await readGroups(path, { byteLength: size, slice: part }, only, sink)
  } finally {
    await file.close()
  }
}

async function readGroups(
  path: string,
  file: AsyncBuffer,
  only: readonly string[] | undefined,
  sink: RecordSink,
): Promise<void> {
  // Loaded when first used: most programs read no Parquet.
  const [{ parquetMetadataAsync, parquetRead, parquetSchema }, { parquetHeader }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet/src/column.js'),
    import('hyparquet-compressors'),
  ])
  const metadata = await decoded(path, () => parquetMetadataAsync(file))
  const names = await decoded(path, () => Promise.resolve(columnsOf(path, parquetSchema(metadata), only)))
  const sizes = groupSizes(path, metadata, names.length)
  const most = Math.floor((MOST_NUMBERS_PER_BYTE * file.byteLength) / names.length)
  sink.names(names, Math.min(Number(metadata.num_rows), most))
  let rowStart = 0
  for (const [group, numRows] of sizes.entries()) {
    await decoded(path, () => checkPages(file, metadata.row_groups[group], names, parquetHeader))
    const columns = names.map((): unknown[] => new Array<unknown>(numRows))
    const placed = new Array<number>(names.length).fill(0)
    await decoded(path, () =>
      parquetRead({
        file,
        metadata,
        compressors,
        columns: [...names],
        rowStart,
        rowEnd: rowStart + numRows,
        onChunk({ columnName, columnData, rowStart: first }) {
          const at = names.indexOf(columnName)
          const column = columns[at]
          if (column === undefined) return
          for (let i = 0; i < columnData.length; i++) {
            const row = first + i - rowStart
            if (row >= 0 && row < numRows) column[row] = columnData[i]
          }
          placed[at] = (placed[at] ?? 0) + columnData.length
        },
      }),
    )
    const short = placed.findIndex((count) => count < numRows)
    if (short >= 0) {
      throw new UserError(
        `${path} is not a whole .parquet file: column ${shown(names[short])} ends before row ${rowStart + numRows}`,
      )
    }
    const cells = new Array<Cell>(names.length)
    for (let row = 0; row < numRows; row++) {
      for (let at = 0; at < names.length; at++) {
        cells[at] = cellOf(columns[at]?.[row], path, rowStart + row + 1, names[at])
      }
      sink.row(cells, rowStart + row + 1)
    }
    rowStart += numRows
  }
}

/**
 * Walks the pages of columns, without their contents: they have as many values as the group has rows, and lie within
 * the column. The library takes memory for whatever number a page says.
 */
async function checkPages(
  file: AsyncBuffer,
  group: FileMetaData['row_groups'][number] | undefined,
  names: readonly string[],
  parquetHeader: (reader: DataReader) => PageHeader,
): Promise<void> {
  for (const { meta_data: column } of group?.columns ?? []) {
    if (column === undefined || !names.includes(column.path_in_schema.join('.'))) continue
    // Some writers say 0 where there is no dictionary.
    const dictionary = Number(column.dictionary_page_offset ?? 0)
    const start = dictionary > 0 ? dictionary : Number(column.data_page_offset)
    const bytes = await file.slice(start, start + Number(column.total_compressed_size))
    const reader: DataReader = { view: new DataView(bytes), offset: 0 }
    let numValues = 0
    while (reader.offset < bytes.byteLength - 1) {
      const header = parquetHeader(reader)
      const { compressed_page_size: size, uncompressed_page_size: unpacked } = header
      const values = header.data_page_header ?? header.data_page_header_v2
      const count = (values ?? header.dictionary_page_header)?.num_values ?? 0
      const isWhole =
        size >= 0 && reader.offset + size <= bytes.byteLength && unpacked >= 0 && unpacked <= MOST_PAGE_BYTES
      const fits = Number.isInteger(count) && count >= 0 && BigInt(count) <= (group?.num_rows ?? 0n)
      if (!isWhole || !fits) throw new Error(`a page of ${column.path_in_schema.join('.')} is damaged`)
      if (values) numValues += count
      reader.offset += size
    }
    if (BigInt(numValues) !== group?.num_rows) {
      throw new Error(`the pages of ${column.path_in_schema.join('.')} have ${numValues} values`)
    }
  }
}

/** The number of rows of each row group. @throws UserError where they are not those of the file, or too many */
function groupSizes(path: string, { row_groups, num_rows }: FileMetaData, numColumns: number): number[] {
  const sizes = row_groups.map(({ num_rows: rows }) => Number(rows))
  const isWhole = sizes.every((size) => Number.isInteger(size) && size >= 0)
  if (!isWhole || sizes.reduce((sum, size) => sum + size, 0) !== Number(num_rows)) {
    throw new UserError(`${path} is not a whole .parquet file: its row groups are not its rows`)
  }
  const large = sizes.find((size) => size * numColumns > MOST_GROUP_CELLS)
  if (large === undefined) return sizes
  throw new UserError(
    `${path} has ${large} rows of ${numColumns} columns in one row group, too many to read at once: write smaller groups, or name fewer columns`,
  )
}

/** Names of the columns to read, none of which has parts. */
function columnsOf(path: string, { children }: SchemaTree, only: readonly string[] | undefined): readonly string[] {
  const all = children.map(({ element }) => element.name)
  const names = only ?? all
  for (const name of names) {
    const column = children.find(({ element }) => element.name === name)
    if (column === undefined)
      throw new UserError(`${path} has no column ${shown(name)}; its columns are ${listed(all)}`)
    if (column.children.length === 0 && column.element.repetition_type !== 'REPEATED') continue
    throw new UserError(
      `${path} has lists or parts in column ${shown(name)}, expected numbers or texts: name the columns to use`,
    )
  }
  return names
}

/** NaN is missing, as in pandas. */
function cellOf(value: unknown, path: string, row: number, name: string | undefined): Cell {
  const cell = cellIn(value)
  if (cell !== null) return cell
  const what = value instanceof Date ? 'a time' : value instanceof Uint8Array ? 'bytes' : shown(value)
  throw new UserError(
    `${path} has ${what} in row ${row}, column ${shown(name)}, expected a number or a text: name the columns to use`,
  )
}

/** @throws UserError for whatever the library found wrong with the file */
async function decoded<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UserError) throw error
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(`${path} is not a whole .parquet file: ${shown(reason)}`, { cause: error })
  }
}

async function bytesBetween(
  path: string,
  { file, size }: RegularFile,
  start: number,
  end: number,
): Promise<ArrayBuffer> {
  if (!(start >= 0 && start <= end && end <= size)) {
    throw new UserError(`${path} is not a whole .parquet file: a part of it is said to be outside of it`)
  }
  const buffer = new ArrayBuffer(end - start)
  for (let at = 0; at < buffer.byteLength;) {
    const { bytesRead } = await file.read(new Uint8Array(buffer, at), 0, buffer.byteLength - at, start + at)
    if (bytesRead === 0) throw new UserError(`${path} was cut short while it was read`)
    at += bytesRead
  }
  return buffer
}
