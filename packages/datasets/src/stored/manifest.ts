/**
 * `dataset.json`: what a folder of fields holds. It is written last, so a folder that has it is whole.
 */
import { UserError, type DType } from '@gradpool/core'
import { bytesPerElement, isTokens, sizeOf, type TableNames } from '@gradpool/core/engine'
import { hasFields, isCount, isHash, isText, openSealed, readRegular, refuseOtherVersion } from '@gradpool/storage'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readError } from '../idx/read-error.js'
import { isObject } from '../spec-rules.js'

export const MANIFEST = 'dataset.json'
export const FORMAT = { format: 'gradpool data set', formatVersion: 1 } as const
/** A table of 10,000 columns has less. */
const MOST_BYTES = 2 ** 26

export interface ManifestField {
  readonly name: string
  readonly dtype: DType
  /** Of one row. */
  readonly shape: readonly number[]
  /** Of its file, which is called `<sha256>.bin`. */
  readonly sha256: string
}

export interface Manifest {
  /** That of the same rows in memory. */
  readonly hash: string
  readonly numRows: number
  readonly fields: readonly ManifestField[]
  /** SHA-256 of the file of the hashes of all rows, `<sha256>.hashes`, by which rows in two splits are found. */
  readonly rowHashes: string
  /** Labels are 0 … classes - 1. */
  readonly classes?: number
  readonly names: TableNames
}

export function fileOf(directory: string, { sha256 }: Pick<ManifestField, 'sha256'>): string {
  return join(directory, `${sha256}.bin`)
}

/** Of one row. */
export const HASH_BYTES = 8

export function hashesFileOf(directory: string, { rowHashes }: Pick<Manifest, 'rowHashes'>): string {
  return join(directory, `${rowHashes}.hashes`)
}

/** Whether a folder says that it is a data set. */
export function hasManifest(directory: string): Promise<boolean> {
  return stat(join(directory, MANIFEST)).then(
    () => true,
    () => false,
  )
}

/** Of the file of a field. */
export function bytesOf({ dtype, shape }: Pick<ManifestField, 'dtype' | 'shape'>, numRows: number): number {
  return numRows * sizeOf(shape) * bytesPerElement[dtype]
}

/** @throws UserError for a folder that has none, or one that is damaged or of another version */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST)
  let value: unknown
  let isWhole = false
  const bytes = await readRegular(path, { most: MOST_BYTES }).catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    ;({ value, isWhole } = openSealed(bytes.toString()))
  } catch (cause) {
    throw new UserError(`${path} is not as it was written: it is no JSON`, { cause })
  }
  refuseOtherVersion(value, path, FORMAT.format, FORMAT.formatVersion)
  if (!isWhole || !isManifest(value)) throw new UserError(`${path} is not as it was written: prepare the data again`)
  return value
}

function isManifest(value: unknown): value is Manifest {
  return (
    hasFields(value, {
      format: (format) => format === FORMAT.format,
      hash: isHash,
      numRows: (rows) => isCount(rows) && rows >= 1 && rows < 2 ** 31,
      rowHashes: isHash,
      fields: (fields) => Array.isArray(fields) && fields.length > 0 && fields.every(isField),
      classes: (classes) => classes === undefined || isCount(classes),
      names: isNames,
    }) && new Set((value.fields as readonly ManifestField[]).map(({ name }) => name)).size === fieldsIn(value)
  )
}

function fieldsIn({ fields }: { readonly fields: unknown }): number {
  return Array.isArray(fields) ? fields.length : 0
}

const isExtents = (value: unknown) =>
  Array.isArray(value) && value.every((extent) => isCount(extent) && extent >= 1) && sizeOf(value as number[]) < 2 ** 31

function isField(value: unknown): boolean {
  const isType = (dtype: unknown) => isText(dtype) && dtype in bytesPerElement
  return hasFields(value, { name: isText, dtype: isType, shape: isExtents, sha256: isHash })
}

const isTexts = (value: unknown) => value === undefined || (Array.isArray(value) && value.every(isText))

function isNames(value: unknown): boolean {
  const isLists = (lists: unknown) => lists === undefined || (isObject(lists) && Object.values(lists).every(isTexts))
  return hasFields(value, {
    target: (target) => target === undefined || isText(target),
    columns: isTexts,
    categories: isLists,
    unknown: (unknown) => unknown === undefined || unknown === 'refuse' || unknown === 'zeros',
    missing: (missing) =>
      missing === undefined ||
      missing === 'mean' ||
      missing === 'median' ||
      missing === 'mostFrequent' ||
      hasFields(missing, { value: (number) => typeof number === 'number' }),
    classNames: isTexts,
    tokens: (tokens) => tokens === undefined || isTokens(tokens),
    encoder: (encoder) => encoder === undefined || hasFields(encoder, { hash: isHash, from: isText, to: isText }),
  })
}
