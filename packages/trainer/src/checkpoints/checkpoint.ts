/**
 * A checkpoint: all that a training needs to be resumed as if nothing had happened. Files on disk:
 *
 *     <step>.safetensors   every state, the optimizer's included
 *     epochs.f64           the rows of the epochs, of all checkpoints; see rows-file.ts
 *     <step>.json          where the training stands, and the size and hash of what it has in the other files
 *
 * and, where an epoch is best, `best-<epoch>.safetensors`: the states after the epoch that was best
 * by then. The JSON is written last, so a checkpoint is there once its JSON is.
 */
import { UserError } from '@gradpool/core'
import { type Position } from '@gradpool/core/engine'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isFileTold,
  isHash,
  isText,
  openSealed,
  sealJson,
  sha256,
  tellOf,
  type FileTold,
  type NamedArray,
} from '@gradpool/storage'
import type { EpochRows } from './epoch-rows.js'
import type { RowsTold } from './rows-file.js'

export interface Checkpoint {
  /** Of the training's plan. */
  readonly hash: string
  /** Of the engine; see `Engine.numerics`. */
  readonly numerics: string
  readonly position: Position
  /** Of the epochs that are done. */
  readonly epochs: EpochRows
  /** Of training so far. */
  readonly seconds: number
  /** Hash of the states after the first epoch. */
  readonly firstEpoch?: string | undefined
  readonly states: ReadonlyMap<string, NamedArray>
  /** The states after the epoch that is the best so far. */
  readonly best?: BestStates | undefined
  /** How the training ended, where it has: the states are its result then. */
  readonly end?: { readonly reason: EndReason; readonly bestEpoch: number | undefined } | undefined
}

/** All epochs are done, early stopping, or `stop()`. */
export type EndReason = 'epochs' | 'earlyStopping' | 'stopped'

export interface BestStates {
  readonly epoch: number
  readonly states: ReadonlyMap<string, NamedArray>
}

const FORMAT = 'gradpool-checkpoint'
const FORMAT_VERSION = 5

/** What the JSON says. */
export interface CheckpointRecord extends Omit<Checkpoint, 'epochs' | 'states' | 'best'> {
  readonly epochs: RowsTold
  readonly tensors: FileTold
  readonly best?: FileTold & { readonly epoch: number }
}

export function encodeStates(
  states: Checkpoint['states'],
  metadata: Readonly<Record<string, string>>,
): { readonly bytes: Uint8Array; readonly told: FileTold } {
  const bytes = encodeSafetensors({ tensors: states, metadata })
  return { bytes, told: tellOf(bytes) }
}

/** The text of the JSON. */
export function encodeRecord(record: CheckpointRecord): string {
  return sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, ...record }, written)
}

/**
 * @param where What the file is called in messages.
 * @throws UserError with one sentence when the text is not the record of a checkpoint
 */
export function decodeRecord(text: string, where: string): CheckpointRecord {
  const wrong = (what: string) => new UserError(`${where} is not a checkpoint: ${what}`)
  const { value, isWhole } = opened(text) ?? {}
  if (value === undefined) throw wrong('it is not JSON')
  if (!hasFields(value, { format: (format) => format === FORMAT })) throw wrong('it has no format')
  if (isCount(value.formatVersion) && value.formatVersion !== FORMAT_VERSION) {
    const version = String(value.formatVersion)
    throw wrong(`it is of format version ${version}, and this Gradpool reads ${FORMAT_VERSION}`)
  }
  if (isWhole !== true) throw new UserError(`${where} is not as it was written`)
  if (!hasFields(value, recordFields)) throw wrong('a field is missing or malformed')
  return asRead(value as unknown as Written)
}

function asRead({ format: _, formatVersion: _version, position, ...rest }: Written): CheckpointRecord {
  const sums = readLists(position.sums, (list) => Float64Array.from(list, Number))
  const rows = readLists(position.rows, (list) => Float32Array.from(list, Number))
  return { ...rest, position: { ...position, sums, rows, lastLoss: Number(position.lastLoss) } }
}

function opened(text: string): ReturnType<typeof openSealed> | undefined {
  try {
    return openSealed(text)
  } catch {
    return undefined
  }
}

/** @throws UserError when the bytes are not those that the record tells of */
export function decodeStates(told: FileTold, bytes: Uint8Array, where: string): Checkpoint['states'] {
  if (bytes.length !== told.bytes || sha256(bytes) !== told.sha256) {
    throw new UserError(`${where} is not as it was written`)
  }
  return decodeSafetensors(bytes, where).tensors
}

/** JSON has no typed arrays, no NaN and no infinity. */
function written(_: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array | Float64Array)
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

type Lists = Readonly<Record<string, readonly (number | string)[]>>

function readLists<T>(lists: Lists, of: (list: Lists[string]) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, of(list)]))
}

/** A record as it is in the file. */
type Written = Omit<CheckpointRecord, 'position'> & {
  readonly format: string
  readonly formatVersion: number
  readonly position: {
    readonly step: number
    readonly since: number
    readonly sums: Lists
    readonly rows: Lists
    readonly lastLoss: number | string
  }
}

const NOT_FINITE = ['NaN', 'Infinity', '-Infinity']

function isNumber(value: unknown): boolean {
  return Number.isFinite(value) || NOT_FINITE.includes(String(value))
}

function areLists(lists: unknown): boolean {
  if (!hasFields(lists, {})) return false
  return Object.values(lists).every((list) => Array.isArray(list) && list.every(isNumber))
}

const recordFields = {
  formatVersion: (version: unknown) => version === FORMAT_VERSION,
  hash: isText,
  numerics: isText,
  position: (position: unknown) =>
    hasFields(position, {
      step: isCount,
      since: isCount,
      sums: areLists,
      rows: areLists,
      lastLoss: isNumber,
    }),
  epochs: isRowsTold,
  seconds: Number.isFinite,
  firstEpoch: (hash: unknown) => hash === undefined || isHash(hash),
  tensors: isFileTold,
  best: (best: unknown) => best === undefined || (isFileTold(best) && hasFields(best, { epoch: isCount })),
  end: (end: unknown) => end === undefined || hasFields(end, { reason: isText, bestEpoch: isOptionalCount }),
}

function isOptionalCount(value: unknown): boolean {
  return value === undefined || isCount(value)
}

function isRowsTold(value: unknown): boolean {
  if (!hasFields(value, { count: isCount, columns: isColumns, sha256: isHash })) return false
  return value.count === 0 || (Array.isArray(value.columns) && value.columns.length > 0)
}

function isColumns(value: unknown): boolean {
  const isShape = (shape: unknown) =>
    shape === undefined || (Array.isArray(shape) && shape.length === 2 && shape.every(isCount))
  return Array.isArray(value) && value.every((each) => hasFields(each, { name: isText, shape: isShape }))
}
