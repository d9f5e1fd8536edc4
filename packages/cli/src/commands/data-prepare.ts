/**
 * `gradpool data FILE --prepare FOLDER`: rows in files of their own, from which they are trained on whatever their
 * number.
 */
import { UserError } from '@gradpool/core'
import {
  imageFolder,
  npy,
  npz,
  parseDataSpec,
  prepareDataset,
  safetensors,
  tableKindOf,
  verifyStored,
  type DataSpec,
} from '@gradpool/datasets'
import { stat } from 'node:fs/promises'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import type { DataOptions } from './data.js'

const ofTables = ['target', 'classes', 'columns', 'missing'] as const
/** Between two lines that tell how far it is. */
const TELL_MS = 5000

/** @throws UserError for a file that cannot be read as rows, or a folder that cannot be written */
export async function dataPrepareCommand(path: string, options: DataOptions, { stdout, stderr }: Io): Promise<number> {
  const { prepare: folder, json = false } = options
  if (folder === undefined) {
    const { numRows } = await verifyStored(path)
    if (json) stdout.printJson(JSON.stringify({ path, numRows, isWhole: true }, null, 2))
    else stdout.print(`${path}: ${counted(numRows)}, as they were written`)
    return exitCode.done
  }
  let toldMs = performance.now()
  const told = await prepareDataset(await specOf(path, options), folder, {
    onProgress(rows) {
      if (performance.now() - toldMs < TELL_MS) return
      toldMs = performance.now()
      stderr.print(`${counted(rows)} so far`)
    },
  })
  if (json) stdout.printJson(JSON.stringify(told, null, 2))
  else {
    const fields = told.fields.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.join(', ')}]`)
    stdout.print(`${folder}: ${counted(told.numRows)} of ${fields.join(', ')}, ${(told.bytes / 1e6).toFixed(1)} MB`)
  }
  return exitCode.done
}

async function specOf(path: string, options: DataOptions): Promise<DataSpec> {
  const kind = tableKindOf(path)
  if (kind !== undefined) {
    const { target, classes, columns, missing } = options
    return parseDataSpec({
      kind,
      path,
      ...(target !== undefined && { target }),
      ...(classes === true && { classes }),
      ...(columns !== undefined && { columns: columns.split(',') }),
      ...(missing !== undefined && { missing: policyOf(missing) }),
    })
  }
  const stray = ofTables.find((name) => options[name] !== undefined)
  if (stray !== undefined) throw new UserError(`--${stray} is for tables, and ${path} is none by its ending`)
  if (/\.npz$/i.test(path)) return npz(path)
  if (/\.npy$/i.test(path)) return npy({ x: path })
  if (/\.safetensors$/i.test(path)) return safetensors(path)
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  )
  if (isFolder) return imageFolder(path)
  throw new UserError(
    `${path} is none of the files that are known by their ending: .csv, .tsv, .jsonl, .parquet, .npy, .npz and .safetensors`,
  )
}

/** A number stands for missing values itself. */
function policyOf(text: string): unknown {
  const value = Number(text)
  return text.trim() === '' || Number.isNaN(value) ? text : { value }
}

function counted(rows: number): string {
  return `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`
}
