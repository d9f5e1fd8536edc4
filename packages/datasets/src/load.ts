/**
 * Loads the data that a spec means: files as the bytes they are, plain fields from where they are.
 */
import { UserError } from '@gradpool/core'
import { sizeOf, type Allocate } from '@gradpool/core/engine'
import { createHash } from 'node:crypto'
import {
  allRows,
  classesOf,
  imageShapeOf,
  isDataset,
  loadedData,
  splitAgain,
  splitData,
  type Contents,
  type Dataset,
  type ImageDataset,
  type OwnRows,
  type SplitPlan,
} from './dataset.js'
import { fieldsHash, placed, type Fields } from './fields.js'
import { fileNames, fileRoles, locateFiles, type FileRole } from './folder/locate.js'
import { readFolder, type FolderContents } from './folder/read.js'
import { allocateShared } from './idx/read.js'
import { expectMnist } from './mnist.js'
import { readImageFolder } from './images/read-image-folder.js'
import { readNumpy } from './numpy/read-numpy.js'
import { randomRows } from './random/random-rows.js'
import { basename, resolve } from 'node:path'
import { sourceOf } from './source.js'
import {
  isFiles,
  parseData,
  parseHeldOut,
  type ArraysSpec,
  type DataInput,
  type DataSpec,
  type FilesSpec,
  type HeldOut,
  type RowsSpec,
} from './spec.js'
import { readTable } from './table/read-table.js'

export interface LoaderOptions {
  /** Memory of the fields, such as an engine's. Default: memory that threads can share. */
  readonly allocate?: Allocate | undefined
  /** A folder in the place of the spec's own. */
  readonly directory?: string | undefined
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
  const load = datasetLoader(options)
  const own = async (name: 'validation' | 'test') =>
    options[name] === undefined ? {} : { [name]: await heldOut(parseHeldOut(options[name], name), load) }
  const loaded = await load(data)
  if (validation === undefined && test === undefined) return loaded
  return splitAgain(loaded, { ...(await own('validation')), ...(await own('test')) })
}

/**
 * What loads several data sets: the examples of one source once, however many ways they are split.
 */
export function datasetLoader(options: LoaderOptions = {}): (data: DataInput) => Promise<Dataset> {
  const sources = new Map<unknown, Promise<Source>>()
  const load = async (data: DataInput): Promise<Dataset> => {
    const spec = parseData(data)
    if (isDataset(spec)) return loadedData(spec)
    const key = keyOf(spec)
    const source = sources.get(key) ?? sourceFor(spec, options)
    sources.set(key, source)
    const { contents, test } = await source
    return splitData(contents, { ...(await planOf(spec, load)), ...(test && { test }) })
  }
  return load
}

interface Source {
  readonly contents: Contents
  /** Of files, which have their own. */
  readonly test?: OwnRows
}

type Load = (data: DataInput) => Promise<Dataset>

async function planOf(spec: DataSpec, load: Load): Promise<SplitPlan> {
  if (isFiles(spec)) return { ...spec, test: 0, splitBy: 'random' }
  return {
    labelled: 1,
    validation: await heldOut(spec.validation, load),
    test: await heldOut(spec.test, load),
    splitBy: spec.splitBy,
    splitSeed: spec.splitSeed,
    ...(spec.balance && { balance: spec.balance }),
  }
}

async function heldOut(held: HeldOut, load: Load): Promise<number | OwnRows> {
  if (typeof held === 'number') return held
  const own = await load(held)
  return { split: own.splits.all, hash: () => own.hash, names: own }
}

function keyOf(spec: DataSpec): unknown {
  if (spec.kind === 'arrays') return spec.fields
  if (isFiles(spec)) return JSON.stringify([spec.kind, spec.directory, spec.kind === 'idxFolder' && spec.classes])
  // How rows are split does not change them.
  return JSON.stringify({ ...spec, validation: 0, test: 0, splitBy: '', splitSeed: 0, balance: undefined })
}

async function sourceFor(spec: DataSpec, options: LoaderOptions): Promise<Source> {
  return isFiles(spec) ? filesSource(spec, options) : rowsSource(spec, options)
}

async function rowsSource(spec: ArraysSpec | RowsSpec, { allocate, directory }: LoaderOptions): Promise<Source> {
  const name = nameOf(spec)
  if (directory !== undefined && spec.kind !== 'imageFolder') {
    const inMemory = { arrays: 'arrays', random: 'random numbers' }
    const what = spec.kind === 'arrays' || spec.kind === 'random' ? inMemory[spec.kind] : `a ${spec.kind} file`
    throw new UserError(`The data '${name}' are ${what}, so no folder can take their place`)
  }
  const { fields: given, ...told } = await rowsOfSpec(
    spec.kind === 'imageFolder' && directory !== undefined ? { ...spec, directory } : spec,
  )
  const fields = placed(given, allocate)
  const classes = told.classNames?.length ?? classesOf(fields)
  const imageShape = imageShapeOf(fields)
  return {
    contents: {
      name,
      fields,
      rows: allRows(fields),
      inOrder: true,
      hash: once(() => fieldsHash(fields)),
      ...(classes !== undefined && { classes }),
      ...(imageShape && { imageShape }),
      ...told,
    },
  }
}

function nameOf(spec: ArraysSpec | RowsSpec): string {
  if (spec.kind === 'arrays') return spec.name
  if (spec.kind === 'npy' || spec.kind === 'random') return spec.kind
  return basename(resolve(spec.kind === 'imageFolder' ? spec.directory : spec.path))
}

async function rowsOfSpec(spec: ArraysSpec | RowsSpec): Promise<RowsOfSpec> {
  if (spec.kind === 'arrays') return { fields: spec.fields }
  if (spec.kind === 'random') return { fields: randomRows(spec) }
  if (spec.kind === 'imageFolder') return readImageFolder(spec)
  return spec.kind === 'npy' || spec.kind === 'npz' ? { fields: await readNumpy(spec) } : readTable(spec)
}

type RowsOfSpec = Pick<Contents, 'fields' | 'classNames' | 'columns' | 'skipped'>

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
