/** What a table in a file is taken as, as plain JSON. */
import {
  fieldsTaken,
  isObject,
  listOfNamesRule,
  notAllowed,
  textRule,
  type FieldTaker,
  type Rule,
} from '../spec-rules.js'
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../rows-split.js'

/** Rows with a missing value are an error, are left out, or have this value in its place. */
export type MissingPolicy = 'refuse' | 'drop' | { readonly value: number }

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
  /** What becomes of missing values. Default: `refuse`. */
  readonly missing: MissingPolicy
  /** Names of the columns, where the file does not begin with them. */
  readonly header?: readonly string[]
  /** Of `csv`. Default: a comma. */
  readonly delimiter?: string
}

export interface TableSpec<H = unknown> extends TableShape, RowsSplit<H> {
  readonly kind: 'csv' | 'tsv' | 'jsonl' | 'parquet'
}

const shapeFields = ['kind', 'path', 'target', 'columns', 'classes', 'missing']
const fieldNames = {
  csv: [...shapeFields, 'header', 'delimiter', ...rowsSplitFields],
  tsv: [...shapeFields, 'header', ...rowsSplitFields],
  jsonl: [...shapeFields, ...rowsSplitFields],
  parquet: [...shapeFields, ...rowsSplitFields],
} as const

const nameRule = textRule('the name of a column')
const columnsRule = listOfNamesRule('a list of names of columns')
const classesRule: Rule<true | readonly string[]> = {
  expected: 'true, or a list of names of classes',
  accepts: (value): value is true | readonly string[] => value === true || columnsRule.accepts(value),
}
const missingRule: Rule<MissingPolicy> = {
  expected: "'refuse', 'drop' or { value } with a number",
  default: 'refuse',
  accepts: (value): value is MissingPolicy =>
    value === 'refuse' ||
    value === 'drop' ||
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
    missing: taker.take('missing', missingRule),
    ...optional(taker, 'header', columnsRule),
    ...optional(taker, 'delimiter', delimiterRule),
  }
  const { target, columns, classes } = shape
  if (target !== undefined && columns?.includes(target)) {
    throw notAllowed(`${where}.columns`, `inputs without the target '${target}'`, columns)
  }
  if (classes !== undefined && target === undefined) throw notAllowed(`${where}.target`, nameRule.expected, undefined)
  return {
    kind,
    ...shape,
    ...rowsSplitOf(taker, taking),
  }
}

function optional<K extends string, T>(taker: FieldTaker, name: K, rule: Rule<T>): Partial<Record<K, T>> {
  if (taker.get(name) === undefined) return {}
  const taken: Partial<Record<K, T>> = {}
  taken[name] = taker.take(name, rule)
  return taken
}
