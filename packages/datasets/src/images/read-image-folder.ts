/**
 * A folder of pictures as fields: `image` u8 [height, width, channels], or [height, width] where they are grey, and
 * `label` i32 [], the number of the picture's folder among those of its kind in the order of their names; or `label` or
 * `y` f32 [] as a table says.
 *
 * Pictures are decoded by sharp, on the threads of Node's pool. Its vector instructions are left out, as what they
 * compute is not the same on every CPU.
 */
import { UserError } from '@gradpool/core'
import { availableCores } from '@gradpool/core/engine'
import { readRegular } from '@gradpool/storage'
import { readdir } from 'node:fs/promises'
import { isAbsolute, join, normalize, resolve } from 'node:path'
import type { Sharp, SharpConstructor } from 'sharp'
import { importInstalled } from '../import-installed.js'
import type { Fields } from '../fields.js'
import { readError } from '../idx/read-error.js'
import { allocateShared } from '../idx/read.js'
import { shown } from '../spec-rules.js'
import { localFile } from '../remote/remote-file.js'
import { namesInOrder } from '../table/names-in-order.js'
import { tableKindOf } from '../table/read-inputs.js'
import { readTable } from '../table/read-table.js'
import { tableSpec } from '../table/table-spec.js'
import type { ImageFolderShape } from './image-folder-spec.js'

export interface ImageFolder {
  readonly fields: Fields
  /** In the order of their numbers: names of folders, or of a table's labels. */
  readonly classNames?: readonly string[]
  /** What is no picture, where such files are skipped: their paths within the folder. */
  readonly skipped?: readonly string[]
}

type Decoding = Pick<ImageFolderShape, 'size' | 'channels' | 'fit' | 'damaged'>

interface Picture {
  /** Within the folder. */
  readonly path: string
  /** The number of its class, or what is learnt of it. */
  readonly label: number
}

/** More are an attempt to fill the memory; as are more than so many and a few thousand for each byte of the file. */
const MOST_PIXELS = 2 ** 26
const MOST_PIXELS_OF_NOTHING = 2 ** 22
const MOST_PIXELS_PER_BYTE = 4096
const MOST_FILE_BYTES = 2 ** 28

/** @throws UserError with one sentence that names the file */
export async function readImageFolder(shape: ImageFolderShape): Promise<ImageFolder> {
  const directory = resolve(shape.directory)
  const listed = shape.labels === undefined ? await picturesIn(directory) : await picturesOf(shape.labels, shape)
  const { classNames, pictures } = listed
  const sharp = await loadSharp()
  const [height, width] = shape.size
  const numBytes = height * width * shape.channels
  const pixels = allocateShared(numBytes * pictures.length)
  const isThere = await decodeAll(sharp, directory, pictures, shape, pixels)
  const skipped = pictures.flatMap(({ path }, at) => (isThere[at] === true ? [] : [path]))
  const there = pictures.flatMap(({ label }, at) => (isThere[at] === true ? [{ label, at }] : []))
  if (there.length === 0) throw new UserError(`${directory} has no picture that can be read`)
  // Those that were skipped leave no gap.
  for (const [row, { at }] of there.entries()) {
    if (row < at) pixels.copyWithin(row * numBytes, at * numBytes, (at + 1) * numBytes)
  }
  const memory = allocateShared(4 * there.length).buffer
  const labels = classNames ? new Int32Array(memory) : new Float32Array(memory)
  labels.set(there.map(({ label }) => label))
  const target: Fields =
    labels instanceof Int32Array
      ? { label: { dtype: 'i32', shape: [], values: labels } }
      : { y: { dtype: 'f32', shape: [], values: labels } }
  return {
    fields: {
      image: {
        dtype: 'u8',
        shape: shape.channels === 1 ? [height, width] : [height, width, 3],
        values: pixels.subarray(0, numBytes * there.length),
      },
      ...target,
    },
    ...(classNames && { classNames }),
    ...(skipped.length > 0 && { skipped }),
  }
}

export interface Pictures {
  /** Within the folder, in the order of the rows. */
  readonly paths: readonly string[]
  /** Row after row, [height, width, channels]. */
  readonly pixels: Uint8Array
  /** What is no picture: paths within the folder. */
  readonly skipped: readonly string[]
}

/**
 * Pictures without labels: the files of a folder, and those of folders in it, in the order of their paths. Hidden files
 * are left out.
 *
 * @throws UserError with one sentence for a folder without any
 */
export async function readPictures(
  directory: string,
  shape: Pick<ImageFolderShape, 'size' | 'channels' | 'fit'>,
): Promise<Pictures> {
  const folder = resolve(directory)
  const entries = await entriesOf(folder)
  const paths: string[] = []
  for (const entry of entries) {
    if (!entry.isDirectory()) paths.push(entry.name)
    else {
      const own = await entriesOf(join(folder, entry.name))
      paths.push(...own.filter((file) => !file.isDirectory()).map(({ name }) => join(entry.name, name)))
    }
  }
  const pictures = paths.sort().map((path) => ({ path, label: 0 }))
  const numBytes = shape.size[0] * shape.size[1] * shape.channels
  const pixels = new Uint8Array(numBytes * pictures.length)
  const isThere = await decodeAll(await loadSharp(), folder, pictures, { ...shape, damaged: 'skip' }, pixels)
  const rows = pictures.flatMap((_, at) => (isThere[at] === true ? [at] : []))
  if (rows.length === 0) throw new UserError(`${folder} has no picture that can be read`)
  rows.forEach((at, row) => pixels.copyWithin(row * numBytes, at * numBytes, (at + 1) * numBytes))
  return {
    paths: rows.map((at) => paths[at] ?? ''),
    pixels: pixels.subarray(0, rows.length * numBytes),
    skipped: paths.filter((_, at) => isThere[at] !== true),
  }
}

export interface PictureSurvey {
  readonly className: string
  /** Undefined where it cannot be read. */
  readonly size: { readonly height: number; readonly width: number; readonly channels: number } | undefined
}

/** The sizes of all pictures, in the order of classes and names. */
export async function surveyImageFolder(path: string): Promise<readonly PictureSurvey[]> {
  const directory = resolve(path)
  const { classNames, pictures } = await picturesIn(directory)
  const sharp = await loadSharp()
  const surveys: PictureSurvey[] = []
  for (const { path: file, label } of pictures) {
    const size = await sizeOf(sharp, join(directory, file)).catch(() => undefined)
    surveys.push({ className: classNames[label] ?? '', size })
  }
  return surveys
}

/** Reads all of it: a header says nothing of damage behind it. */
async function sizeOf(sharp: SharpConstructor, path: string): Promise<PictureSurvey['size']> {
  const picture = opened(sharp, await readRegular(path, { most: MOST_FILE_BYTES }))
  await picture.clone().stats()
  const { autoOrient, channels } = await picture.metadata()
  return { ...autoOrient, channels }
}

/** All files of all folders, but hidden ones. */
async function picturesIn(directory: string): Promise<{
  readonly classNames: readonly string[]
  readonly pictures: readonly Picture[]
}> {
  const folders = (await entriesOf(directory)).filter((entry) => entry.isDirectory())
  const classNames = namesInOrder(folders.map(({ name }) => name))
  if (classNames.length === 0) throw new UserError(`${directory} has no folders, expected one for each class`)
  const pictures: Picture[] = []
  for (const [label, name] of classNames.entries()) {
    const files = (await entriesOf(join(directory, name))).filter((entry) => !entry.isDirectory())
    if (files.length === 0) throw new UserError(`${join(directory, name)} is empty, expected pictures of the class`)
    for (const file of files.map((entry) => entry.name).sort()) pictures.push({ path: join(name, file), label })
  }
  return { classNames, pictures }
}

/** Those that a table names, in its order. */
async function picturesOf(
  table: string,
  { classes }: ImageFolderShape,
): Promise<{ readonly classNames?: readonly string[]; readonly pictures: readonly Picture[] }> {
  const kind = tableKindOf(table)
  if (kind === undefined) throw new UserError(`${table} is no table by its ending: .csv, .tsv, .jsonl or .parquet`)
  const columns = { columns: ['file'], categories: ['file'], target: 'label' }
  const spec = { kind, path: await localFile(table), ...columns, ...(classes && { classes }) }
  const { fields, categories, classNames } = await readTable(
    tableSpec(kind, spec, { where: 'imageFolder.labels', heldOut: () => 0 }),
  )
  const [files, { values } = { values: [] }] = [categories?.file ?? [], fields.label ?? fields.y]
  const outside = files.find((file) => isAbsolute(file) || normalize(file).startsWith('..'))
  if (outside !== undefined) throw new UserError(`${table} names ${shown(outside)}, which is not within the folder`)
  const pictures = Array.from(fields.x?.values ?? [], (file, row) => ({
    path: files[file] ?? '',
    label: values[row] ?? NaN,
  }))
  return { ...(classNames && { classNames }), pictures }
}

async function entriesOf(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter(({ name }) => !name.startsWith('.') && name !== 'Thumbs.db')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new UserError(`The folder ${directory} does not exist`)
    if (code === 'ENOTDIR') throw new UserError(`${directory} is a file, expected a folder with one for each class`)
    throw readError(directory, error)
  }
}

/** @returns of each picture whether it could be read, which is true of all but where damaged ones are skipped */
async function decodeAll(
  sharp: SharpConstructor,
  directory: string,
  pictures: readonly Picture[],
  shape: Decoding,
  pixels: Uint8Array,
): Promise<readonly boolean[]> {
  const isThere = new Array<boolean>(pictures.length).fill(false)
  const left = pictures.entries()
  const [height, width] = shape.size
  const numBytes = height * width * shape.channels
  const failures: { readonly at: number; readonly error: unknown }[] = []
  const decodeRest = async (): Promise<void> => {
    for (const [at, { path }] of left) {
      try {
        pixels.set(await decode(sharp, join(directory, path), shape), at * numBytes)
        isThere[at] = true
      } catch (error) {
        if (shape.damaged !== 'skip' || !(error instanceof UserError)) failures.push({ at, error })
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: availableCores() }, decodeRest))
  // Pictures before one that failed were begun before it, so the first of all is among these.
  const [first] = failures.sort((a, b) => a.at - b.at)
  if (first) throw first.error
  return isThere
}

async function decode(sharp: SharpConstructor, path: string, shape: Decoding): Promise<Uint8Array> {
  const { channels, fit } = shape
  const [height, width] = shape.size
  const bytes = await readRegular(path, { most: MOST_FILE_BYTES }).catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    const picture = opened(sharp, bytes)
      .autoOrient()
      .resize({ height, width, fit, kernel: 'linear', background: 'black' })
      .removeAlpha()
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    if (info.channels === channels) return data
    throw new Error(`it has ${info.channels} channels`)
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(
      `${path} is no picture that can be read (${shown(reason)}): take it out, or skip such files with damaged: 'skip'`,
      { cause: error },
    )
  }
}

function opened(sharp: SharpConstructor, bytes: Uint8Array): Sharp {
  const limitInputPixels = Math.min(MOST_PIXELS, MOST_PIXELS_OF_NOTHING + MOST_PIXELS_PER_BYTE * bytes.length)
  return sharp(bytes, { failOn: 'error', limitInputPixels })
}

async function loadSharp(): Promise<SharpConstructor> {
  try {
    const { default: sharp } = (await importInstalled('sharp')) as { readonly default: SharpConstructor }
    sharp.simd(false)
    sharp.cache(false)
    return sharp
  } catch (cause) {
    throw new UserError('Pictures are read by sharp, which is not installed: run `npm install sharp`', { cause })
  }
}
