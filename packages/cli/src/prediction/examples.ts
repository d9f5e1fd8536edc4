/** Examples to judge a model on, as the command line names them. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import { type TableNames } from '@gradpool/core/engine'
import {
  csv,
  type DataSpec,
  idxFolder,
  jsonl,
  mnist,
  npz,
  parquet,
  safetensors,
  stored,
  tableKindOf,
  tsv,
} from '@gradpool/datasets'

const TABLES = { csv, tsv, jsonl, parquet } as const

/** @throws UserError for a file of another kind, or a table for a model that learnt no column */
export function examplesIn(path: string, { target }: TableNames): DataSpec {
  if (path === 'mnist') return mnist()
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return existsSync(join(path, 'dataset.json')) ? stored(path) : idxFolder({ directory: path })
  }
  if (/\.npz$/i.test(path)) return npz(path)
  if (/\.safetensors$/i.test(path)) return safetensors(path)
  const kind = Object.keys(TABLES).find((name): name is keyof typeof TABLES => name === tableKindOf(path))
  if (kind === undefined) {
    throw new UserError(`'${path}' has no examples: it is no table, .npz, .safetensors, or folder of data`)
  }
  if (target === undefined) {
    throw new UserError(`'${path}' is a table, and this model did not learn a column of one`)
  }
  return TABLES[kind](path, { target })
}
