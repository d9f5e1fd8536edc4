/**
 * Writes data as a folder of plain files, one for each field, from which any number of rows is trained on: `stored`.
 *
 * The folder is written under another name beside it and renamed once it is whole and flushed, so that what a full disk
 * or an end of the process leaves is never taken for a data set.
 */
import { UserError } from '@gradpool/core'
import { type Field, type TableNames } from '@gradpool/core/engine'
import {
  codeOf,
  flushDirectory,
  makeDirectories,
  reasonOf,
  removeOldTemporaries,
  sealJson,
  temporaryPath,
  writeDurably,
} from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { classesOf, isDataset, loadedData, originOfSplits, tableNamesOf } from '../dataset.js'
import { checkArrayNames, type ArrayNames } from '../array-names.js'
import { byName, headOf, mapped, rowsOf, type Fields } from '../fields.js'
import { fetched, isTable, readTableOf, rowsOfSpec, withNames } from '../load.js'
import { isFiles, parseData, type DataInput, type HeldOut } from '../spec.js'
import type { NpySpec } from '../array-files/array-files-spec.js'
import { npyBlocks } from '../array-files/npy-blocks.js'
import { classesIn, renumber } from '../table/read-table.js'
import type { TableSpec } from '../table/table-spec.js'
import { FieldFile } from './field-file.js'
import { blocksOf, isFieldSource, type FieldSource } from '../own/field-source.js'
import { RowHashes } from '../splits/row-hashes.js'
import {
  bytesOf,
  FORMAT,
  hashesFileOf,
  hasManifest,
  MANIFEST,
  readManifest,
  type Manifest,
  type ManifestField,
} from './manifest.js'
import { verifyStored } from './verify.js'

export interface PrepareOptions {
  /** Told of rows that were written, some times a second. */
  readonly onProgress?: (rows: number) => void
}

export interface PreparedDataset extends Pick<Manifest, 'hash' | 'numRows' | 'classes'> {
  readonly directory: string
  readonly fields: readonly Pick<ManifestField, 'name' | 'dtype' | 'shape'>[]
  /** Of all files of fields. */
  readonly bytes: number
}

type FieldType = Pick<ManifestField, 'dtype' | 'shape'>

/** A field with the file that its rows are in. */
interface WrittenField extends FieldType {
  readonly file: FieldFile
}

/** Rows that are all written. */
interface Written {
  readonly fields: Readonly<Record<string, WrittenField>>
  readonly numRows: number
  readonly classes: number | undefined
  readonly names: TableNames | undefined
}

/**
 * Writes the rows of a table or of other data to a folder. Tables and sources of one's own are read and written some
 * rows at a time, whatever their size; other data are in memory meanwhile. How `data` are split is not kept: that is
 * said where they are used.
 *
 * A folder that has the same rows already is left as it is.
 *
 * @throws UserError with one sentence for what is wrong with the data, or keeps the folder from being written
 */
export async function prepareDataset(
  data: DataInput | FieldSource,
  directory: string,
  { onProgress }: PrepareOptions = {},
): Promise<PreparedDataset> {
  const path = resolve(directory)
  const isThere = await exists(path)
  const before = isThere ? await dataSetIn(path) : undefined
  if (isThere && before === undefined) throw new UserError(`${directory} is there and no data set: name another folder`)
  const hidden = `.${basename(path)}`
  const temporary = temporaryPath(join(dirname(path), hidden))
  try {
    await makeDirectories(dirname(path))
    await removeOldTemporaries(dirname(path), (name) => name === hidden)
    await mkdir(temporary)
    const manifest = await writeInto(temporary, data, onProgress)
    if (before === undefined) await rename(temporary, path)
    else if (before.hash === manifest.hash) await verifyStored(directory)
    else throw new UserError(`${directory} has other rows already: remove it, or name another folder`)
    await flushDirectory(dirname(path))
    const { hash, numRows, classes, fields } = manifest
    const bytes = fields.reduce((sum, field) => sum + bytesOf(field, numRows), 0)
    const types = fields.map(({ name, dtype, shape }) => ({ name, dtype, shape }))
    return { directory, hash, numRows, ...(classes !== undefined && { classes }), fields: types, bytes }
  } catch (error) {
    throw ofSystem(directory, error)
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function dataSetIn(path: string): Promise<Manifest | undefined> {
  return (await hasManifest(path)) ? readManifest(path) : undefined
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** A full disk and the like as a sentence. */
function ofSystem(directory: string, error: unknown): unknown {
  if (error instanceof UserError || codeOf(error) === undefined) return error
  return new UserError(`${directory} cannot be written: ${reasonOf(error)}`, { cause: error })
}

async function writeInto(
  folder: string,
  data: DataInput | FieldSource,
  onProgress: PrepareOptions['onProgress'],
): Promise<Manifest> {
  const files: FieldFile[] = []
  const create = (): FieldFile => {
    const file = new FieldFile(join(folder, `field-${files.length}`))
    files.push(file)
    return file
  }
  try {
    const written = await writeRows(data, create, onProgress)
    const { fields, hash, hashes } = hashed(written)
    const hashesFile = create()
    hashesFile.append(hashes)
    for (const file of files) file.flush()
    const { numRows, classes, names } = written
    for (const { sha256, path } of fields) await rename(path, join(folder, `${sha256}.bin`)).catch(ofTwins)
    const rowHashes = createHash('sha256').update(hashes).digest('hex')
    await rename(hashesFile.path, hashesFileOf(folder, { rowHashes }))
    const manifest: Manifest = {
      hash,
      numRows,
      rowHashes,
      fields: fields.map(({ name, dtype, shape, sha256 }) => ({ name, dtype, shape, sha256 })),
      ...(classes !== undefined && { classes }),
      names: names ?? {},
    }
    await writeDurably(join(folder, MANIFEST), sealJson({ ...FORMAT, ...manifest }))
    return manifest
  } finally {
    for (const file of files) file.close()
  }
}

/** Windows does not rename over a file that is there, as it is where two fields have the same bytes. */
function ofTwins(error: unknown): void {
  if (codeOf(error) !== 'EEXIST' && codeOf(error) !== 'EPERM') throw error
}

async function writeRows(
  data: DataInput | FieldSource,
  create: () => FieldFile,
  onProgress: PrepareOptions['onProgress'],
): Promise<Written> {
  if (isFieldSource(data)) return writeSource(data, create, onProgress)
  const spec = parseData(data)
  if (isDataset(spec)) {
    const { contents } = originOfSplits(loadedData(spec))
    if (spec.fields.test !== undefined && spec.fields.test !== contents.fields) throw ofOwnTest(spec.name)
    const { fields, classes } = contents
    return writeFields(fields, { create, names: tableNamesOf(contents), classes })
  }
  if (isFiles(spec)) throw ofOwnTest(spec.kind)
  if (spec.kind === 'stored') throw new UserError(`${spec.directory} is prepared already`)
  if (spec.kind === 'text') {
    throw new UserError('a text is cut into windows where its splits are known, so it has no rows to be prepared')
  }
  const local = await fetched(spec)
  // How long sequences are is known at the end.
  if (isTable(local) && !local.sequences) return writeTable(local, create, onProgress)
  if (local.kind === 'npy') return writeNpy(local, create)
  const { fields, ...told } = await rowsOfSpec(local)
  return writeFields(fields, {
    create,
    names: tableNamesOf(told),
    classes: told.classNames?.length ?? classesOf(fields),
  })
}

function ofOwnTest(name: string): UserError {
  return new UserError(`${name} has test rows of its own, so it is no one list of rows: prepare each by itself`)
}

interface WritingFields extends Pick<Written, 'names' | 'classes'> {
  readonly create: () => FieldFile
}

function writeFields(fields: Fields, { create, names, classes }: WritingFields): Written {
  let numRows = 0
  const write = ({ dtype, shape, values }: Field): WrittenField => {
    const file = create()
    file.append(values)
    numRows = file.bytes / bytesOf({ dtype, shape }, 1)
    return { dtype, shape, file }
  }
  const written = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, write(field)]))
  return { fields: written, numRows, classes, names }
}

async function writeSource(
  source: FieldSource,
  create: () => FieldFile,
  onProgress: PrepareOptions['onProgress'],
): Promise<Written> {
  const tell = progressOf(onProgress)
  const fields = mapped(source.fields(), ({ dtype, shape }) => ({ dtype, shape, file: create() }))
  const classes: (number | undefined)[] = []
  let numRows = 0
  for await (const block of blocksOf(source)) {
    for (const [name, { file }] of Object.entries(fields)) if (block[name]) file.append(block[name].values)
    classes.push(classesOf(block))
    numRows += Object.values(block).map(rowsOf)[0] ?? 0
    tell(numRows)
  }
  return { fields, numRows, classes: mostOf(classes), names: undefined }
}

/** Unknown where any is. */
function mostOf(classes: readonly (number | undefined)[]): number | undefined {
  if (classes.includes(undefined)) return undefined
  return classes.reduce((a, b) => Math.max(a ?? 0, b ?? 0), undefined)
}

/** Tells some times a second. */
function progressOf(onProgress: PrepareOptions['onProgress']): (rows: number) => void {
  let toldMs = performance.now()
  return (rows) => {
    if (onProgress === undefined || performance.now() - toldMs < PROGRESS_MS) return
    toldMs = performance.now()
    onProgress(rows)
  }
}

/** Array after array, some rows at a time. */
async function writeNpy(spec: NpySpec<HeldOut>, create: () => FieldFile): Promise<Written> {
  const { columns, categories, unknown, classNames, missing } = spec
  const namesOf: Readonly<Record<string, ArrayNames>> = {
    x: { ...(columns && { columns }), ...(categories && { categories }), ...(unknown && { unknown }) },
    label: { ...(classNames && { classNames }) },
  }
  const fields: Record<string, WrittenField> = {}
  const last: Record<string, Field> = {}
  const counts = new Map<string, number>()
  const classes: (number | undefined)[] = []
  for (const [name, path] of Object.entries(spec.files)) {
    const file = create()
    for await (const { field } of npyBlocks(name, path, missing)) {
      const { dtype, shape, values } = field
      checkArrayNames('npy', { [name]: field }, namesOf[name] ?? {}, counts.get(name))
      file.append(values)
      if (name === 'label') classes.push(classesOf({ label: field }))
      counts.set(name, file.bytes / bytesOf(field, 1))
      fields[name] = { dtype, shape, file }
      last[name] = field
    }
  }
  // Names of what is not there.
  checkArrayNames('npy', last, spec)
  const [[first, numRows] = ['', 0], ...others] = [...counts]
  const other = others.find(([, count]) => count !== numRows)
  if (other) throw new UserError(`npy.${first} has ${numRows} rows and npy.${other[0]} ${other[1]}, expected as many`)
  return { fields, numRows, classes: classNames?.length ?? mostOf(classes), names: tableNamesOf(spec) }
}

const PROGRESS_MS = 200

async function writeTable(
  spec: TableSpec<HeldOut>,
  create: () => FieldFile,
  onProgress: PrepareOptions['onProgress'],
): Promise<Written> {
  const x = create()
  let target: FieldFile | undefined
  const tell = progressOf(onProgress)
  const { fields, places, ...told } = await readTableOf(
    // A column to split by is not kept.
    { ...spec, splitBy: 'random' },
    {
      onRows(rows) {
        x.append(rows.x)
        if (rows.target) (target ??= create()).append(rows.target)
        tell(rows.numRows)
      },
    },
  )
  const { columns } = told
  if (places && places.x.size > 0) {
    x.change(4 * columns.length, ({ buffer, byteLength }) =>
      renumber(new Float32Array(buffer, 0, byteLength / 4), columns.length, places.x),
    )
  }
  const classPlaces = places?.target
  if (classPlaces) {
    target?.change(4, ({ buffer, byteLength }) => classesIn(new Float32Array(buffer, 0, byteLength / 4), classPlaces))
  }
  const files = Object.entries(fields).flatMap(([name, { dtype, shape }]): [string, WrittenField][] => {
    const file = name === 'x' ? x : target
    return file ? [[name, { dtype, shape, file }]] : []
  })
  return {
    fields: Object.fromEntries(files),
    numRows: x.bytes / (4 * columns.length),
    classes: told.classNames?.length,
    names: tableNamesOf(told),
  }
}

/**
 * Reads what was written once more: the hash of each file, that which the same rows have in memory, and one of each
 * row.
 */
function hashed({ fields, numRows, names }: Written): {
  readonly fields: readonly (ManifestField & { readonly path: string })[]
  readonly hash: string
  readonly hashes: Uint32Array
} {
  const all = createHash('sha256')
  const hashes = new RowHashes(numRows)
  const named = Object.entries(fields).sort(byName)
  const made = named.map(([name, { dtype, shape, file }]) => {
    const own = createHash('sha256')
    all.update(headOf(name, { dtype, shape }, numRows))
    const rowBytes = bytesOf({ dtype, shape }, 1)
    for (const block of file.blocks(rowBytes)) {
      own.update(block)
      all.update(block)
      hashes.add(block, rowBytes)
    }
    hashes.endField()
    return { name, dtype, shape, sha256: own.digest('hex'), path: file.path }
  })
  // In the order in which they were given, which is that of a list of their names.
  const inOrder = Object.keys(fields).flatMap((name) => made.filter((field) => field.name === name))
  return { fields: inOrder, hash: withNames(all.digest('hex'), names ?? {}), hashes: hashes.finish() }
}
