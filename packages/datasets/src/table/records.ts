/**
 * The records of a table in a text file: cells under the names of columns, each with the line that it ends in.
 *
 * Plain lines are cut at the delimiter here, which is many times as fast as csv-parse; a record with quotes in it goes
 * to csv-parse, which knows their rules.
 */
import type * as CsvParse from 'csv-parse/sync'
import { UserError } from '@gradpool/core'
import { isObject, shown } from '../spec-rules.js'
import { checkLength, readLines, textOf } from './lines.js'
import { plainCells, type Cell } from './plain-cells.js'

const SPACE = 32
const DELETE = 127
const CARRIAGE_RETURN = 13
const QUOTE = 34

export type { Cell }

export interface RecordSink {
  /**
   * Comes first, once; never of a file without any.
   *
   * @param mostRows how many rows follow at most, where that is known
   */
  names(names: readonly string[], mostRows?: number): void
  /**
   * As many cells as there are names; the list is used again for the next row.
   *
   * @param listOf the value of a name that is `apart`
   */
  row(cells: readonly Cell[], line: number, listOf?: ListOf): void
}

/** The value of an object by its name. */
export type ListOf = (name: string) => unknown

export interface TextFormat {
  readonly path: string
  /** What cells are apart by; undefined for a JSON object on each line. */
  readonly delimiter: string | undefined
  /** Names of the columns, where the file does not begin with them. */
  readonly header?: readonly string[] | undefined
  /** Names of those that are read, of JSON objects; default: those of the first. */
  readonly only?: readonly string[] | undefined
  /** Names of those that are lists, of JSON objects, which are no columns. */
  readonly apart?: readonly string[] | undefined
}

/** @throws UserError with one sentence that names the line */
export async function readRecords(format: TextFormat, sink: RecordSink): Promise<void> {
  const { delimiter } = format
  if (delimiter === undefined) await readObjects(format, sink)
  else await readDelimited(format, delimiter, sink)
}

async function readDelimited({ path, header }: TextFormat, delimiter: string, sink: RecordSink): Promise<void> {
  // Loaded when first used: most programs read no table.
  const csvParse = await import('csv-parse/sync')
  const byte = delimiter.charCodeAt(0)
  let width: number | undefined
  let cells: Cell[] = []
  /** Lines of a record whose quotes are still open. */
  let open: { text: string; readonly from: number } | undefined

  const begin = (names: readonly string[]) => {
    width = names.length
    cells = new Array<Cell>(width)
    checkNames(path, names)
    sink.names(names)
  }
  const expectWidth = (count: number, line: number) => {
    if (count !== width) throw new UserError(`${path} has ${counted(count)} in line ${line}, expected ${width ?? 0}`)
  }
  const takePlain = (line: Buffer, number: number) => {
    const count = plainCells(line, byte, cells, (start, end) => plainText(path, line.subarray(start, end), number))
    expectWidth(count, number)
    sink.row(cells, number)
  }
  const take = (text: string, line: number) => {
    const record = text.endsWith('\r') ? text.slice(0, -1) : text
    if (record.trim() === '' && !record.includes(delimiter)) return
    const found = record.includes('"')
      ? quoted(csvParse, path, record, delimiter, line)
      : plain(path, record, delimiter, line)
    if (width === undefined) {
      begin(header ?? found.map((name) => name.trim()))
      if (header === undefined) return
    }
    expectWidth(found.length, line)
    sink.row(found.map(trimmedCell), line)
  }

  await readLines(path, (bytes, number) => {
    const isPlain = bytes.indexOf(QUOTE) < 0
    if (open === undefined && isPlain) {
      const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
      const mayBeBlank = (line[0] ?? 0) <= SPACE && line.toString().trim() === ''
      if (width !== undefined && byte < DELETE && !mayBeBlank) takePlain(line, number)
      else take(textOf(path, bytes, number), number)
      return
    }
    const line = textOf(path, bytes, number)
    if (open === undefined && !hasOddQuotes(line)) {
      take(line, number)
      return
    }
    if (open === undefined) {
      open = { text: line, from: number }
      return
    }
    open.text += `\n${line}`
    checkLength(path, open.text.length, open.from)
    // Quotes come in pairs until the record ends.
    if (!hasOddQuotes(line)) return
    const { text } = open
    open = undefined
    take(text, number)
  })
  if (open !== undefined) throw new UserError(`${path} has a quote in line ${open.from} that does not end`)
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOdd = !isOdd
  return isOdd
}

function plain(path: string, record: string, delimiter: string, line: number): readonly string[] {
  if (record.includes('\r')) throw carriageReturns(path, line)
  return record.split(delimiter)
}

/** A cell of a plain line that is no plain number. */
function plainText(path: string, bytes: Buffer, line: number): Cell {
  let isPlain = true
  for (const byte of bytes) isPlain &&= byte >= SPACE && byte < DELETE
  const text = isPlain ? bytes.toString('latin1') : textOf(path, bytes, line)
  if (text.includes('\r')) throw carriageReturns(path, line)
  return trimmedCell(text)
}

function carriageReturns(path: string, line: number): UserError {
  return new UserError(`${path} has carriage returns in line ${line}, expected lines that end with a line feed`)
}

function quoted(
  { parse, CsvError }: typeof CsvParse,
  path: string,
  record: string,
  delimiter: string,
  line: number,
): readonly string[] {
  try {
    // Of one record.
    const [cells = []]: string[][] = parse(record, { delimiter, record_delimiter: '\n', relax_column_count: true })
    return cells
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new UserError(`${path} has a quote out of place in line ${line}: double it within quoted text`, {
      cause: error,
    })
  }
}

/** Without spaces around it; undefined where nothing is left. */
function trimmedCell(text: string): Cell {
  // Most cells have no spaces around them, and a trim is a copy.
  const [first, last] = [text.charCodeAt(0), text.charCodeAt(text.length - 1)]
  if (first > SPACE && first < DELETE && last > SPACE && last < DELETE) return text
  const trimmed = text.trim()
  return trimmed === '' ? undefined : trimmed
}

async function readObjects({ path, only, apart }: TextFormat, sink: RecordSink): Promise<void> {
  const objects = new ObjectRecords({ path, only, apart, sink, unit: 'line' })
  await readLines(path, (bytes, line) => {
    const text = textOf(path, bytes, line)
    if (text.trim() !== '') objects.take(objectIn(path, text, line), line)
  })
  objects.end()
}

/** Objects, or what has them as JSON, one after the other, from memory or wherever they come from. */
export type RowSource = Iterable<object> | AsyncIterable<object>

/** @throws UserError with one sentence that names the row, from 1, and what the source throws */
export async function readRows(
  rows: RowSource,
  { path, only, apart }: Pick<TextFormat, 'path' | 'only' | 'apart'>,
  sink: RecordSink,
): Promise<void> {
  const objects = new ObjectRecords({ path, only, apart, sink, unit: 'row' })
  let number = 0
  for await (const row of rows) {
    number++
    // Such as the rows of an Arrow table.
    const value: unknown = tellsItself(row) ? row.toJSON() : row
    if (!isObject(value)) {
      throw new UserError(`${path} has ${shown(value)} as row ${number}, expected an object such as { x: 1, y: 2 }`)
    }
    objects.take(value, number)
  }
  objects.end()
}

function tellsItself(row: unknown): row is { readonly toJSON: () => unknown } {
  return isObject(row) && 'toJSON' in row && typeof row.toJSON === 'function'
}

interface ObjectReading extends Pick<TextFormat, 'path' | 'only' | 'apart'> {
  readonly sink: RecordSink
  /** What records are counted by. */
  readonly unit: 'line' | 'row'
}

/** Records of objects: the names are those of the first, or given. */
class ObjectRecords {
  readonly #reading: ObjectReading
  readonly #unseen: Set<string>
  #names: readonly string[] | undefined

  constructor(reading: ObjectReading) {
    this.#reading = reading
    this.#unseen = new Set(reading.only)
  }

  take(record: object, number: number): void {
    const { path, only, apart = [], sink, unit } = this.#reading
    const values = new Map<string, unknown>(Object.entries(record))
    if (this.#names === undefined) {
      this.#names = only ?? [...values.keys()].filter((name) => !apart.includes(name))
      if (apart.length === 0 || this.#names.length > 0) checkNames(path, this.#names)
      sink.names(this.#names)
    }
    const known = this.#names
    if (this.#unseen.size > 0) for (const name of values.keys()) this.#unseen.delete(name)
    const isExtra = (name: string) => !known.includes(name) && !apart.includes(name)
    const extra = only === undefined ? [...values.keys()].find(isExtra) : undefined
    if (extra !== undefined) {
      throw new UserError(
        `${path} has ${shown(extra)} in ${unit} ${number}, which the first ${unit} has not: name the columns`,
      )
    }
    const cells = known.map((name) => {
      const value = values.get(name)
      const cell = cellIn(value)
      if (cell !== null) return cell
      throw new UserError(
        `${path} has in ${unit} ${number}, column ${shown(name)}, ${shown(value)}, expected a number or a text${unit === 'line' && Array.isArray(value) ? ', or its name in sequences' : ''}`,
      )
    })
    sink.row(cells, number, (name) => values.get(name))
  }

  end(): void {
    const { path, unit } = this.#reading
    const [missing] = this.#unseen
    if (missing === undefined || this.#names === undefined) return
    throw new UserError(
      `${path} has no ${shown(missing)} in any ${unit}, expected it in some, as null where it is missing`,
    )
  }
}

function objectIn(path: string, text: string, line: number): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} has no JSON in line ${line}, expected an object a line`, { cause })
  }
  if (isObject(value)) return value
  throw new UserError(`${path} has ${shown(value)} in line ${line}, expected an object such as {"x": 1, "y": 2}`)
}

/** A value of a program as a cell; null for one that is neither number nor text. */
export function cellIn(value: unknown): Cell | null {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value
  if (typeof value === 'bigint') return Number(value)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return trimmedCell(value)
  return typeof value === 'boolean' ? String(value) : null
}

function checkNames(path: string, names: readonly string[]): void {
  if (names.length === 0) throw new UserError(`${path} has no columns in its first row`)
  const unnamed = names.indexOf('')
  if (unnamed >= 0) throw new UserError(`${path} has no name for column ${unnamed + 1}, expected one in the first line`)
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new UserError(`${path} has two columns ${shown(name)}, expected names that differ`)
    seen.add(name)
  }
}

function counted(count: number): string {
  return count === 1 ? '1 cell' : `${count} cells`
}

/** A part of a text keeps all of the text in memory. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
