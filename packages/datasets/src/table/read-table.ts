/**
 * A table as fields: its inputs side by side as `x` f32 [columns], the target as `y` f32 [], or as `label` i32 [] where
 * its values are classes. A column of texts has the numbers of its categories.
 */
import { UserError } from '@gradpool/core'
import type { Field, TableNames } from '@gradpool/core/engine'
import type { Fields } from '../fields.js'
import { listed, shown } from '../spec-rules.js'
import { Categories } from './categories.js'
import { Floats } from './floats.js'
import { KeyColumn } from './key-column.js'
import { extentOf } from './lines.js'
import { numberIn, standsForNone } from './numbers.js'
import { readParquet } from './parquet.js'
import { readRecords, readRows, type Cell, type ListOf, type RecordSink, type RowSource } from './records.js'
import { SequenceRows } from '../sequences.js'
import { keyColumnOf } from '../splits/rows-split.js'
import type { SplitKey } from '../splits/splits.js'
import { columnsOf, delimiters, isList, placeOf, type TableSpec } from './table-spec.js'

export interface Table extends TableNames {
  readonly fields: Fields
  readonly columns: readonly string[]
  /** The column that rows are split by. */
  readonly splitKey?: SplitKey
  /** Where rows were handed out: what their numbers of categories and classes become, by columns of `x`. */
  readonly places?: { readonly x: ReadonlyMap<number, readonly number[]>; readonly target?: readonly number[] }
}

/** Rows in the order of the file. Categories and classes have numbers that `Table.places` replaces at the end. */
export interface TableRows {
  /** Handed out until now, these included. */
  readonly numRows: number
  readonly x: Float32Array
  readonly target: Float32Array | undefined
}

const HOW_TO_FILL = "say what becomes of such rows, with missing 'drop', 'mean' or { value }"

export interface ReadingTable {
  /** In the place of the file. */
  readonly rows?: RowSource
  /** What to do about a missing value that is refused, for the end of a sentence. */
  readonly remedy?: string
  /** Whether columns that `categories` does not name are numbers, whatever they begin with. */
  readonly namesAll?: boolean
  /** Told the columns of the file that are not read. */
  readonly onLeftAside?: (names: readonly string[]) => void
  /** Takes rows as they are read, in memory that is used again. The table that is read then has no values. */
  readonly onRows?: (rows: TableRows) => void
}

/** Handed out at once. */
const ROWS_BYTES = 2 ** 18

/** @throws UserError with one sentence that names the file, and the line and column where there are any */
export async function readTable(spec: TableSpec, reading: ReadingTable = {}): Promise<Table> {
  const { kind, path, target, columns, header, sequences } = spec
  const apart = sequences && Object.keys(sequences)
  const others = [target, keyColumnOf(spec.splitBy)].filter((name) => name !== undefined)
  const only = columns && [...new Set([...columns, ...others])]
  const isText = reading.rows === undefined && kind !== 'parquet'
  const { lines, bytes } = isText && reading.onRows === undefined ? await extentOf(path) : { lines: 0, bytes: 0 }
  let builder: TableBuilder | undefined
  const sink: RecordSink = {
    names(names, known) {
      // A cell takes a byte at least, with what it ends with.
      const mostRows = (reading.onRows ? 0 : known) ?? Math.min(lines, Math.ceil(bytes / names.length))
      builder = new TableBuilder(spec, { names, mostRows }, reading)
      if (columns) reading.onLeftAside?.(names.filter((name) => ![...columns, ...others].includes(name)))
    },
    row: (cells, line, listOf) => builder?.row(cells, line, listOf),
  }
  if (reading.rows) await readRows(reading.rows, { path, only, apart }, sink)
  else if (kind === 'parquet') await readParquet({ path, only }, sink)
  else {
    const delimiter = kind === 'csv' ? (spec.delimiter ?? delimiters.csv) : delimiters[kind]
    await readRecords({ path, delimiter, header, only, apart }, sink)
  }
  if (builder === undefined) throw new UserError(`${path} is empty, expected rows`)
  return builder.finish()
}

class TableBuilder {
  readonly #spec: TableSpec
  readonly #inputs: readonly Input[]
  readonly #target: Target | undefined
  readonly #key: KeyColumn | undefined
  readonly #x: Floats
  readonly #row: Float32Array
  readonly #sequences: SequenceRows | undefined
  readonly #onRows: ReadingTable['onRows']
  #numRows = 0
  #dropped = 0

  /** @param file.mostRows 0 where it is not known */
  constructor(
    spec: TableSpec,
    { names, mostRows }: { readonly names: readonly string[]; readonly mostRows: number },
    reading: ReadingTable,
  ) {
    const { path, target, splitBy, sequences } = spec
    const key = keyColumnOf(splitBy)
    const { columns = names.filter((name) => name !== target && name !== key), categories = [] } = spec
    const place = (name: string) => {
      const at = names.indexOf(name)
      if (at >= 0) return { name, at }
      throw new UserError(`${path} has no column ${shown(name)}; its columns are ${listed(names)}`)
    }
    this.#spec = spec
    this.#inputs = columns.map((name) => new Input(spec, place(name), reading))
    this.#target =
      target === undefined ? undefined : new Target(spec, place(target), { remedy: reading.remedy, mostRows })
    this.#key = key === undefined ? undefined : new KeyColumn(spec, place(key))
    this.#row = new Float32Array(this.#inputs.length)
    const types = Object.entries(sequences ?? {}).map(([name, dtype]) => ({ name, dtype }))
    this.#sequences = sequences && new SequenceRows(types, path)
    this.#onRows = reading.onRows
    this.#x = new Floats(mostRows * this.#inputs.length)
    if (columns.length === 0 && !sequences)
      throw new UserError(`${path} has no column but the target, expected some to learn from`)
    const other = columnsOf(categories).find((name) => !columns.includes(name))
    if (other !== undefined) {
      throw new UserError(
        `${path} has no input ${shown(other)}, which is named in categories: it has ${listed(columns)}`,
      )
    }
  }

  row(cells: readonly Cell[], line: number, listOf?: ListOf): void {
    const target = this.#target
    for (let index = 0; index < this.#row.length; index++) {
      const input = this.#inputs[index]
      const value = input?.numberOf(cells[input.at], line)
      if (value === undefined) {
        this.#dropped++
        return
      }
      this.#row[index] = value
    }
    if (target !== undefined && !target.push(cells[target.at], line)) {
      this.#dropped++
      return
    }
    if (listOf) this.#sequences?.push(listOf, placeOf(this.#spec, line))
    this.#key?.push(cells[this.#key.at], line)
    this.#x.pushAll(this.#row)
    this.#numRows++
    if (this.#onRows && 4 * this.#x.length >= ROWS_BYTES) this.#handOut(this.#onRows)
  }

  #handOut(take: (rows: TableRows) => void): void {
    take({ numRows: this.#numRows, x: this.#x.drain(), target: this.#target?.drain() })
  }

  finish(): Table {
    const { path, missing, unknown, target: targetName } = this.#spec
    if (this.#numRows === 0) {
      const why = this.#dropped === 0 ? 'only the names of columns' : 'a missing value in each'
      throw new UserError(`${path} has no rows to learn from, ${why}`)
    }
    if (this.#onRows) this.#handOut(this.#onRows)
    const values = this.#onRows ? new Float32Array() : this.#x.finish()
    const placesInX = new Map<number, readonly number[]>()
    const categories = this.#inputs.flatMap((input, index) => {
      const found = input.categories?.finish()
      if (found === undefined) return []
      const { names, places } = found
      placesInX.set(index, places)
      return [[input.name, names] as const]
    })
    renumber(values, this.#inputs.length, placesInX)
    const target = this.#target?.finish()
    const key = this.#key?.finish()
    return {
      fields: {
        ...(this.#inputs.length > 0 && { x: { dtype: 'f32', shape: [this.#inputs.length], values } }),
        ...this.#sequences?.finish(this.#spec.maxLength),
        ...target?.field,
      },
      ...(targetName !== undefined && { target: targetName }),
      columns: this.#inputs.map(({ name }) => name),
      ...(categories.length > 0 && { categories: Object.fromEntries(categories), unknown }),
      ...(missing !== 'refuse' && missing !== 'drop' && { missing }),
      ...(target?.classNames && { classNames: target.classNames }),
      ...(key && { splitKey: key }),
      ...(this.#onRows && { places: { x: placesInX, ...(target?.places && { target: target.places }) } }),
    }
  }
}

/** Gives categories their last numbers, in rows of so many columns. */
export function renumber(
  values: Float32Array,
  numColumns: number,
  placesOf: ReadonlyMap<number, readonly number[]>,
): void {
  for (const [column, places] of placesOf) {
    for (let at = column; at < values.length; at += numColumns) {
      const number = values[at] ?? NaN
      // NaN where it is missing, and the number after the last where it is unknown.
      values[at] = places[number] ?? number
    }
  }
}

/** Classes, whose numbers were f32 until here, as i32 in the same memory. */
export function classesIn(numbers: Float32Array, places: readonly number[]): Int32Array {
  const values = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  // A row without a target has NaN, and becomes -1.
  for (let i = 0; i < values.length; i++) values[i] = places[numbers[i] ?? NaN] ?? -1
  return values
}

interface Place {
  readonly name: string
  readonly at: number
}

/** A column of `x`: numbers, or categories where its first value is a text or the spec says so. */
class Input {
  readonly name: string
  readonly at: number
  readonly #spec: TableSpec
  readonly #remedy: string | undefined
  readonly #namesAll: boolean
  #isNumbers: boolean
  #categories: Categories | undefined
  /** Of the first cell that has the policy's number, as long as it is not known what the others are. */
  #filledLine: number | undefined

  constructor(spec: TableSpec, { name, at }: Place, { remedy, namesAll = false }: ReadingTable) {
    this.#remedy = remedy
    this.#namesAll = this.#isNumbers = namesAll
    this.name = name
    this.at = at
    this.#spec = spec
    if (columnsOf(spec.categories ?? []).includes(name)) this.#categories = this.#named()
  }

  get categories(): Categories | undefined {
    return this.#categories
  }

  /** NaN for one that is missing and that a model replaces; undefined for one whose row is left out. */
  numberOf(cell: Cell, line: number): number | undefined {
    // Most cells by far.
    if (typeof cell === 'number' && this.#categories === undefined && Number.isFinite(Math.fround(cell))) {
      this.#isNumbers = true
      return cell
    }
    if (cell === undefined || (standsForNone(cell) && this.#categories?.has(String(cell)) !== true)) {
      return this.#missing(line)
    }
    if (this.#categories) return this.#categories.numberOf(cell, line)
    const found = numberIn(cell)
    if (typeof found === 'number') {
      this.#isNumbers = true
      return found
    }
    if (found !== 'text' || this.#isNumbers) {
      const hint = found === 'text' && !this.#namesAll ? ', or the column named in categories' : ''
      throw wrongNumber(this.#spec, { name: this.name, line, cell, found, hint })
    }
    this.#categories = this.#named()
    if (this.#filledLine !== undefined) this.#missing(this.#filledLine)
    return this.#categories.numberOf(cell, line)
  }

  #missing(line: number): number | undefined {
    const { missing, path } = this.#spec
    if (missing === 'drop') return undefined
    if (missing === 'refuse') throw lacking(this.#spec, this.name, line, this.#remedy)
    if (typeof missing === 'string') return NaN
    if (this.#categories) {
      throw new UserError(
        `${path} has no value in ${placeOf(this.#spec, line)}, column ${shown(this.name)}, and ${missing.value} is no category: missing must be 'drop', or 'mostFrequent'`,
      )
    }
    this.#filledLine ??= line
    return missing.value
  }

  #named(): Categories {
    const { categories = [], unknown } = this.#spec
    const names = isList(categories) ? undefined : new Map(Object.entries(categories)).get(this.name)
    const [column, isNamed] = [this.name, columnsOf(categories).includes(this.name)]
    return new Categories(this.#spec, { column, words: ['category', 'categories'], isNamed, names, unknown })
  }
}

/** The values of a target: classes where its first is a text or the spec says so, and else numbers. */
class Target {
  readonly at: number
  readonly #name: string
  readonly #spec: TableSpec
  readonly #remedy: string | undefined
  readonly #values: Floats
  readonly #classes: Categories
  #isClasses: boolean | undefined

  constructor(
    spec: TableSpec,
    { name, at }: Place,
    { remedy, mostRows }: { readonly remedy: string | undefined; readonly mostRows: number },
  ) {
    const { classes } = spec
    this.#remedy = remedy
    this.#values = new Floats(mostRows)
    this.at = at
    this.#name = name
    this.#spec = spec
    const names = classes === true ? undefined : classes
    const words = ['class', 'classes'] as const
    this.#classes = new Categories(spec, { column: name, words, isNamed: true, names, unknown: 'refuse' })
    this.#isClasses = classes === undefined ? undefined : true
  }

  /** @returns false for a row that is left out because it has no target */
  push(cell: Cell, line: number): boolean {
    const { path, missing, labelled } = this.#spec
    const name = this.#name
    if (cell === undefined || (standsForNone(cell) && !this.#classes.has(String(cell)))) {
      if (labelled === 'withTarget') {
        this.#values.push(NaN)
        return true
      }
      if (missing === 'drop') return false
      if (missing === 'refuse') throw lacking(this.#spec, name, line, this.#remedy)
      throw new UserError(
        `${path} has no target in ${placeOf(this.#spec, line)}, column ${shown(name)}: nothing stands for it, so missing must be 'drop'`,
      )
    }
    this.#isClasses ??= numberIn(cell) === 'text'
    if (this.#isClasses) {
      this.#values.push(this.#classes.numberOf(cell, line))
      return true
    }
    const found = numberIn(cell)
    if (typeof found !== 'number') {
      const hint = found === 'text' ? ', or classes: true' : ''
      throw wrongNumber(this.#spec, { name, line, cell, found, hint })
    }
    this.#values.push(found)
    return true
  }

  drain(): Float32Array {
    return this.#values.drain()
  }

  finish(): {
    readonly field: Readonly<Record<string, Field>>
    readonly classNames?: readonly string[]
    readonly places?: readonly number[]
  } {
    const numbers = this.#values.finish()
    if (this.#isClasses !== true) return { field: { y: { dtype: 'f32', shape: [], values: numbers } } }
    const { path } = this.#spec
    const { names: classNames, places } = this.#classes.finish()
    if (classNames.length === 1 && !Array.isArray(this.#spec.classes)) {
      throw new UserError(
        `${path} has the one class ${shown(classNames[0])} in column ${shown(this.#name)}, expected two or more`,
      )
    }
    const values = classesIn(numbers, places)
    return { field: { label: { dtype: 'i32', shape: [], values } }, classNames, places }
  }
}

function lacking(spec: TableSpec, name: string, line: number, remedy = HOW_TO_FILL): UserError {
  return new UserError(`${spec.path} has no value in ${placeOf(spec, line)}, column ${shown(name)}: ${remedy}`)
}

interface WrongNumber {
  readonly name: string
  readonly line: number
  readonly cell: string | number
  readonly found: 'text' | 'infinite' | 'large'
  /** What else may be meant. */
  readonly hint: string
}

function wrongNumber(spec: TableSpec, { name, line, cell, found, hint }: WrongNumber): UserError {
  const large = found === 'large' ? ', which is too large for f32' : ''
  return new UserError(
    `${spec.path} has ${shown(cell)}${large} in ${placeOf(spec, line)}, column ${shown(name)}, expected a finite number${hint}`,
  )
}
