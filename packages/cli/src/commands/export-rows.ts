/** `gradpool export RUN --csv` and `--parquet`: a row for each epoch of each experiment, for other programs. */
import { UserError } from '@gradpool/core'
import { epochsOfRun, findRun, readRun, type RunContents, sourcesOfRun } from '@gradpool/orchestrator'
import { reasonOf, writeDurably } from '@gradpool/storage'
import { type EpochRow, metricAt } from '@gradpool/trainer'
import { basename } from 'node:path'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkOutputs } from '../output-files.js'

export interface ExportRowsOptions {
  /** The files. */
  readonly csv?: string
  readonly parquet?: string
  readonly force?: boolean
  /** Where run directories are. */
  readonly runs: string
}

interface EpochTable {
  readonly numRows: number
  readonly columns: readonly Column[]
}

/** A number that a row has not is undefined. */
type Column =
  | { readonly name: string; readonly type: 'STRING'; readonly data: readonly string[] }
  | { readonly name: string; readonly type: 'INT32'; readonly data: readonly number[] }
  | { readonly name: string; readonly type: 'DOUBLE'; readonly data: readonly (number | undefined)[] }

/** @throws UserError when there is no such run, or a file cannot be written */
export async function exportRowsCommand(
  target: string,
  { csv, parquet, force = false, runs }: ExportRowsOptions,
  { stdout }: Io,
): Promise<number> {
  const directory = await findRun(target, runs)
  const outputs = Object.entries({ '--csv': csv, '--parquet': parquet }).flatMap(([option, path]) =>
    path === undefined ? [] : [{ option, path }],
  )
  await checkOutputs(outputs, { inputs: sourcesOfRun(directory), force })
  const table = epochTable(await readRun(directory))
  if (csv !== undefined) await write(csv, csvOf(table))
  if (parquet !== undefined) await write(parquet, await parquetOf(table))
  for (const [format, path] of Object.entries({ CSV: csv, Parquet: parquet })) {
    if (path !== undefined) stdout.print(`${format}: '${path}', ${table.numRows} rows`)
  }
  return exitCode.done
}

export function epochTable(contents: RunContents): EpochTable {
  const stages = epochsOfRun(contents)
  const all = stages.flatMap(({ rows, ...of }) => rows.map((row) => ({ ...of, row })))
  const isOfValidation = (name: string) => Number(name.startsWith('validation.'))
  const names = [...new Set(all.flatMap(({ row }) => numbersIn(row)))]
  names.sort((a, b) => isOfValidation(a) - isOfValidation(b))
  const run = basename(contents.directory)
  return {
    numRows: all.length,
    columns: [
      { name: 'run', type: 'STRING', data: all.map(() => run) },
      { name: 'experiment', type: 'STRING', data: all.map(({ experiment }) => experiment) },
      { name: 'seed', type: 'INT32', data: all.map(({ seed }) => seed) },
      { name: 'stage', type: 'STRING', data: all.map(({ stage }) => stage) },
      { name: 'epoch', type: 'INT32', data: all.map(({ row }) => row.epoch) },
      ...names.map((name): Column => ({ name, type: 'DOUBLE', data: all.map(({ row }) => metricAt(row, name)) })),
    ],
  }
}

/** By the names of `metricAt`, what is NaN too. */
function numbersIn({ validation, ...row }: EpochRow): string[] {
  const numbers = (values: object) =>
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []))
  const own = numbers(row).filter((name) => name !== 'epoch')
  return [...own, ...numbers(validation ?? {}).map((name) => `validation.${name}`)]
}

/** As RFC 4180 has it; what a row has not is empty. */
export function csvOf({ numRows, columns }: EpochTable): string {
  const cell = (value: string | number | undefined) => {
    const text = value === undefined ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [columns.map(({ name }) => cell(name)).join(',')]
  for (let row = 0; row < numRows; row++) lines.push(columns.map(({ data }) => cell(data[row])).join(','))
  return `${lines.join('\r\n')}\r\n`
}

export async function parquetOf({ columns }: EpochTable): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const columnData = columns.map(({ name, type, data }) => {
    return { name, type, data: [...data], nullable: type === 'DOUBLE' }
  })
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeDurably(path, content)
  } catch (error) {
    throw new UserError(`'${path}' cannot be written: ${reasonOf(error)}`, { cause: error })
  }
}
