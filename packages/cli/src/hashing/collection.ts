/**
 * The images that an index is of: which they are, as the index has it, and the images themselves.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import {
  type FilesSpec,
  idxFolder,
  isFiles,
  type ImageDataset,
  loadDataset,
  type LoaderOptions,
  mnist,
  parseDataSpec,
} from '@gradpool/datasets'
import { type StageOfRun } from '@gradpool/orchestrator'
import { hasFields, isText } from '@gradpool/storage'

export interface Collection {
  readonly spec: FilesSpec
  /** Of the contents of its files. */
  readonly hash: string
  readonly imageShape: readonly [height: number, width: number]
}

/** No image is set aside. */
const unsplit = { labelled: 1, validation: 0, splitSeed: 0 }

/**
 * What `--data` names: `mnist`, or a folder of IDX files, which has as many classes as the run's own.
 *
 * @param own What it is where nothing is named; undefined where the model is of no run, or of data in memory.
 * @throws UserError where there are neither
 */
export function specOf(named: string | undefined, own: FilesSpec | undefined): FilesSpec {
  if (named === 'mnist') return mnist(unsplit)
  const folder = named === undefined ? {} : { directory: resolve(named) }
  if (own !== undefined) return { ...own, ...unsplit, ...folder }
  if (named !== undefined) return idxFolder({ ...unsplit, directory: resolve(named) })
  throw new UserError('an index is of images in files: name them, with --data mnist or a folder of IDX files')
}

/** The files that a run trained on, where they were when it was begun; undefined where its data were no files. */
export function ownFiles({ experiment, record: { record } }: StageOfRun): FilesSpec | undefined {
  const { config } = experiment
  const data = typeof config === 'object' && config !== null && 'data' in config && config.data
  const isOfFiles = hasFields(data, { kind: (kind) => kind === 'mnist' || kind === 'idxFolder' })
  const spec = isOfFiles ? parseDataSpec(data, `the data of ${experiment.name}`) : undefined
  if (spec === undefined || !isFiles(spec)) return undefined
  const directory = isText(record.data) ? record.data : spec.directory
  if (directory === undefined) return spec
  const cwd = isText(record.cwd) && existsSync(record.cwd) ? record.cwd : '.'
  return { ...spec, directory: resolve(cwd, directory) }
}

/** As a text that `collectionOf` reads. */
export function describeCollection(spec: FilesSpec, { hash, imageShape }: ImageDataset): string {
  return JSON.stringify({ spec, hash, imageShape } satisfies Collection)
}

/** @throws UserError for a text that describes none */
export function collectionOf(text: string, where: string): Collection {
  const { spec, hash, imageShape } = fieldsOf(text)
  if (typeof hash === 'string' && isShape(imageShape)) {
    const parsed = parseDataSpec(spec, `the data of ${where}`)
    if (isFiles(parsed)) return { spec: parsed, hash, imageShape }
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
export async function loadCollection({ spec, hash }: Collection, options: LoaderOptions): Promise<ImageDataset> {
  const dataset = await loadDataset(spec, options)
  if (dataset.hash === hash) return dataset
  const short = (of: string) => `${of.slice(0, 12)}…`
  throw new UserError(
    `the images of ${dataset.name} are not those of the index (SHA-256 ${short(dataset.hash)}, not ${short(hash)})`,
  )
}
