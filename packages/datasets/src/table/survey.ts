/**
 * What is in a file of rows, before anything is learnt from it: columns or arrays, what they hold, ranges, missing
 * values, and how often each value is there.
 */
import { UserError } from '@gradpool/core'
import { stat } from 'node:fs/promises'
import type { StoredArray } from '@gradpool/storage'
import { surveyImageFolder } from '../images/read-image-folder.js'
import { arraysInFile } from '../array-files/read-array-files.js'
import { localFile } from '../remote/remote-file.js'
import { numberIn, standsForNone } from './numbers.js'
import { readParquet } from './parquet.js'
import { hasManifest } from '../stored/manifest.js'
import { openStored, valuesOf } from '../stored/stored-fields.js'
import { tableKindOf } from './read-inputs.js'
import { ownCopy, readRecords, type Cell, type RecordSink } from './records.js'
import { isTextFile } from '../text/read-text-inputs.js'
import { surveyOfText } from '../text/survey-text.js'
import { delimiters } from './table-spec.js'

export interface ColumnSurvey {
  readonly name: string
  /** `text` where any value is one. */
  readonly type: 'number' | 'text'
  /** Of one example; `[]` for a column of a table. */
  readonly shape: readonly number[]
  readonly missing: number
  readonly infinite: number
  /** Of finite numbers; absent where there are none, or texts. */
  readonly range?: { readonly least: number; readonly most: number; readonly mean: number; readonly deviation: number }
  /** How many values differ; absent where they are too many to count. */
  readonly distinct?: number
  /**
   * The values and in how many rows they are, the most frequent first; where at most 20 differ, and of a text these.
   */
  readonly values?: readonly { readonly value: string; readonly rows: number }[]
}

/** Of a folder of pictures, a column is what each of them has; of a text, rows are its characters. */
export interface DataSurvey {
  readonly path: string
  readonly rows: number
  readonly columns: readonly ColumnSurvey[]
}

const MOST_SHOWN = 20
/** Of all columns together. */
const MOST_COUNTED = 100_000
const MOST_OF_ONE = 1000

/** @throws UserError with one sentence for a file of another kind, or one that cannot be read */
export async function surveyFile(pathOrAddress: string): Promise<DataSurvey> {
  const path = await localFile(pathOrAddress)
  if (await isFolder(path)) return (await hasManifest(path)) ? surveyStored(path) : surveyPictures(path)
  const kind = tableKindOf(path)
  if (kind === 'parquet') return surveyTable(path, (sink) => readParquet({ path }, sink))
  if (kind !== undefined) {
    const delimiter = delimiters[kind]
    return surveyTable(path, (sink) => readRecords({ path, delimiter }, sink))
  }
  if (isTextFile(path)) return surveyText(path)
  const arrays = await arraysInFile(path)
  if (arrays) return surveyArrays(path, arrays)
  throw new UserError(
    `${path} is none of the files that are known by their ending: .csv, .tsv, .jsonl, .parquet, .npy, .npz, .safetensors and .txt`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

/** Of a folder that `prepareDataset` has written. */
async function surveyStored(path: string): Promise<DataSurvey> {
  const { stored, numRows } = await openStored(path)
  const rows = Int32Array.from({ length: numRows }, (_, row) => row)
  const fields = Object.entries(stored)
  const columns = fields.map(([name, field]) => {
    const column = new Column(name, field.shape, mostOf(fields.length))
    for (const { values } of valuesOf(field, rows)) {
      for (const value of values) column.add(Number.isNaN(value) ? undefined : value)
    }
    return column.survey()
  })
  return { path, rows: numRows, columns }
}

async function surveyPictures(path: string): Promise<DataSurvey> {
  const pictures = await surveyImageFolder(path)
  const names = ['class', 'height', 'width', 'channels'] as const
  const columns = names.map((name) => {
    const column = new Column(name, [], MOST_OF_ONE)
    for (const { className, size } of pictures) column.add(name === 'class' ? className : size?.[name])
    return column.survey()
  })
  return { path, rows: pictures.length, columns }
}

async function surveyText(path: string): Promise<DataSurvey> {
  const { characters, counts, lines } = await surveyOfText(path)
  const columns = (['character', 'word'] as const).map((name): ColumnSurvey => {
    const values = counts[name].slice(0, MOST_SHOWN).map(([value, rows]) => ({ value, rows }))
    return { name, type: 'text', shape: [], missing: 0, infinite: 0, distinct: counts[name].length, values }
  })
  const line = new Column('line length', [], 0)
  for (const length of lines) line.add(length)
  return { path, rows: characters, columns: [...columns, line.survey()] }
}

async function surveyTable(path: string, read: (sink: RecordSink) => Promise<void>): Promise<DataSurvey> {
  let columns: readonly Column[] = []
  let rows = 0
  await read({
    names: (names) => (columns = names.map((name) => new Column(name, [], mostOf(names.length)))),
    row(cells) {
      rows++
      columns.forEach((column, at) => {
        column.add(cells[at])
      })
    },
  })
  if (columns.length === 0) throw new UserError(`${path} is empty, expected rows`)
  return { path, rows, columns: columns.map((column) => column.survey()) }
}

function surveyArrays(path: string, arrays: ReadonlyMap<string, StoredArray>): DataSurvey {
  if (arrays.size === 0) throw new UserError(`${path} has no arrays`)
  const columns = [...arrays].map(([name, { shape, values }]) => {
    const column = new Column(name, shape.slice(1), mostOf(arrays.size))
    for (const value of values) column.add(Number.isNaN(value) ? undefined : value)
    return column.survey()
  })
  const [first] = arrays.values()
  return { path, rows: first?.shape[0] ?? 1, columns }
}

function mostOf(numColumns: number): number {
  return Math.min(MOST_OF_ONE, Math.max(MOST_SHOWN, Math.floor(MOST_COUNTED / numColumns)))
}

class Column {
  readonly #name: string
  readonly #shape: readonly number[]
  readonly #mostCounted: number
  /** Until they are too many. */
  #counts: Map<string, number> | undefined = new Map()
  #isText = false
  #missing = 0
  #infinite = 0
  #numbers = 0
  #least = Infinity
  #most = -Infinity
  #mean = 0
  /** Of squared distances from the mean: Welford, 1962. */
  #squares = 0

  constructor(name: string, shape: readonly number[], mostCounted: number) {
    this.#name = name
    this.#shape = shape
    this.#mostCounted = mostCounted
  }

  add(cell: Cell): void {
    if (cell === undefined || standsForNone(cell)) {
      this.#missing++
      return
    }
    this.#count(String(cell))
    const found = numberIn(cell)
    if (found === 'text') this.#isText = true
    else if (typeof found === 'number') this.#addNumber(found)
    else this.#infinite++
  }

  survey(): ColumnSurvey {
    const counts = this.#counts && [...this.#counts].sort(([, a], [, b]) => b - a)
    const hasRange = !this.#isText && this.#numbers > 0
    return {
      name: this.#name,
      type: this.#isText ? 'text' : 'number',
      shape: this.#shape,
      missing: this.#missing,
      infinite: this.#isText ? 0 : this.#infinite,
      ...(hasRange && {
        range: {
          least: this.#least,
          most: this.#most,
          mean: this.#mean,
          deviation: Math.sqrt(this.#squares / this.#numbers),
        },
      }),
      ...(counts && { distinct: counts.length }),
      ...(counts && counts.length <= MOST_SHOWN && { values: counts.map(([value, rows]) => ({ value, rows })) }),
    }
  }

  #count(text: string): void {
    const counts = this.#counts
    if (counts === undefined) return
    const known = counts.get(text)
    if (known !== undefined) counts.set(text, known + 1)
    else if (counts.size === this.#mostCounted) this.#counts = undefined
    else counts.set(ownCopy(text), 1)
  }

  #addNumber(value: number): void {
    this.#numbers++
    this.#least = Math.min(this.#least, value)
    this.#most = Math.max(this.#most, value)
    const distance = value - this.#mean
    this.#mean += distance / this.#numbers
    this.#squares += distance * (value - this.#mean)
  }
}
