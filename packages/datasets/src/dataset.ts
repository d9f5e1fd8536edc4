/**
 * Data in memory: their fields, once, and their splits, which are lists of rows of these fields.
 */
import { UserError } from '@gradpool/core'
import { sameShape, type Field, type Reading, type Split, type TableNames } from '@gradpool/core/engine'
import { createHash } from 'node:crypto'
import { mapped, rowsOf, typeText, type Fields } from './fields.js'
import { isObject, type Labelled, listed } from './spec-rules.js'
import { oversampled } from './splits/oversample.js'
import { keyColumnOf, type SplitBy } from './splits/rows-split.js'
import { splitRows, type SplitKey } from './splits/splits.js'

export interface Dataset extends TableNames {
  /** `mnist`, the name of a folder, or the one that plain fields were given. */
  readonly name: string
  /** SHA-256 of the contents; how they are split does not change it, but for a text, which is cut first. */
  readonly hash: string
  /** `test` has fields of its own where files or the caller have, and else those of `train`. */
  readonly fields: { readonly train: Fields; readonly test?: Fields }
  readonly splits: {
    /**
     * For training that uses no labels: of files every training image, of rows all that are not held out.
     */
    readonly all: Split
    /** The rows whose labels are used. */
    readonly train: Split
    readonly validation?: Split
    readonly test?: Split
  }
  /**
   * Labels, and the tokens of a text, are 0 … classes - 1. Of plain fields, known where `label` is one whole number
   * from 0 on.
   */
  readonly classes?: number
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
export interface Contents extends Pick<Dataset, 'name' | 'classes' | 'imageShape' | 'skipped'>, TableNames {
  readonly hash: () => string
  readonly fields: Fields
  /** Those that are split. */
  readonly rows: Int32Array
  /** Whether splits have rows in the order in which they were given. */
  readonly inOrder: boolean
  /** What tables are split by, where a column says so. */
  readonly splitKey?: SplitKey
}

/**
 * Rows of other fields, that are a split as they are; `hash` where that of the contents leaves them
 * out.
 */
export interface OwnRows {
  readonly split: Split
  readonly hash?: () => string
  /** Names that have to be those of the training. */
  readonly names?: TableNames
  readonly splitKey?: SplitKey | undefined
}

export interface SplitPlan {
  readonly labelled: Labelled
  /** A share of the rows or a number of them, or rows of its own. */
  readonly validation: number | OwnRows
  readonly test: number | OwnRows
  readonly splitBy: SplitBy
  readonly splitSeed: number
  /** Of the training rows alone. */
  readonly balance?: 'oversample'
  /** Of all splits that are drawn. */
  readonly reading?: Reading | undefined
}

export interface Origin {
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
  const { contents, plan } = originOfSplits(dataset)
  return splitData(contents, { ...plan, ...change })
}

/**
 * The same examples and validation, with these rows to train and to test on, `all` of them for what needs no labels.
 */
export function withRows(
  dataset: Dataset,
  { all, train, test }: Readonly<Record<'all' | 'train' | 'test', Split>>,
): Dataset {
  const { contents } = originOfSplits(dataset)
  const plan = asTheyAre({ ...dataset.splits, test })
  const origin = { contents: { ...contents, rows: train.rows, inOrder: true }, plan }
  return madeOf(origin, { ...splitsOf(origin.contents, plan), all })
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
  const { name, classes, skipped, imageShape, fields } = contents
  const dataset: Dataset = {
    name,
    get hash() {
      return hashOf(contents, plan)
    },
    fields: { train: fields, ...(splits.test && { test: splits.test.fields }) },
    splits,
    ...(classes !== undefined && { classes }),
    ...tableNamesOf(contents),
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

/** What the numbers are called, without what else is known of them; undefined where they are no table. */
export function tableNamesOf({
  target,
  columns,
  categories,
  unknown,
  missing,
  classNames,
  tokens,
  encoder,
}: TableNames): TableNames | undefined {
  const names = {
    ...(target !== undefined && { target }),
    ...(columns && { columns }),
    ...(categories && { categories }),
    ...(unknown && { unknown }),
    ...(missing !== undefined && { missing }),
    ...(classNames && { classNames }),
    ...(tokens && { tokens }),
    ...(encoder && { encoder }),
  }
  return Object.keys(names).length > 0 ? names : undefined
}

/** What the rows were split by, and which rows a split of its own has. @internal */
export function originOfSplits(dataset: Dataset): Origin {
  return origins.get(dataset) ?? originOf(dataset)
}

function originOf({ hash, fields, splits, ...rest }: Dataset): Origin {
  const { rows } = splits.train
  return {
    contents: { ...rest, hash: () => hash, fields: fields.train, rows, inOrder: true },
    plan: asTheyAre(splits),
  }
}

function asTheyAre({ train, validation, test }: Omit<Dataset['splits'], 'all'>): SplitPlan {
  const own = (split: Split | undefined) => (split === undefined ? 0 : { split })
  const held = { validation: own(validation), test: own(test) }
  return { labelled: 1, ...held, splitBy: 'random', splitSeed: 0, reading: train.reading }
}

function splitsOf(contents: Contents, plan: SplitPlan): Dataset['splits'] {
  const { fields, rows, inOrder } = contents
  const { labelled, validation, test, splitBy, splitSeed, balance, reading } = plan
  const target = labelled === 'withTarget' ? targetIn(contents) : undefined
  const eligible = target ? rows.filter(target) : rows
  if (eligible.length === 0) throw new UserError(`${contents.name} has no row with a target`)
  const sizes = {
    labelled: labelled === 'withTarget' ? 1 : labelled,
    validation: sizeIn(validation),
    test: sizeIn(test),
  }
  // Of stored fields, values are read when they are asked for.
  const needsLabels = splitBy === 'label' || balance !== undefined
  const labels = needsLabels && fields.label?.shape.length === 0 ? fields.label.values : undefined
  const splitOf = (some: Int32Array): Split => ({ fields, rows: some, ...(reading && { reading }) })
  const key = splitKeyOf(contents, splitBy)
  const isWhole = inOrder && splitBy === 'random' && labelled === 1 && sizes.validation === 0 && sizes.test === 0
  const drawn = isWhole
    ? { train: rows, validation: new Int32Array(), test: new Int32Array() }
    : splitRows(eligible, sizes, { splitBy, splitSeed, labels, key })
  const held = (name: 'validation' | 'test'): Split | undefined => {
    const own = plan[name]
    if (typeof own !== 'number') return checkedSplit(name, own, contents)
    const part = drawn[name]
    return own === 0 ? undefined : splitOf(inOrder ? ordered(part, rows) : part)
  }
  const heldOut = { validation: held('validation'), test: held('test') }
  const drawnOnce = splitOf(inOrder ? ordered(drawn.train, rows) : drawn.train)
  const train = balance ? splitOf(oversampled(drawnOnce.rows, labels, splitSeed)) : drawnOnce
  const unlabelled = inOrder && labelled !== 1 && splitOf(without(drawn.test, without(drawn.validation, rows)))
  return {
    all: unlabelled || (inOrder ? drawnOnce : splitOf(without(drawn.test, rows))),
    train,
    ...(heldOut.validation && { validation: heldOut.validation }),
    ...(heldOut.test && { test: heldOut.test }),
  }
}

/** Whether a row has a target. @throws UserError where no field is one */
export function targetIn({ name, fields: { label, y } }: Pick<Contents, 'name' | 'fields'>): (row: number) => boolean {
  const field = label ?? y
  if (field?.shape.length !== 0) {
    throw new UserError(`${name} has no target of one number a row, so labelled cannot be 'withTarget'`)
  }
  const { values } = field
  return label ? (row) => (values[row] ?? -1) >= 0 : (row) => !Number.isNaN(values[row])
}

/** Of tables, the column was read for it; of arrays, it is a field. */
export function splitKeyOf({ name, fields, splitKey }: Contents, splitBy: SplitBy): SplitKey | undefined {
  const column = keyColumnOf(splitBy)
  if (column === undefined) return undefined
  if (splitKey?.column === column) return splitKey
  const field = fields[column]
  if (field?.shape.length === 0) return { column, values: field.values }
  throw new UserError(
    `${name} has no field '${column}' of one number a row to split by; its fields are ${listed(Object.keys(fields))}`,
  )
}

function sizeIn(held: number | OwnRows): number {
  return typeof held === 'number' ? held : 0
}

/** Some of the rows, in their order. */
function ordered(some: Int32Array, rows: Int32Array): Int32Array {
  if (some.length === rows.length) return rows
  return picked(rows, markedIn(some, rows), 1)
}

/** The rows with this mark. A filter would have a list of them beside, of twice their size. */
function picked(rows: Int32Array, marked: Uint8Array, mark: 0 | 1): Int32Array {
  let count = 0
  for (const row of rows) if (marked[row] === mark) count++
  const some = sharedRows(count)
  let at = 0
  for (const row of rows) if (marked[row] === mark) some[at++] = row
  return some
}

/** 1 at each of some of the rows. */
function markedIn(some: Int32Array, rows: Int32Array): Uint8Array {
  const marked = new Uint8Array(rows.reduce((most, row) => Math.max(most, row), 0) + 1)
  for (const row of some) marked[row] = 1
  return marked
}

function without(some: Int32Array, rows: Int32Array): Int32Array {
  if (some.length === 0) return rows
  return picked(rows, markedIn(some, rows), 0)
}

function checkedSplit(split: string, { split: own, names: told }: OwnRows, contents: Contents): Split {
  const names = told ?? {}
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
  const [found, expected]: readonly [TableNames, TableNames] = [names, contents]
  const isTable = found.columns !== undefined && expected.columns !== undefined
  if (told && told.encoder?.hash !== contents.encoder?.hash) {
    throw new UserError(`The ${split} data of ${name} were made by another encoder than the training, or by none`)
  }
  if (found.tokens && expected.tokens && JSON.stringify(found.tokens) !== JSON.stringify(expected.tokens)) {
    throw new UserError(`The ${split} data of ${name} have other tokens than the training: leave them out`)
  }
  for (const [kind, what] of [
    ['columns', 'other columns'],
    ['categories', 'other categories'],
    ['classNames', 'other classes'],
  ] as const) {
    if (!isTable || sameNames(found[kind] ?? [], expected[kind] ?? [])) continue
    throw new UserError(`The ${split} data of ${name} have ${what} than the training: leave them out, or name the same`)
  }
  if (typeof names.missing === 'string' && typeof contents.missing !== 'string') {
    throw new UserError(
      `The ${split} data of ${name} have missing '${names.missing}' and the training has not, so no model replaces them`,
    )
  }
  return own
}

/** In the same order; of a record, whatever the order of its names. */
function sameNames(found: object, expected: object): boolean {
  const text = (names: object) => JSON.stringify(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)))
  return text(found) === text(expected)
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
export function classesOf({ label }: Fields, labelled: Labelled = 1): number | undefined {
  if (label === undefined || label.dtype === 'f32' || label.shape.length > 0) return undefined
  let most = 0
  for (const value of label.values) {
    if (value < 0 && labelled !== 'withTarget') return undefined
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

/** A thread that reads stored rows is sent them without a copy. */
function sharedRows(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * count))
}

/** Every row, in order. */
export function allRows(fields: Fields): Int32Array {
  const [first] = Object.values(fields)
  const rows = sharedRows(first === undefined ? 0 : rowsOf(first))
  for (let row = 0; row < rows.length; row++) rows[row] = row
  return rows
}
