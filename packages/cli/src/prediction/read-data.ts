/**
 * Rows to predict from, out of any file that data are read from: a table by the columns that the model was trained on,
 * a text by its tokens, arrays of NumPy, JSON lines by the model's inputs, or a folder of pictures.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { UserError } from '@gradpool/core'
import { sizeOf, type TableNames } from '@gradpool/core/engine'
import {
  arraysInFile,
  type ImageFolderShape,
  isTextFile,
  readInputs,
  readTextInputs,
  tableKindOf,
} from '@gradpool/datasets'
import type { StoredArray } from '@gradpool/storage'
import { type ValueType } from '@gradpool/trainer'
import { type Inputs, typesText, typeText } from './inputs.js'
import { readPictureFolder } from './read-picture.js'
import { ARRAYS, LIMITS, readRows, type Rows } from './read-rows.js'

/** What the model was trained on. */
export interface Trained {
  readonly inputs: Inputs
  readonly table: TableNames
  /** How pictures of other proportions are fitted. */
  readonly fit: ImageFolderShape['fit']
}

/** @throws UserError with one sentence for what is no file of rows, or does not fit the model */
export async function readData(path: string, { inputs, table, fit }: Trained): Promise<Rows> {
  if (await isFolder(path)) return readPictureFolder(path, inputs, fit)
  const mayMiss = typeof table.missing === 'string'
  const arrays = await arraysInFile(path)
  if (arrays) return rowsOfArrays(path, arrays, { inputs, mayMiss })
  if (isTextFile(path)) return windowsOf(path, inputs, table)
  const kind = tableKindOf(path)
  if (kind === undefined || (kind === 'jsonl' && !(await hasColumns(path, inputs, table)))) {
    return readRows(path, inputs, mayMiss)
  }
  if (table.columns === undefined || Object.keys(inputs).join() !== 'x') {
    throw new UserError(
      `'${path}' is a table, and this model was trained on none: it reads ${typesText(inputs)}, from JSON lines, .npy or .npz`,
    )
  }
  const { x, numRows, leftAside } = await readInputs(path, table)
  return { numRows, values: { x }, leftAside }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

async function windowsOf(path: string, inputs: Inputs, { tokens }: TableNames): Promise<Rows> {
  const [[name, type] = [], ...others] = Object.entries(inputs)
  const [length, ...more] = type?.shape ?? []
  if (tokens === undefined || name === undefined || length === undefined || others.length + more.length > 0) {
    throw new UserError(`'${path}' is a text, and this model was trained on none: it reads ${typesText(inputs)}`)
  }
  const { numRows, values, leftAside } = await readTextInputs(path, { tokens, length })
  return { numRows, values: { [name]: values }, leftAside: leftAside > 0 ? [`the first ${leftAside} tokens`] : [] }
}

/** Whether JSON lines have columns of a table, and not the inputs themselves, as the first of them tells. */
async function hasColumns(path: string, inputs: Inputs, { columns }: TableNames): Promise<boolean> {
  if (columns === undefined || Object.keys(inputs).join() !== 'x') return false
  if (/\.gz$/i.test(path)) return true
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      if (line.trim() === '') continue
      const row: unknown = JSON.parse(line)
      return !(typeof row === 'object' && row !== null && 'x' in row && Array.isArray(row.x))
    }
  } catch {
    // Reading it says what is wrong.
  }
  return false
}

function rowsOfArrays(
  path: string,
  found: ReadonlyMap<string, StoredArray>,
  { inputs, mayMiss }: { readonly inputs: Inputs; readonly mayMiss: boolean },
): Rows {
  const names = Object.keys(inputs)
  const isArchive = !/\.npy$/i.test(path)
  // A file of one array does not name it.
  const arrays = isArchive ? found : new Map([...found.values()].map((array) => [names[0] ?? '', array]))
  if (!isArchive && names.length !== 1) {
    throw new UserError(`'${path}' is one array, and this model reads ${typesText(inputs)}: use .npz, or JSON lines`)
  }
  let numRows: number | undefined
  const values = Object.entries(inputs).map(([name, type]) => {
    const array = arrays.get(name)
    const where = isArchive ? `'${name}' of '${path}'` : `'${path}'`
    if (array === undefined) {
      const own = [...arrays.keys()].map((other) => `'${other}'`).join(', ')
      throw new UserError(`'${path}' has no array '${name}', ${typeText(type)}; its arrays are ${own}`)
    }
    const rows = rowsIn(array, type, where)
    if (numRows !== undefined && rows !== numRows) {
      throw new UserError(`${where} has ${rows} rows, and '${names[0] ?? ''}' has ${numRows}`)
    }
    numRows = rows
    return [name, numbersOf(array, { type, where, mayMiss })] as const
  })
  const leftAside = [...arrays.keys()].filter((name) => !names.includes(name))
  return { numRows: numRows ?? 0, values: Object.fromEntries(values), leftAside }
}

function rowsIn({ shape: [rows, ...shape] }: StoredArray, type: ValueType, where: string): number {
  if (rows !== undefined && rows > 0 && sizeOf(shape) === sizeOf(type.shape)) return rows
  const found = `[${[rows ?? [], ...shape].flat().join(', ')}]`
  throw new UserError(`${where} is ${found}, and the model reads ${typeText(type)} for each row`)
}

function numbersOf(
  { values }: StoredArray,
  { type, where, mayMiss }: { readonly type: ValueType; readonly where: string; readonly mayMiss: boolean },
) {
  const { dtype } = type
  const [low, high, what] = LIMITS[dtype]
  const fits = (value: number) =>
    (value >= low && value <= high && (dtype === 'f32' || Number.isInteger(value))) ||
    (mayMiss && dtype === 'f32' && Number.isNaN(value))
  const wrong = values.findIndex((value) => !fits(value))
  if (wrong < 0) return ARRAYS[dtype].from(values)
  const row = Math.floor(wrong / sizeOf(type.shape))
  throw new UserError(`${where} has ${String(values[wrong])} in row ${row}, and the model takes ${what}`)
}
