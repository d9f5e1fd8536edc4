/** What a table in a file is taken as, as plain JSON. */
import type { Imputation } from '@gradpool/core/engine'
import {
  fieldsTaken,
  isObject,
  listOfNamesRule,
  notAllowed,
  textRule,
  type FieldTaker,
  type Rule,
} from '../spec-rules.js'
import { maxLengthRule, sequenceTypesRule, type SequenceTypes } from '../sequences.js'
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../splits/rows-split.js'

/**
 * Rows with a missing value are an error, are left out, or have in its place this value, or a figure of the training
 * rows, which the model computes; for categories that is the most frequent.
 */
export type MissingPolicy = 'refuse' | 'drop' | { readonly value: number } | Imputation

/** Names of columns, or each with the names of its categories in the order of their numbers. */
export type CategoriesOption = readonly string[] | Readonly<Record<string, readonly string[]>>

/** An error, or a number of its own, whose one-hot is zeros. */
export type UnknownPolicy = 'refuse' | 'zeros'

export interface TableShape {
  readonly path: string
  /** The column that is learnt; where there is none, all columns are inputs. */
  readonly target?: string
  /** The columns that are inputs, in this order. Default: all but the target. */
  readonly columns?: readonly string[]
  /**
   * `true`: the target's values are classes, even where they are numbers. A list: their names, in the order of their
   * numbers. Default: a target that begins with a text is classes, one that begins with a number is numbers.
   */
  readonly classes?: true | readonly string[]
  /**
   * Inputs that are categories even where they are numbers; with their names, a record. Default: the columns that begin
   * with a text.
   */
  readonly categories?: CategoriesOption
  /** What becomes of a category that `categories` does not name, or the training rows' file has not. */
  readonly unknown: UnknownPolicy
  /** What becomes of missing values. Default: `refuse`. */
  readonly missing: MissingPolicy
  /** Names of the columns, where the file does not begin with them. */
  readonly header?: readonly string[]
  /** Of `csv`. Default: a comma. */
  readonly delimiter?: string
  /**
   * Of objects, as in JSON lines: names of those that are lists of numbers, whose length may differ by row, with their
   * types: `{ tokens: 'i32' }`. They become fields of their own, padded with zeros, and the field `length`.
   */
  readonly sequences?: SequenceTypes
  /** How long all sequences become; of longer ones, the end is left out. Default: as the longest row. */
  readonly maxLength?: number
}

export interface TableSpec<H = unknown> extends TableShape, RowsSplit<H> {
  readonly kind: 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'sql' | 'rows'
  /** Of `sql`, whose `path` is what the data are called. */
  readonly query?: string
  /** Of `sql`: the file of a database that the query may read from. */
  readonly database?: string
}

const shapeFields = ['kind', 'path', 'target', 'columns', 'classes', 'categories', 'unknown', 'missing']
const fieldNames = {
  csv: [...shapeFields, 'header', 'delimiter', ...rowsSplitFields],
  tsv: [...shapeFields, 'header', ...rowsSplitFields],
  jsonl: [...shapeFields, 'sequences', 'maxLength', ...rowsSplitFields],
  parquet: [...shapeFields, ...rowsSplitFields],
  sql: [...shapeFields, 'query', 'database', ...rowsSplitFields],
  rows: [...shapeFields, 'sequences', 'maxLength', ...rowsSplitFields],
} as const

/** What columns are apart by, where a spec says nothing else. */
export const delimiters: Partial<Record<TableSpec['kind'], string>> = { csv: ',', tsv: '\t' }

const nameRule = textRule('the name of a column')
const columnsRule = listOfNamesRule('a list of names of columns')
const classesRule: Rule<true | readonly string[]> = {
  expected: 'true, or a list of names of classes',
  accepts: (value): value is true | readonly string[] => value === true || columnsRule.accepts(value),
}
const categoriesRule: Rule<CategoriesOption> = {
  expected: "names of columns, or a record of names of categories, such as { kind: ['aster', 'rose'] }",
  accepts: (value): value is CategoriesOption =>
    columnsRule.accepts(value) ||
    (isObject(value) && Object.values(value).every((names) => columnsRule.accepts(names))),
}
export const unknownRule: Rule<UnknownPolicy> = {
  expected: "'refuse' or 'zeros'",
  default: 'refuse',
  accepts: (value): value is UnknownPolicy => value === 'refuse' || value === 'zeros',
}
const figures: readonly unknown[] = ['mean', 'median', 'mostFrequent']
const missingRule: Rule<MissingPolicy> = {
  expected: "'refuse', 'drop', 'mean', 'median', 'mostFrequent' or { value } with a number",
  default: 'refuse',
  accepts: (value): value is MissingPolicy =>
    value === 'refuse' ||
    value === 'drop' ||
    figures.includes(value) ||
    (isObject(value) &&
      Object.keys(value).join() === 'value' &&
      'value' in value &&
      typeof value.value === 'number' &&
      Number.isFinite(Math.fround(value.value))),
}
const delimiterRule: Rule<string> = {
  expected: 'one character, such as ;',
  accepts: (value): value is string => typeof value === 'string' && value.length === 1 && !/["\r\n\ufeff]/.test(value),
}

export function tableSpec<H>(kind: TableSpec['kind'], value: object, taking: HeldOutTaking<H>): TableSpec<H> {
  const { where } = taking
  const taker = fieldsTaken(value, where, fieldNames[kind], 'an object such as csv() returns')
  const shape = {
    path: taker.take('path', textRule('the path of a file')),
    ...optional(taker, 'target', nameRule),
    ...optional(taker, 'columns', columnsRule),
    ...optional(taker, 'classes', classesRule),
    ...optional(taker, 'categories', categoriesRule),
    unknown: taker.take('unknown', unknownRule),
    missing: taker.take('missing', missingRule),
    ...optional(taker, 'header', columnsRule),
    ...optional(taker, 'delimiter', delimiterRule),
    ...optional(taker, 'sequences', sequenceTypesRule),
    ...optional(taker, 'maxLength', maxLengthRule),
    ...(kind === 'sql' && { query: taker.take('query', textRule('a query, such as SELECT * FROM houses')) }),
    ...optional(taker, 'database', textRule('the path of a database')),
  }
  const { target, columns, classes, categories = [], sequences = {}, maxLength } = shape
  if (maxLength !== undefined && !shape.sequences)
    throw notAllowed(`${where}.sequences`, sequenceTypesRule.expected, undefined)
  const both = Object.keys(sequences).find((name) => name === target || columns?.includes(name))
  if (both !== undefined) throw notAllowed(`${where}.sequences`, 'other names than those of columns and target', both)
  if (target !== undefined && columns?.includes(target)) {
    throw notAllowed(`${where}.columns`, `inputs without the target '${target}'`, columns)
  }
  if (target !== undefined && columnsOf(categories).includes(target)) {
    throw notAllowed(
      `${where}.categories`,
      `inputs without the target '${target}', whose categories are classes`,
      target,
    )
  }
  if (classes !== undefined && target === undefined) throw notAllowed(`${where}.target`, nameRule.expected, undefined)
  return {
    kind,
    ...shape,
    ...rowsSplitOf(taker, taking),
  }
}

/** Parquet files, queries and programs have rows, not lines. */
export function placeOf({ kind }: TableSpec, line: number): string {
  return `${kind === 'parquet' || kind === 'sql' || kind === 'rows' ? 'row' : 'line'} ${line}`
}

/** Names of the columns that are categories. */
export function columnsOf(categories: CategoriesOption): readonly string[] {
  return isList(categories) ? categories : Object.keys(categories)
}

/** `Array.isArray` does not know lists that are only read. */
export function isList(categories: CategoriesOption): categories is readonly string[] {
  return Array.isArray(categories)
}

function optional<K extends string, T>(taker: FieldTaker, name: K, rule: Rule<T>): Partial<Record<K, T>> {
  if (taker.get(name) === undefined) return {}
  const taken: Partial<Record<K, T>> = {}
  taken[name] = taker.take(name, rule)
  return taken
}
