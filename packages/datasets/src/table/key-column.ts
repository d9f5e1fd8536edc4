/** The column of a table that its rows are split by: groups by their names, or times. */
import { UserError } from '@gradpool/core'
import { shown } from '../spec-rules.js'
import type { SplitKey } from '../splits/splits.js'
import { categoryText } from './categories.js'
import { numberIn, standsForNone } from './numbers.js'
import { ownCopy, type Cell } from './records.js'
import { placeOf, type TableSpec } from './table-spec.js'

/** 2026, 2026-03, 2026-03-31, 2026-03-31T18:00, with seconds and a zone or not. */
const isoTime = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?)?$/i

export class KeyColumn {
  readonly at: number
  readonly #spec: TableSpec
  readonly #column: string
  readonly #isTime: boolean
  readonly #numbers = new Map<string, number>()
  readonly #values: number[] = []
  /** Whether times are numbers; they are all of one kind. */
  #isNumber: boolean | undefined

  constructor(spec: TableSpec, { name, at }: { readonly name: string; readonly at: number }) {
    this.at = at
    this.#spec = spec
    this.#column = name
    this.#isTime = typeof spec.splitBy === 'object' && 'time' in spec.splitBy
  }

  push(cell: Cell, line: number): void {
    if (cell === undefined || standsForNone(cell)) throw this.#wrong('no value', line)
    this.#values.push(this.#isTime ? this.#timeOf(cell, line) : this.#groupOf(cell))
  }

  finish(): SplitKey {
    const names = this.#isTime ? {} : { names: [...this.#numbers.keys()] }
    return { column: this.#column, values: Float64Array.from(this.#values), ...names }
  }

  #groupOf(cell: string | number): number {
    const text = categoryText(cell)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(ownCopy(text), this.#numbers.size)
    return this.#numbers.size - 1
  }

  #timeOf(cell: string | number, line: number): number {
    const number = numberIn(cell)
    const time = typeof number === 'number' ? number : timeIn(String(cell))
    this.#isNumber ??= typeof number === 'number'
    if (Number.isFinite(time) && this.#isNumber === (typeof number === 'number')) return time
    throw this.#wrong(shown(cell), line)
  }

  #wrong(what: string, line: number): UserError {
    const expected = this.#isTime ? 'a time to split by: a number, or a date such as 2026-03-31' : 'a group to split by'
    return new UserError(
      `${this.#spec.path} has ${what} in ${placeOf(this.#spec, line)}, column ${shown(this.#column)}, expected ${expected}`,
    )
  }
}

/** Milliseconds since 1970, in UTC where no zone is told; NaN for what is no time. */
function timeIn(text: string): number {
  const found = isoTime.exec(text)
  if (!found) return NaN
  const [, year = '', month = '', day = '01', time = '00:00', zone = 'Z'] = found
  return Date.parse(`${year}-${month}-${day}T${time}${zone.toUpperCase()}`)
}
