/** Rows of a table in memory as the field `x`: by the names of columns and categories that a model was trained on. */
import { UserError } from '@gradpool/core'
import type { TableNames } from '@gradpool/core/engine'
import { listed, shown } from '../spec-rules.js'
import { categoryText } from './categories.js'
import { numberIn, standsForNone } from './numbers.js'

/** A value for each column: a number, or the name of a category; undefined, null and NaN are missing. */
export type NamedRow = Readonly<Record<string, number | string | boolean | null | undefined>>

/** @throws UserError with one sentence that tells the row, from 0, for what the model does not take */
export function rowsByName(rows: readonly NamedRow[], names: TableNames): Float32Array {
  const { columns, target } = names
  if (columns === undefined) throw new UserError('this model was trained on no table, so its rows have no names')
  const known = new Set(target === undefined ? columns : [...columns, target])
  const x = new Float32Array(rows.length * columns.length)
  const numberOf = new Map(columns.map((column) => [column, reader(column, names)]))
  rows.forEach((row, at) => {
    const values = new Map(Object.entries(row))
    const other = [...values.keys()].find((name) => !known.has(name))
    if (other !== undefined) {
      throw new UserError(
        `row ${at} has ${shown(other)}, which is no column of this model; its columns are ${listed(columns)}`,
      )
    }
    let place = at * columns.length
    for (const [column, read] of numberOf) x[place++] = read(values.get(column), at)
  })
  return x
}

function reader(column: string, { categories = {}, unknown, missing }: TableNames) {
  const own = new Map(Object.entries(categories)).get(column)
  const numbers = own && new Map(own.map((name, number) => [name, number]))
  return (value: NamedRow[string], row: number): number => {
    const cell = typeof value === 'boolean' ? String(value) : value
    if (isMissing(cell) || (standsForNone(cell) && numbers?.has(String(cell)) !== true)) {
      if (typeof missing === 'string') return NaN
      if (missing !== undefined && !numbers) return missing.value
      throw new UserError(`row ${row} has no ${shown(column)}, and this model was trained without missing values`)
    }
    if (!numbers) {
      const number = numberIn(cell)
      if (typeof number === 'number') return number
      throw new UserError(`row ${row} has ${shown(cell)} as ${shown(column)}, expected a finite number`)
    }
    const number = numbers.get(categoryText(cell))
    if (number !== undefined) return number
    if (unknown === 'zeros') return numbers.size
    throw new UserError(
      `row ${row} has the category ${shown(cell)} as ${shown(column)}, which is none of ${listed([...numbers.keys()])}`,
    )
  }
}

function isMissing(cell: string | number | null | undefined): cell is null | undefined {
  return cell === undefined || cell === null || cell === '' || Number.isNaN(cell)
}
