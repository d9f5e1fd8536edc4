/**
 * The images that an index is of: which they are, as the index has it, and the images themselves.
 */
import { resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import {
  type DataSpec,
  loadDataset,
  type LoadedDataset,
  type LoadOptions,
  mnist,
  parseDataSpec,
} from '@gradpool/datasets'

export interface Collection {
  readonly spec: DataSpec
  /** Of the contents of its files. */
  readonly hash: string
  readonly imageShape: readonly [height: number, width: number]
}

/** No image is set aside. */
const unsplit = { labelled: 1, validation: 0, splitSeed: 0 }

/**
 * What `--data` names: `mnist`, or a folder of IDX files, which has as many classes as an experiment's own data.
 *
 * @param own What it is where nothing is named.
 */
export function specOf(named: string | undefined, own: DataSpec): DataSpec {
  if (named === 'mnist') return mnist(unsplit)
  const directory = named ?? own.directory
  return { ...own, ...unsplit, ...(directory !== undefined && { directory: resolve(directory) }) }
}

/** As a text that `collectionOf` reads. */
export function describeCollection(spec: DataSpec, { hash, imageShape }: LoadedDataset): string {
  return JSON.stringify({ spec, hash, imageShape } satisfies Collection)
}

/** @throws UserError for a text that describes none */
export function collectionOf(text: string, where: string): Collection {
  const { spec, hash, imageShape } = fieldsOf(text)
  if (typeof hash === 'string' && isShape(imageShape)) {
    return { spec: parseDataSpec(spec, `the data of ${where}`), hash, imageShape }
  }
  throw new UserError(`${where} does not say of which images it is`)
}

function fieldsOf(text: string): Partial<Record<keyof Collection, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function isShape(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((extent) => extent > 0)
}

/** @throws UserError when the images are not there, or are others than those of the index */
export async function loadCollection(
  { spec, hash }: Collection,
  options: LoadOptions,
): Promise<LoadedDataset> {
  const dataset = await loadDataset(spec, options)
  if (dataset.hash === hash) return dataset
  const short = (of: string) => `${of.slice(0, 12)}…`
  throw new UserError(
    `the images of ${dataset.name} are not those of the index (SHA-256 ${short(dataset.hash)}, not ${short(hash)})`,
  )
}
