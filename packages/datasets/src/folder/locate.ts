/**
 * The four files of a data folder and the names they go by: `train-images-idx3-ubyte`, with `.` in place of the hyphen
 * before `idx` as some downloads have it, and with `.gz` at the end or not.
 */
import { UserError } from '@gradpool/core'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readError } from '../idx/read-error.js'

export const fileRoles = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const
export type FileRole = (typeof fileRoles)[number]

export const fileNames: Readonly<Record<FileRole, string>> = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
}

/** Images are a list of matrices, labels a list of numbers. */
export const ranks: Readonly<Record<FileRole, number>> = {
  trainImages: 3,
  trainLabels: 1,
  testImages: 3,
  testLabels: 1,
}

/** The paths of the files that are there. @throws UserError when the folder cannot be read. */
export async function findFiles(directory: string): Promise<Partial<Record<FileRole, string>>> {
  const names = new Set(await namesIn(directory))
  const found: Partial<Record<FileRole, string>> = {}
  for (const role of fileRoles) {
    const dotted = fileNames[role].replace('-idx', '.idx')
    const candidates = [fileNames[role], dotted, `${fileNames[role]}.gz`, `${dotted}.gz`]
    const name = candidates.find((candidate) => names.has(candidate))
    if (name !== undefined) found[role] = join(directory, name)
  }
  return found
}

/** The paths of all four files. @throws UserError that names those that are missing. */
export async function locateFiles(directory: string): Promise<Readonly<Record<FileRole, string>>> {
  const { trainImages, trainLabels, testImages, testLabels } = await findFiles(directory)
  if (trainImages !== undefined && trainLabels !== undefined && testImages !== undefined && testLabels !== undefined) {
    return { trainImages, trainLabels, testImages, testLabels }
  }
  const found = { trainImages, trainLabels, testImages, testLabels }
  const missing = fileRoles.filter((role) => found[role] === undefined)
  const names = missing.map((role) => fileNames[role]).join(', ')
  throw new UserError(`${directory} has no ${names}, expected each of them, with or without .gz`)
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new UserError(`The data folder ${directory} does not exist`)
    if (code === 'ENOTDIR') throw new UserError(`${directory} is not a folder of data files`)
    throw readError(directory, error)
  }
}
