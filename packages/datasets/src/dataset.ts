/**
 * Data in memory: their fields, once, and their splits, which are lists of rows of these fields.
 */
import { UserError } from '@gradpool/core'
import { sameShape, type Field, type Split } from '@gradpool/core/engine'
import { createHash } from 'node:crypto'
import { mapped, rowsOf, typeText, type Fields } from './fields.js'
import { isObject } from './spec-rules.js'
import type { SplitBy } from './rows-split.js'
import { splitRows } from './splits.js'

export interface Dataset {
  /** `mnist`, the name of a folder, or the one that plain fields were given. */
  readonly name: string
  /** SHA-256 of the contents; how they are split does not change it. */
  readonly hash: string
  /** `test` has fields of its own where files or the caller have, and else those of `train`. */
  readonly fields: { readonly train: Fields; readonly test?: Fields }
  readonly splits: {
    /**
     * For training that uses no labels: of files every training image, of plain fields the rows of
     * `train`.
     */
    readonly all: Split
    /** The rows whose labels are used. */
    readonly train: Split
    readonly validation?: Split
    readonly test?: Split
  }
  /**
   * Labels are 0 … classes - 1. Of plain fields, known where `label` is one whole number from 0 on.
   */
  readonly classes?: number
  /** Of a table, the names of its classes, in the order of their numbers. */
  readonly classNames?: readonly string[]
  /** Of a table, the names of the columns that `x` has. */
  readonly columns?: readonly string[]
  /** Of a folder of pictures, the paths of files that were skipped, as they are damaged or none. */
  readonly skipped?: readonly string[]
  /** Where `image` has bytes, as pixels, in rows and columns. */
  readonly imageShape?: readonly [height: number, width: number]
}

/** `image`: u8 [height * width]; `label`: u8 []. */
export type ImageFields = Readonly<Record<'image' | 'label', Field>> & Fields

/** What files of images give. */
export interface ImageDataset extends Dataset {
  readonly fields: { readonly train: ImageFields; readonly test: ImageFields }
  readonly classes: number
  readonly imageShape: readonly [height: number, width: number]
}

/** Rows that are there before they are split. */
export interface Contents extends Pick<
  Dataset,
  'name' | 'classes' | 'imageShape' | 'classNames' | 'columns' | 'skipped'
> {
  readonly hash: () => string
  readonly fields: Fields
  /** Those that are split. */
  readonly rows: Int32Array
  /** Whether splits have rows in the order in which they were given. */
  readonly inOrder: boolean
}

/**
 * Rows of other fields, that are a split as they are; `hash` where that of the contents leaves them
 * out.
 */
export interface OwnRows {
  readonly split: Split
  readonly hash?: () => string
  /** Names that have to be those of the training. */
  readonly names?: Pick<Dataset, 'classNames' | 'columns'>
}

export interface SplitPlan {
  readonly labelled: number
  /** A share of the rows or a number of them, or rows of its own. */
  readonly validation: number | OwnRows
  readonly test: number | OwnRows
  readonly splitBy: SplitBy
  readonly splitSeed: number
}

interface Origin {
  readonly contents: Contents
  readonly plan: SplitPlan
}

const origins = new WeakMap<Dataset, Origin>()

/**
 * @throws UserError when there are too few rows, or fields of a split's own are not as those of the
 *   training
 */
export function splitData(contents: Contents, plan: SplitPlan): Dataset {
  return madeOf({ contents, plan }, splitsOf(contents, plan))
}

/** The same examples, in the same memory, with other rows held out. */
export function splitAgain(dataset: Dataset, change: Partial<Pick<SplitPlan, 'validation' | 'test'>>): Dataset {
  if (Object.keys(change).length === 0) return dataset
  const { contents, plan } = origins.get(dataset) ?? originOf(dataset)
  return splitData(contents, { ...plan, ...change })
}

/** The same examples and validation, with these rows to train and to test on. */
export function withRows(dataset: Dataset, { train, test }: Readonly<Record<'train' | 'test', Split>>): Dataset {
  const { contents } = origins.get(dataset) ?? originOf(dataset)
  const plan = asTheyAre({ ...dataset.splits, test })
  return splitData({ ...contents, rows: train.rows, inOrder: true }, plan)
}

/** One that the caller put together becomes one that can be written as JSON. */
export function loadedData(dataset: Dataset): Dataset {
  return origins.has(dataset) ? dataset : madeOf(originOf(dataset), dataset.splits)
}

export function isDataset(value: unknown): value is Dataset {
  return (
    isObject(value) &&
    !('kind' in value) &&
    ['fields', 'splits'].every((name) => name in value) &&
    'hash' in value &&
    typeof value.hash === 'string'
  )
}

/** @throws UserError for data without images, labels, or the shape of the images */
export function expectImages(dataset: Dataset): ImageDataset {
  if (isImages(dataset)) return dataset
  const expected = "the bytes 'image' of [height, width] and their 'label', to train on and to test"
  throw new UserError(`${dataset.name} are no images with labels: expected ${expected}`)
}

function isImages(dataset: Dataset): dataset is ImageDataset {
  const { fields, imageShape, classes } = dataset
  const has = (part: Fields | undefined) => part?.image?.dtype === 'u8' && part.label?.shape.length === 0
  return imageShape !== undefined && classes !== undefined && has(fields.train) && has(fields.test)
}

function madeOf(origin: Origin, splits: Dataset['splits']): Dataset {
  const { contents, plan } = origin
  const { name, classes, classNames, columns, skipped, imageShape, fields } = contents
  const dataset: Dataset = {
    name,
    get hash() {
      return hashOf(contents, plan)
    },
    fields: { train: fields, ...(splits.test && { test: splits.test.fields }) },
    splits,
    ...(classes !== undefined && { classes }),
    ...(classNames && { classNames }),
    ...(columns && { columns }),
    ...(skipped && { skipped }),
    ...(imageShape && { imageShape }),
  }
  const toJSON = () => ({
    kind: 'loaded',
    name,
    hash: dataset.hash,
    fields: mapped(fields, typeText),
    splits: mapped(splits, ({ rows }) => rows.length),
  })
  Object.defineProperty(dataset, 'toJSON', { value: toJSON })
  origins.set(dataset, origin)
  return dataset
}

function originOf({ hash, fields, splits, ...rest }: Dataset): Origin {
  const { rows } = splits.train
  return {
    contents: { ...rest, hash: () => hash, fields: fields.train, rows, inOrder: true },
    plan: asTheyAre(splits),
  }
}

function asTheyAre({ validation, test }: Pick<Dataset['splits'], 'validation' | 'test'>): SplitPlan {
  const own = (split: Split | undefined) => (split === undefined ? 0 : { split })
  return { labelled: 1, validation: own(validation), test: own(test), splitBy: 'random', splitSeed: 0 }
}

function splitsOf(contents: Contents, plan: SplitPlan): Dataset['splits'] {
  const { fields, rows, inOrder } = contents
  const { labelled, validation, test, splitBy, splitSeed } = plan
  const sizes = { labelled, validation: sizeIn(validation), test: sizeIn(test) }
  const labels = fields.label?.shape.length === 0 ? fields.label.values : undefined
  const drawn = splitRows(rows, sizes, { splitBy, splitSeed, labels })
  const held = (name: 'validation' | 'test'): Split | undefined => {
    const own = plan[name]
    if (typeof own !== 'number') return checkedSplit(name, own, contents)
    const part = drawn[name]
    return own === 0 ? undefined : { fields, rows: inOrder ? ordered(part, rows) : part }
  }
  const heldOut = { validation: held('validation'), test: held('test') }
  const train = { fields, rows: inOrder ? ordered(drawn.train, rows) : drawn.train }
  return {
    all: inOrder ? train : { fields, rows: without(drawn.test, rows) },
    train,
    ...(heldOut.validation && { validation: heldOut.validation }),
    ...(heldOut.test && { test: heldOut.test }),
  }
}

function sizeIn(held: number | OwnRows): number {
  return typeof held === 'number' ? held : 0
}

/** Some of the rows, in their order. */
function ordered(some: Int32Array, rows: Int32Array): Int32Array {
  if (some.length === rows.length) return rows
  const chosen = new Set(some)
  return rows.filter((row) => chosen.has(row))
}

function without(some: Int32Array, rows: Int32Array): Int32Array {
  if (some.length === 0) return rows
  const left = new Set(some)
  return rows.filter((row) => !left.has(row))
}

function checkedSplit(split: string, { split: own, names = {} }: OwnRows, contents: Contents): Split {
  const { name, fields } = contents
  for (const [field, expected] of Object.entries(fields)) {
    const found = own.fields[field]
    if (found === undefined) {
      throw new UserError(`The ${split} data of ${name} have no field '${field}', as the training has`)
    }
    if (found.dtype !== expected.dtype || !sameShape(found.shape, expected.shape)) {
      throw new UserError(
        `The ${split} data of ${name} have '${field}' as ${typeText(found)}, the training has ${typeText(expected)}`,
      )
    }
  }
  for (const [kind, hint] of [
    ['columns', 'columns: […]'],
    ['classNames', 'classes: […]'],
  ] as const) {
    const [found, expected] = [names[kind], contents[kind]]
    if (found === undefined || expected === undefined || JSON.stringify(found) === JSON.stringify(expected)) continue
    const which = kind === 'columns' ? 'columns' : 'classes'
    throw new UserError(
      `The ${split} data of ${name} have other ${which} than the training: name them in both, as ${hint}`,
    )
  }
  return own
}

function hashOf({ hash }: Contents, { validation, test }: SplitPlan): string {
  const own = Object.entries({ validation, test }).flatMap(([name, held]) =>
    typeof held === 'number' || held.hash === undefined ? [] : [`${name} ${held.hash()}\n`],
  )
  if (own.length === 0) return hash()
  return createHash('sha256')
    .update(`${hash()}\n${own.join('')}`)
    .digest('hex')
}

/** Of plain fields. */
export function classesOf({ label }: Fields): number | undefined {
  if (label === undefined || label.dtype === 'f32' || label.shape.length > 0) return undefined
  let most = 0
  for (const value of label.values) {
    if (value < 0) return undefined
    most = Math.max(most, value)
  }
  return most + 1
}

/** Of plain fields. */
export function imageShapeOf({ image }: Fields): readonly [number, number] | undefined {
  if (image?.dtype !== 'u8') return undefined
  const [height, width, channels = 1, ...more] = image.shape
  const isGrey = height !== undefined && width !== undefined && channels === 1 && more.length === 0
  return isGrey ? [height, width] : undefined
}

/** Every row, in order. */
export function allRows(fields: Fields): Int32Array {
  const [first] = Object.values(fields)
  return Int32Array.from({ length: first === undefined ? 0 : rowsOf(first) }, (_, row) => row)
}
