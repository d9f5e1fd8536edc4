/** What the numbers of arrays are called, where they are a table: as the file of a table tells by itself. */
import { UserError } from '@gradpool/core'
import type { Imputation, TableNames } from '@gradpool/core/engine'
import { typeText, type Fields } from './fields.js'
import { isObject, listOfNamesRule, type FieldTaker, type Rule } from './spec-rules.js'
import { unknownRule } from './table/table-spec.js'

export interface ArrayNames extends Pick<TableNames, 'columns' | 'categories' | 'unknown' | 'classNames'> {
  /** With it, NaN in `x` is missing. */
  readonly missing?: Imputation
}

export const arrayNamesFields = ['columns', 'categories', 'unknown', 'missing', 'classNames'] as const

const columnsRule = listOfNamesRule('a list of names of columns')
const classNamesRule = listOfNamesRule('a list of names of classes')
const categoriesRule: Rule<NonNullable<TableNames['categories']>> = {
  expected: "a record of names of categories, such as { kind: ['aster', 'rose'] }",
  accepts: (value): value is NonNullable<TableNames['categories']> =>
    isObject(value) && Object.values(value).every((names) => columnsRule.accepts(names)),
}
const missingRule: Rule<Imputation> = {
  expected: "'mean', 'median' or 'mostFrequent'",
  accepts: (value): value is Imputation => value === 'mean' || value === 'median' || value === 'mostFrequent',
}

export function arrayNamesOf(taker: FieldTaker): ArrayNames {
  const has = (name: string) => taker.get(name) !== undefined
  return {
    ...(has('columns') && { columns: taker.take('columns', columnsRule) }),
    ...(has('categories') && { categories: taker.take('categories', categoriesRule) }),
    ...(has('unknown') && { unknown: taker.take('unknown', unknownRule) }),
    ...(has('missing') && { missing: taker.take('missing', missingRule) }),
    ...(has('classNames') && { classNames: taker.take('classNames', classNamesRule) }),
  }
}

/**
 * @param firstRow the number of the first row, where they are a part of others
 * @throws UserError where the names are not those of the fields
 */
export function checkArrayNames(what: string, fields: Fields, names: ArrayNames, firstRow = 0): void {
  const { columns, categories = {}, unknown, classNames } = names
  const { x, label } = fields
  if (columns && (x?.shape.length !== 1 || x.shape[0] !== columns.length)) {
    const found = x ? `is ${typeText(x)}` : 'is not there'
    throw new UserError(
      `${what} has ${columns.length} columns, so the field 'x' must have as many numbers, and it ${found}`,
    )
  }
  for (const [column, own] of Object.entries(categories)) {
    const at = columns?.indexOf(column) ?? -1
    if (at < 0) throw new UserError(`${what} has categories of '${column}', which is none of its columns`)
    const most = unknown === 'zeros' ? own.length : own.length - 1
    const size = columns?.length ?? 1
    for (let row = 0, place = at; place < (x?.values.length ?? 0); row++, place += size) {
      const value = x?.values[place] ?? NaN
      // NaN is there only where it stands for missing values.
      if (Number.isNaN(value) || (Number.isInteger(value) && value >= 0 && value <= most)) continue
      throw new UserError(
        `${what} has ${value} in row ${firstRow + row} of the column '${column}', expected the number of a category, 0 to ${most}`,
      )
    }
  }
  if (classNames === undefined) return
  const isClasses = label?.shape.length === 0 && label.dtype !== 'f32'
  if (!isClasses) throw new UserError(`${what} has classNames, so it needs the field 'label' of one class number a row`)
  const row = label.values.findIndex((value) => value < 0 || value >= classNames.length)
  if (row < 0) return
  throw new UserError(
    `${what} has the label ${label.values[row] ?? ''} in row ${firstRow + row}, expected one of the ${classNames.length} classes`,
  )
}
