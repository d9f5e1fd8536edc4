/**
 * Loads the data set that a spec means: its fields, once, as the bytes they are in the files, and its splits, which are
 * lists of rows of these fields.
 */
import { sizeOf, type Allocate, type Field, type Split } from '@gradpool/core'
import { createHash } from 'node:crypto'
import { fileNames, fileRoles, locateFiles, type FileRole } from './folder/locate.js'
import { readFolder, type FolderContents } from './folder/read.js'
import { allocateShared } from './idx/read.js'
import { expectMnist } from './mnist.js'
import { sourceOf } from './source.js'
import { parseDataSpec, type DataSpec, type SplitSpec } from './spec.js'
import { splitTrainRows } from './splits.js'

/** `image`: u8 [height * width]; `label`: u8 []. */
export type ExampleFields = Readonly<Record<'image' | 'label', Field>>

export interface DatasetSplit extends Split {
  readonly fields: ExampleFields
}

export interface LoadedDataset {
  /** `mnist`, or the name of the folder. */
  readonly name: string
  /** SHA-256 over the contents of all files, compressed or not; the splits do not change it. */
  readonly hash: string
  /** SHA-256 of each uncompressed file. */
  readonly checksums: Readonly<Record<FileRole, string>>
  readonly imageShape: readonly [height: number, width: number]
  readonly classes: number
  readonly fields: { readonly train: ExampleFields; readonly test: ExampleFields }
  readonly splits: {
    /** All training images, those of the other training splits included; for stages that use no labels. */
    readonly images: DatasetSplit
    /** The training images whose labels are used. */
    readonly labelled: DatasetSplit
    readonly validation: DatasetSplit
    readonly test: DatasetSplit
  }
}

export interface LoadOptions {
  /** Memory of the fields, such as an engine's; memory that threads can share if left out. */
  readonly allocate?: Allocate | undefined
  /** A folder in the place of the spec's own. */
  readonly directory?: string | undefined
}

/** @throws UserError with one sentence when a file is missing, damaged, or does not fit the others. */
export async function loadDataset(
  spec: DataSpec,
  { allocate = allocateShared, directory }: LoadOptions = {},
): Promise<LoadedDataset> {
  const parsed = parseDataSpec(spec)
  const source = sourceOf(parsed, directory)
  const paths = await locateFiles(source.directory)
  const contents = await readFolder({ paths, classes: source.classes, allocate })
  const checksums = checksumsOf(contents)
  if (source.isMnist) expectMnist(paths, checksums)

  const { files, imageShape } = contents
  const train = fieldsOf(files.trainImages.values, files.trainLabels.values, imageShape)
  const test = fieldsOf(files.testImages.values, files.testLabels.values, imageShape)
  return {
    name: source.name,
    hash: hashOf(checksums),
    checksums,
    imageShape,
    classes: source.classes,
    fields: { train, test },
    splits: splitsOf({ train, test }, parsed),
  }
}

/**
 * The same examples, in the same memory, split in another way.
 *
 * @throws UserError when there are too few examples for the split
 */
export function splitAgain(dataset: LoadedDataset, split: SplitSpec): LoadedDataset {
  return { ...dataset, splits: splitsOf(dataset.fields, split) }
}

function splitsOf(
  { train, test }: LoadedDataset['fields'],
  split: SplitSpec,
): LoadedDataset['splits'] {
  const rows = splitTrainRows(train.label.values.length, split)
  return {
    images: { fields: train, rows: rows.images },
    labelled: { fields: train, rows: rows.labelled },
    validation: { fields: train, rows: rows.validation },
    test: { fields: test, rows: Int32Array.from(test.label.values, (_, row) => row) },
  }
}

function fieldsOf(
  images: Uint8Array,
  labels: Uint8Array,
  imageShape: readonly number[],
): ExampleFields {
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

function hashOf(checksums: Readonly<Record<FileRole, string>>): string {
  const hash = createHash('sha256')
  for (const role of fileRoles) hash.update(`${fileNames[role]} ${checksums[role]}\n`)
  return hash.digest('hex')
}
