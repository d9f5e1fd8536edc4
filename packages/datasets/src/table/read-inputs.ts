/** The rows of a table to predict from: by the columns that a model was trained on, and their categories. */
import { UserError } from '@gradpool/core'
import type { TableNames } from '@gradpool/core/engine'
import { readTable } from './read-table.js'
import type { TableSpec } from './table-spec.js'

export interface TableInputs {
  readonly numRows: number
  /** Of the field `x`, row by row; NaN for missing values that the model replaces. */
  readonly x: Float32Array
  /** Columns of the file that are neither inputs of the model nor what it learnt. */
  readonly leftAside: readonly string[]
}

const tableEnding = /\.(?:(csv|tsv|jsonl|ndjson)(?:\.(?:gz|zst))?|(parquet))$/i
const kinds = { csv: 'csv', tsv: 'tsv', jsonl: 'jsonl', ndjson: 'jsonl', parquet: 'parquet' } as const

/** By its ending; undefined for a file of another kind. */
export function tableKindOf(path: string): TableSpec['kind'] | undefined {
  const [, text, columnar] = tableEnding.exec(path) ?? []
  const ending = (text ?? columnar)?.toLowerCase()
  return Object.entries(kinds).find(([name]) => name === ending)?.[1]
}

/** @throws UserError with one sentence for columns, values or categories that the model does not take */
export async function readInputs(
  path: string,
  { columns, categories, unknown = 'refuse', missing, target }: TableNames,
): Promise<TableInputs> {
  const kind = tableKindOf(path)
  if (kind === undefined) throw new UserError(`${path} is no table by its ending: .csv, .tsv, .jsonl or .parquet`)
  if (columns === undefined)
    throw new UserError(`this model was trained on no table, so it takes no columns of ${path}`)
  let leftAside: readonly string[] = []
  const { fields } = await readTable(
    {
      kind,
      path,
      columns,
      categories: categories ?? {},
      unknown,
      missing: missing ?? 'refuse',
      labelled: 1,
      validation: 0,
      test: 0,
      splitBy: 'random',
      splitSeed: 0,
    },
    {
      namesAll: true,
      remedy: 'this model was trained without missing values',
      onLeftAside: (names) => (leftAside = names.filter((name) => name !== target)),
    },
  )
  const { values } = fields.x ?? {}
  const x = values instanceof Float32Array ? values : new Float32Array()
  return { numRows: x.length / columns.length, x, leftAside }
}
