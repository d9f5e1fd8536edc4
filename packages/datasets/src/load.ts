/**
 * Loads the data that a spec means: files as the bytes they are, plain fields from where they are.
 */
import { UserError } from '@gradpool/core'
import { sizeOf, type Allocate, type TableNames } from '@gradpool/core/engine'
import { createHash } from 'node:crypto'
import {
  allRows,
  classesOf,
  imageShapeOf,
  isDataset,
  loadedData,
  originOfSplits,
  splitAgain,
  splitData,
  splitKeyOf,
  tableNamesOf,
  type Contents,
  type Dataset,
  type ImageDataset,
  type OwnRows,
  type SplitPlan,
} from './dataset.js'
import { readArrayFiles } from './array-files/read-array-files.js'
import { checkArrayNames } from './array-names.js'
import { fieldsHash, placed, type Fields } from './fields.js'
import { fileNames, fileRoles, locateFiles, type FileRole } from './folder/locate.js'
import { readFolder, type FolderContents } from './folder/read.js'
import { allocateShared } from './idx/read.js'
import { expectMnist } from './mnist.js'
import { readImageFolder } from './images/read-image-folder.js'
import { isAddress, localFile, nameOfAddress } from './remote/remote-file.js'
import { randomRows } from './random/random-rows.js'
import { basename, resolve } from 'node:path'
import { queryRows } from './sql/query-rows.js'
import { sourceOf } from './source.js'
import { type Labelled, shown } from './spec-rules.js'
import {
  isFiles,
  parseData,
  parseHeldOut,
  type ArraysSpec,
  type DataInput,
  type DataSpec,
  type FilesSpec,
  type HeldOut,
  type JsonlOptions,
  type RowsSpec,
} from './spec.js'
import { openStored } from './stored/stored-fields.js'
import type { StoredSpec } from './stored/stored-spec.js'
import { readTable, type ReadingTable, type Table } from './table/read-table.js'
import type { RowSource } from './table/records.js'
import { isList, tableSpec, type TableSpec } from './table/table-spec.js'
import { isToLearn, type TextSpec } from './text/text-spec.js'
import { readTextWindows, textName } from './text/text-windows.js'

export interface LoaderOptions {
  /** Memory of the fields, such as an engine's. Default: memory that threads can share. */
  readonly allocate?: Allocate | undefined
  /** A folder, or of a table a file, in the place of the spec's own. */
  readonly directory?: string | undefined
  /** Names that tables are read by as far as they have none of their own: those of the data that a model is of. */
  readonly names?: TableNames | undefined
}

export interface LoadOptions extends LoaderOptions {
  /**
   * In the place of the spec's own: a share of the rows, a number of them, or data of its own, all
   * rows of which are used.
   */
  readonly validation?: number | DataInput | undefined
  /** In the place of the spec's own, likewise. */
  readonly test?: number | DataInput | undefined
}

/** @throws UserError with one sentence when data are missing, damaged, or do not fit each other */
export function loadDataset(data: FilesSpec, options?: Omit<LoadOptions, 'test'>): Promise<ImageDataset>
export function loadDataset(data: DataInput, options?: LoadOptions): Promise<Dataset>
export async function loadDataset(data: DataInput, options: LoadOptions = {}): Promise<Dataset> {
  const { validation, test } = options
  if (validation === undefined && test === undefined) return datasetLoader(options)(data)
  const spec = parseData(data)
  if (!isDataset(spec) && spec.kind === 'text') {
    const own = (split: 'validation' | 'test') => parseHeldOut(options[split] ?? spec[split], split)
    return datasetLoader(options)({ ...spec, validation: own('validation'), test: own('test') })
  }
  const loaded = await datasetLoader(options)(spec)
  const { contents, plan } = originOfSplits(loaded)
  if (contents.tokens && [validation, test].some((held) => typeof held === 'number' && held > 0)) {
    throw new UserError(
      `${loaded.name} was cut when it was loaded, before its tokens were learnt: give text() its validation and test`,
    )
  }
  const load = datasetLoader({ ...options, directory: undefined })
  const own = async (name: 'validation' | 'test') =>
    options[name] === undefined
      ? {}
      : { [name]: await heldOut(parseHeldOut(options[name], name), { contents, splitBy: plan.splitBy, load }) }
  return splitAgain(loaded, { ...(await own('validation')), ...(await own('test')) })
}

export interface LoadRowsOptions extends JsonlOptions {
  /** What the data are called. Default: `rows`. */
  readonly name?: string
}

/**
 * Reads a table of objects, whose numbers and texts are by the names of columns: a list of them, an Arrow table, or
 * whatever gives one after the other, as a database's cursor does. One that is asynchronous is not asked for the next
 * row before the last is read.
 *
 * @throws UserError with one sentence that names the row, from 1, and the column; what `rows` throws
 */
export async function loadRows(rows: RowSource, options: LoadRowsOptions = {}): Promise<Dataset> {
  const { name = 'rows', ...own } = options
  const given: unknown = rows
  if (!isObjectOrList(given) || !(Symbol.iterator in given || Symbol.asyncIterator in given)) {
    throw new UserError(`loadRows takes objects, one after the other, not ${shown(given)}`)
  }
  const value = { ...own, kind: 'rows', path: name }
  const spec = tableSpec('rows', value, { where: 'loadRows', heldOut: parseHeldOut })
  const contents = contentsOf(name, await readTable(spec, { rows }))
  return splitData(contents, await planOf(spec, contents, datasetLoader()))
}

function isObjectOrList(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/**
 * What loads several data sets: the examples of one source once, however many ways they are split.
 */
export function datasetLoader(options: LoaderOptions = {}): (data: DataInput) => Promise<Dataset> {
  const sources = new Map<unknown, Promise<Source>>()
  const load = async (data: DataInput, { directory, names }: LoaderOptions): Promise<Dataset> => {
    const spec = parseData(data)
    if (isDataset(spec)) return loadedData(spec)
    const read = readBy(spec, names)
    const key = keyOf(read, directory)
    const source = sources.get(key) ?? sourceFor(read, { ...options, directory })
    sources.set(key, source)
    const { contents, ...own } = await source
    // What is held out by itself is not in the folder that takes the data's place.
    const plan = await planOf(spec, contents, (held) => load(held, {}))
    return splitData(contents, { ...plan, ...own })
  }
  return (data) => load(data, options)
}

interface Source {
  readonly contents: Contents
  /** Of texts that are cut. */
  readonly validation?: OwnRows
  /** Of files of images, which have their own, and of texts that are cut. */
  readonly test?: OwnRows
}

type Load = (data: DataInput) => Promise<Dataset>

async function planOf(spec: DataSpec, contents: Contents, load: Load): Promise<SplitPlan> {
  if (isFiles(spec)) return { ...spec, test: 0, splitBy: 'random' }
  if (spec.kind === 'text') {
    const by = { contents, splitBy: 'order', load } as const
    const own = async (held: HeldOut) => (typeof held === 'number' ? 0 : heldOut(held, by))
    const [validation, test] = [await own(spec.validation), await own(spec.test)]
    return { labelled: 1, validation, test, splitBy: 'order', splitSeed: 0, reading: readingOf(spec) }
  }
  const { labelled, splitBy, splitSeed } = spec
  const by = { contents, splitBy, load }
  return {
    labelled,
    validation: await heldOut(spec.validation, by),
    test: await heldOut(spec.test, by),
    splitBy,
    splitSeed,
    ...(spec.balance && { balance: spec.balance }),
    reading: readingOf(spec),
  }
}

/** Undefined where rows are in memory, in any order. */
function readingOf(spec: ArraysSpec | RowsSpec | TextSpec): SplitPlan['reading'] {
  const { shuffle } = spec
  const windowBytes = spec.kind === 'stored' ? spec.windowBytes : undefined
  if (shuffle === undefined && windowBytes === undefined) return undefined
  return { ...(shuffle && { shuffle }), ...(windowBytes !== undefined && { windowBytes }) }
}

/** What rows are held out from. */
interface HeldFrom extends Pick<SplitPlan, 'splitBy'> {
  readonly contents: Contents
  readonly load: Load
}

async function heldOut(held: HeldOut, { contents, splitBy, load }: HeldFrom): Promise<number | OwnRows> {
  if (typeof held === 'number') return held
  // Groups are compared with those of the training.
  const group = typeof splitBy === 'object' && 'group' in splitBy ? splitBy.group : undefined
  const isRead = group !== undefined && !isDataset(held) && isTable(held) && held.splitBy === 'random'
  const own = await load(isDataset(held) ? held : readBy(isRead ? { ...held, splitBy } : held, contents))
  const { contents: others } = originOfSplits(own)
  const hasGroups = group !== undefined && (others.splitKey?.column === group || group in others.fields)
  const splitKey = hasGroups ? splitKeyOf(others, splitBy) : undefined
  return { split: own.splits.all, hash: () => own.hash, names: own, splitKey }
}

/** A table, or a text, as one whose numbers mean the same as these do, as far as it says nothing else. */
function readBy<S extends DataSpec>(spec: S, names: TableNames | undefined): S {
  if (spec.kind === 'text') {
    const isOwn = names?.tokens === undefined || (spec.tokens !== 'characters' && !isToLearn(spec.tokens))
    return isOwn ? spec : { ...spec, tokens: names.tokens }
  }
  if (names?.columns === undefined || !isTable(spec)) return spec
  const { target = names.target, columns = names.columns, missing } = spec
  const { categories = names.categories, classes } = spec
  const classNames = target === undefined ? undefined : names.classNames
  return {
    ...spec,
    columns,
    ...(target !== undefined && { target }),
    ...(categories && { categories: isList(categories) ? (names.categories ?? categories) : categories }),
    unknown: names.unknown ?? spec.unknown,
    missing: missing === 'refuse' ? (names.missing ?? missing) : missing,
    ...(classNames && (classes === undefined || classes === true) && { classes: classNames }),
  }
}

const tableKinds: readonly string[] = ['csv', 'tsv', 'jsonl', 'parquet', 'sql']

export function isTable(spec: DataSpec): spec is TableSpec<HeldOut> {
  return tableKinds.includes(spec.kind)
}

function keyOf(spec: DataSpec, directory: string | undefined): unknown {
  if (spec.kind === 'arrays') return tableNamesOf(spec) || spec.labelled === 'withTarget' ? spec : spec.fields
  if (isFiles(spec)) {
    return JSON.stringify([spec.kind, directory ?? spec.directory, spec.kind === 'idxFolder' && spec.classes])
  }
  if (spec.kind === 'text') {
    const [validation, test] = [spec.validation, spec.test].map((held) => (typeof held === 'number' ? held : 0))
    return JSON.stringify({ ...spec, directory, validation, test, shuffle: undefined })
  }
  // How rows are split does not change them, but for the column that it is read for, and rows without a target.
  const splitBy = typeof spec.splitBy === 'string' ? '' : spec.splitBy
  const order = { balance: undefined, shuffle: undefined, windowBytes: undefined }
  const labelled = spec.labelled === 'withTarget' ? spec.labelled : 1
  const split = { labelled, validation: 0, test: 0, splitBy, splitSeed: 0, ...order }
  return JSON.stringify({ ...spec, directory, ...split })
}

async function sourceFor(spec: DataSpec, options: LoaderOptions): Promise<Source> {
  if (isFiles(spec)) return filesSource(spec, options)
  return spec.kind === 'text' ? textSource(spec, options) : rowsSource(spec, options)
}

async function textSource(spec: TextSpec<HeldOut>, { allocate, directory }: LoaderOptions): Promise<Source> {
  const from = directory === undefined ? spec : { ...spec, paths: [directory] }
  const [validation = 0, test = 0] = [spec.validation, spec.test].map((held) => (typeof held === 'number' ? held : 0))
  const { fields, tokens, size } = await readTextWindows(from, { validation, test })
  const own = (held: Fields): OwnRows => {
    const heldFields = placed(held, allocate)
    return { split: { fields: heldFields, rows: allRows(heldFields) }, hash: once(() => fieldsHash(heldFields)) }
  }
  return {
    contents: { ...contentsOf(textName(from.paths), { fields: fields.train, tokens }, { allocate }), classes: size },
    ...(fields.validation && { validation: own(fields.validation) }),
    ...(fields.test && { test: own(fields.test) }),
  }
}

async function rowsSource(spec: ArraysSpec | RowsSpec, { allocate, directory }: LoaderOptions): Promise<Source> {
  const from = directory === undefined ? spec : inPlace(spec, directory)
  if (from.kind === 'stored') return { contents: await storedContents(from) }
  return {
    contents: contentsOf(nameOf(from), await rowsOfSpec(await fetched(from)), { allocate, labelled: from.labelled }),
  }
}

function contentsOf(
  name: string,
  rows: RowsContents,
  { allocate, labelled }: { readonly allocate?: Allocate | undefined; readonly labelled?: Labelled } = {},
): Contents {
  const { fields: given, splitKey, skipped, ...told } = rows
  const fields = placed(given, allocate)
  const classes = told.classNames?.length ?? classesOf(fields, labelled)
  const imageShape = imageShapeOf(fields)
  return {
    name,
    fields,
    rows: allRows(fields),
    inOrder: true,
    hash: once(() => hashOfRows(fields, told)),
    ...(classes !== undefined && { classes }),
    ...(imageShape && { imageShape }),
    ...tableNamesOf(told),
    ...(skipped && { skipped }),
    ...(splitKey && { splitKey }),
  }
}

async function storedContents(spec: StoredSpec<HeldOut>): Promise<Contents> {
  const { stored: fields, hash, classes, names } = await openStored(spec.directory)
  const imageShape = imageShapeOf(fields)
  return {
    name: nameOf(spec),
    fields,
    rows: allRows(fields),
    inOrder: true,
    hash: () => hash,
    ...(classes !== undefined && { classes }),
    ...(imageShape && { imageShape }),
    ...names,
  }
}

function nameOf(spec: ArraysSpec | RowsSpec): string {
  if (spec.kind === 'arrays') return spec.name
  if (spec.kind === 'npy' || spec.kind === 'random') return spec.kind
  if ('directory' in spec) return basename(resolve(spec.directory))
  return isAddress(spec.path) ? nameOfAddress(spec.path) : basename(resolve(spec.path))
}

/** The same of files on this machine. */
export async function fetched<S extends ArraysSpec | RowsSpec>(spec: S): Promise<S> {
  if (spec.kind === 'sql') return spec
  if ('path' in spec) return { ...spec, path: await localFile(spec.path) }
  if (spec.kind !== 'npy') return spec
  const files: Record<string, string> = {}
  for (const [name, path] of Object.entries(spec.files)) files[name] = await localFile(path)
  return { ...spec, files }
}

const withoutPath: Partial<Record<DataSpec['kind'], string>> = {
  arrays: 'arrays',
  random: 'random numbers',
  npy: 'several npy files',
  sql: 'a query',
}

/** The same of another file, or folder. */
function inPlace(spec: ArraysSpec | RowsSpec, path: string): ArraysSpec | RowsSpec {
  if (spec.kind === 'imageFolder' || spec.kind === 'stored') return { ...spec, directory: path }
  const what = withoutPath[spec.kind]
  if (what === undefined && 'path' in spec) return { ...spec, path }
  throw new UserError(`The data '${nameOf(spec)}' are ${what}, so no folder can take their place`)
}

function hashOfRows(fields: Fields, names: TableNames): string {
  return withNames(fieldsHash(fields), names)
}

/** Numbers of categories, classes and tokens mean nothing without their names. */
export function withNames(hash: string, { categories, classNames, tokens }: TableNames): string {
  if (categories === undefined && classNames === undefined && tokens === undefined) return hash
  const names = [Object.entries(categories ?? {}), classNames ?? null, ...(tokens ? [tokens] : [])]
  return createHash('sha256')
    .update(`${hash}\n${JSON.stringify(names)}\n`)
    .digest('hex')
}

export type RowsContents = Pick<Contents, 'fields' | 'splitKey' | 'skipped'> & TableNames

/** A table some rows at a time, or in memory. */
export function readTableOf(spec: TableSpec<HeldOut>, reading: ReadingTable = {}): Promise<Table> {
  return readTable(spec, { ...reading, ...(spec.kind === 'sql' && { rows: queryRows(spec) }) })
}

/** In memory. */
export async function rowsOfSpec(spec: ArraysSpec | Exclude<RowsSpec, StoredSpec<HeldOut>>): Promise<RowsContents> {
  if (isTable(spec)) return readTableOf(spec)
  if (spec.kind === 'random') return { fields: randomRows(spec) }
  if (spec.kind === 'imageFolder') return readImageFolder(spec)
  const fields = spec.kind === 'arrays' ? spec.fields : await readArrayFiles(spec)
  checkArrayNames(nameOf(spec), fields, spec)
  return { fields, ...tableNamesOf(spec) }
}

async function filesSource(spec: FilesSpec, options: LoaderOptions): Promise<Source> {
  const { allocate = allocateShared, directory } = options
  const source = sourceOf(spec, directory)
  const paths = await locateFiles(source.directory)
  const folder = await readFolder({ paths, classes: source.classes, allocate })
  const checksums = checksumsOf(folder)
  if (source.isMnist) expectMnist(paths, checksums)

  const { files, imageShape } = folder
  const { name, classes } = source
  const fields = fieldsOf(files.trainImages.values, files.trainLabels.values, imageShape)
  const test = fieldsOf(files.testImages.values, files.testLabels.values, imageShape)
  const hash = hashOf(checksums)
  return {
    contents: {
      name,
      fields,
      classes,
      imageShape,
      rows: allRows(fields),
      inOrder: false,
      hash: () => hash,
    },
    test: { split: { fields: test, rows: allRows(test) } },
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

function fieldsOf(images: Uint8Array, labels: Uint8Array, imageShape: readonly number[]): Fields {
  return {
    image: { dtype: 'u8', shape: [sizeOf(imageShape)], values: images },
    label: { dtype: 'u8', shape: [], values: labels },
  }
}

function checksumsOf({ files }: FolderContents): Record<FileRole, string> {
  return {
    trainImages: files.trainImages.sha256,
    trainLabels: files.trainLabels.sha256,
    testImages: files.testImages.sha256,
    testLabels: files.testLabels.sha256,
  }
}

/** Over the contents of all files, compressed or not. */
function hashOf(checksums: Readonly<Record<FileRole, string>>): string {
  const hash = createHash('sha256')
  for (const role of fileRoles) hash.update(`${fileNames[role]} ${checksums[role]}\n`)
  return hash.digest('hex')
}
