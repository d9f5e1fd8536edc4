/**
 * Reads the four files of a data folder and sees that they fit together: as many labels as images, labels within the
 * classes, test images of the size of the training images.
 */
import { UserError } from '@gradpool/core'
import { type Allocate } from '@gradpool/core/engine'
import { formatDims } from '../idx/header.js'
import { readIdx, type IdxFile } from '../idx/read.js'
import { ranks, type FileRole } from './locate.js'

export interface FolderContents {
  readonly files: Readonly<Record<FileRole, IdxFile>>
  readonly imageShape: readonly [height: number, width: number]
}

export interface ReadFolderOptions {
  readonly paths: Readonly<Record<FileRole, string>>
  readonly classes: number
  readonly allocate: Allocate
}

/** @throws UserError that names the file, what it has, and what was expected. */
export async function readFolder(options: ReadFolderOptions): Promise<FolderContents> {
  const { paths, allocate } = options
  const trainLabels = await readLabels('trainLabels', options)
  const trainImages = await readIdx(paths.trainImages, {
    rank: ranks.trainImages,
    allocate,
    checkDims: (dims) => expectCount(paths.trainImages, dims, paths.trainLabels, trainLabels),
  })
  const imageShape = shapeOf(trainImages)

  const testLabels = await readLabels('testLabels', options)
  const testImages = await readIdx(paths.testImages, {
    rank: ranks.testImages,
    allocate,
    checkDims(dims) {
      expectCount(paths.testImages, dims, paths.testLabels, testLabels)
      const [, height, width] = dims
      if (height === imageShape[0] && width === imageShape[1]) return
      const found = `images of ${formatDims(dims.slice(1))} pixels`
      const expected = `expected ${formatDims(imageShape)} as in ${paths.trainImages}`
      throw new UserError(`${paths.testImages} has ${found}, ${expected}`)
    },
  })
  return { files: { trainImages, trainLabels, testImages, testLabels }, imageShape }
}

async function readLabels(
  role: 'trainLabels' | 'testLabels',
  { paths, classes, allocate }: ReadFolderOptions,
): Promise<IdxFile> {
  const labels = await readIdx(paths[role], { rank: ranks[role], allocate })
  const position = labels.values.findIndex((label) => label >= classes)
  if (position >= 0) {
    const found = `the label ${labels.values[position] ?? '?'} at position ${position}`
    throw new UserError(`${paths[role]} has ${found}, expected 0 to ${classes - 1}`)
  }
  return labels
}

function expectCount(path: string, dims: readonly number[], labelsPath: string, labels: IdxFile): void {
  if (dims[0] === labels.values.length) return
  const expected = `expected ${labels.values.length}, one for each label in ${labelsPath}`
  throw new UserError(`${path} has ${dims[0] ?? 0} images, ${expected}`)
}

function shapeOf({ dims }: IdxFile): readonly [number, number] {
  const [, height = 0, width = 0] = dims
  return [height, width]
}
