/**
 * A table as fields: the columns that are numbers side by side as `x` f32 [columns], the target as `y` f32 [], or as
 * `label` i32 [] where its values are classes.
 */
import { UserError } from '@gradpool/core'
import type { Field } from '@gradpool/core/engine'
import type { Fields } from '../fields.js'
import { allocateShared } from '../idx/read.js'
import { listed, shown } from '../spec-rules.js'
import { Floats } from './floats.js'
import { namesInOrder } from './names-in-order.js'
import { numberIn, standsForNone } from './numbers.js'
import { readParquet } from './parquet.js'
import { ownCopy, readRecords, type Cell, type RecordSink } from './records.js'
import type { TableSpec } from './table-spec.js'

export interface Table {
  readonly fields: Fields
  /** Names of the columns in `x`. */
  readonly columns: readonly string[]
  /** Names of the classes, in the order of their numbers. */
  readonly classNames?: readonly string[]
}

/** More than that are no classes, but names or texts. */
const MOST_CLASSES = 10_000

const delimiters = { csv: ',', tsv: '\t', jsonl: undefined }

/** @throws UserError with one sentence that names the file, and the line and column where there are any */
export async function readTable(spec: TableSpec): Promise<Table> {
  const { kind, path, target, columns, header } = spec
  const only = columns && (target === undefined ? columns : [...columns, target])
  let builder: TableBuilder | undefined
  const sink: RecordSink = {
    names: (names) => (builder = new TableBuilder(spec, names)),
    row: (cells, line) => builder?.row(cells, line),
  }
  if (kind === 'parquet') await readParquet({ path, only }, sink)
  else {
    const delimiter = kind === 'csv' ? (spec.delimiter ?? delimiters.csv) : delimiters[kind]
    await readRecords({ path, delimiter, header, only }, sink)
  }
  if (builder === undefined) throw new UserError(`${path} is empty, expected rows`)
  return builder.finish()
}

class TableBuilder {
  readonly #spec: TableSpec
  readonly #inputs: readonly { readonly name: string; readonly at: number }[]
  readonly #target: Target | undefined
  readonly #x = new Floats()
  readonly #row: Float32Array
  #numRows = 0
  #dropped = 0

  constructor(spec: TableSpec, names: readonly string[]) {
    const { path, target, columns = names.filter((name) => name !== target) } = spec
    const place = (name: string) => {
      const at = names.indexOf(name)
      if (at >= 0) return { name, at }
      throw new UserError(`${path} has no column ${shown(name)}; its columns are ${listed(names)}`)
    }
    this.#spec = spec
    this.#inputs = columns.map(place)
    this.#target = target === undefined ? undefined : new Target(spec, place(target))
    this.#row = new Float32Array(this.#inputs.length)
    if (columns.length === 0) throw new UserError(`${path} has no column but the target, expected some to learn from`)
  }

  row(cells: readonly Cell[], line: number): void {
    const { missing } = this.#spec
    const target = this.#target
    for (const [index, { name, at }] of this.#inputs.entries()) {
      const value = this.#number(cells[at], name, line)
      if (value !== undefined) this.#row[index] = value
      else if (missing === 'drop') {
        this.#dropped++
        return
      } else if (missing === 'refuse') throw lacking(this.#spec, name, line)
      else this.#row[index] = missing.value
    }
    if (target !== undefined && !target.push(cells[target.at], line)) {
      this.#dropped++
      return
    }
    for (const value of this.#row) this.#x.push(value)
    this.#numRows++
  }

  finish(): Table {
    const { path } = this.#spec
    if (this.#numRows === 0) {
      const why = this.#dropped === 0 ? 'only the names of columns' : 'a missing value in each'
      throw new UserError(`${path} has no rows to learn from, ${why}`)
    }
    const values = new Float32Array(allocateShared(4 * this.#x.length).buffer)
    this.#x.takeInto(values)
    const target = this.#target?.finish()
    return {
      fields: { x: { dtype: 'f32', shape: [this.#inputs.length], values }, ...target?.field },
      columns: this.#inputs.map(({ name }) => name),
      ...(target?.classNames && { classNames: target.classNames }),
    }
  }

  /** Undefined for one that is missing. */
  #number(cell: Cell, name: string, line: number): number | undefined {
    if (cell === undefined || standsForNone(cell)) return undefined
    const found = numberIn(cell)
    if (typeof found === 'number') return found
    const { path } = this.#spec
    if (found === 'text' && this.#numRows + this.#dropped === 0) {
      throw new UserError(
        `${path} has the text ${shown(cell)} in ${placeOf(this.#spec, line)}, column ${shown(name)}: inputs are numbers, so name those to use as columns`,
      )
    }
    throw wrongNumber(this.#spec, { name, line, cell, found })
  }
}

/** The values of a target: classes where its first is a text or the spec says so, and else numbers. */
class Target {
  readonly at: number
  readonly #name: string
  readonly #spec: TableSpec
  readonly #values = new Floats()
  readonly #ids = new Map<string, number>()
  readonly #listed: readonly string[] | undefined
  #isClasses: boolean | undefined

  constructor(spec: TableSpec, { name, at }: { readonly name: string; readonly at: number }) {
    this.at = at
    this.#name = name
    this.#spec = spec
    this.#listed = spec.classes === true ? undefined : spec.classes
    this.#isClasses = spec.classes === undefined ? undefined : true
  }

  /** @returns false for a row that is left out because it has no target */
  push(cell: Cell, line: number): boolean {
    const { path, missing } = this.#spec
    const name = this.#name
    if (cell === undefined || (standsForNone(cell) && this.#listed?.includes(String(cell)) !== true)) {
      if (missing === 'drop') return false
      if (missing === 'refuse') throw lacking(this.#spec, name, line)
      throw new UserError(
        `${path} has no target in ${placeOf(this.#spec, line)}, column ${shown(name)}: nothing stands for it, so missing must be 'drop'`,
      )
    }
    this.#isClasses ??= numberIn(cell) === 'text'
    if (this.#isClasses) {
      this.#values.push(this.#idOf(cell, line))
      return true
    }
    const found = numberIn(cell)
    if (typeof found !== 'number') throw wrongNumber(this.#spec, { name, line, cell, found })
    this.#values.push(found)
    return true
  }

  finish(): { readonly field: Readonly<Record<string, Field>>; readonly classNames?: readonly string[] } {
    const buffer = allocateShared(4 * this.#values.length).buffer
    if (this.#isClasses !== true) {
      const values = new Float32Array(buffer)
      this.#values.takeInto(values)
      return { field: { y: { dtype: 'f32', shape: [], values } } }
    }
    const { path } = this.#spec
    const found = [...this.#ids.keys()]
    if (found.length === 1 && this.#listed === undefined) {
      throw new UserError(
        `${path} has the one class ${shown(found[0])} in column ${shown(this.#name)}, expected two or more`,
      )
    }
    // In an order of their own, so that the order of rows does not change them.
    const classNames = this.#listed ?? namesInOrder(found)
    const numbers = new Map(classNames.map((name, number) => [name, number]))
    const numberOf = found.map((name) => numbers.get(name) ?? 0)
    const values = new Int32Array(buffer)
    this.#values.takeInto(values)
    for (let i = 0; i < values.length; i++) values[i] = numberOf[values[i] ?? 0] ?? 0
    return { field: { label: { dtype: 'i32', shape: [], values } }, classNames }
  }

  #idOf(cell: string | number, line: number): number {
    const { path } = this.#spec
    const text = classText(cell)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    if (this.#listed?.includes(text) === false) {
      throw new UserError(
        `${path} has the class ${shown(text)} in ${placeOf(this.#spec, line)}, which is none of ${listed(this.#listed)}`,
      )
    }
    const id = this.#ids.size
    if (id === MOST_CLASSES) {
      throw new UserError(
        `${path} has more than ${MOST_CLASSES} different texts in the target ${shown(this.#name)}, too many for classes`,
      )
    }
    this.#ids.set(ownCopy(text), id)
    return id
  }
}

/** 1, 1.0 and +1 are one class. */
function classText(cell: string | number): string {
  const found = numberIn(cell)
  return String(typeof found === 'number' ? found : cell)
}

/** A Parquet file has rows, not lines. */
function placeOf({ kind }: TableSpec, line: number): string {
  return `${kind === 'parquet' ? 'row' : 'line'} ${line}`
}

function lacking(spec: TableSpec, name: string, line: number): UserError {
  const { path } = spec
  return new UserError(
    `${path} has no value in ${placeOf(spec, line)}, column ${shown(name)}: say what becomes of such rows, with missing 'drop' or { value }`,
  )
}

interface WrongNumber {
  readonly name: string
  readonly line: number
  readonly cell: string | number
  readonly found: 'text' | 'infinite' | 'large'
}

function wrongNumber(spec: TableSpec, { name, line, cell, found }: WrongNumber): UserError {
  const { path } = spec
  const large = found === 'large' ? ', which is too large for f32' : ''
  return new UserError(
    `${path} has ${shown(cell)}${large} in ${placeOf(spec, line)}, column ${shown(name)}, expected a finite number`,
  )
}
