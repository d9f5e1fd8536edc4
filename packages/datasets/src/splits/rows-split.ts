/** How rows that come as they are, from memory or a file, are split. */
import type { BlockShuffle, LengthShuffle } from '@gradpool/core/engine'
import {
  fieldsTaken,
  isObject,
  labelledRowsRule,
  type Labelled,
  splitSeedRule,
  textRule,
  wholeRule,
  type FieldTaker,
  type Rule,
} from '../spec-rules.js'

/**
 * `random`: shuffled. `label`: shuffled, with as much of each class in each split. `order`: the last rows are held out,
 * as those of a time to come. By a column (of arrays, a field of one number a row): `{ group }` has all rows of one
 * value in one split, `{ time }` holds out the latest.
 */
export type SplitBy = 'random' | 'label' | 'order' | { readonly group: string } | { readonly time: string }

export interface RowsSplit<H> {
  /** The share or number of the rows whose labels are used; 1 for all that are not held out; or those that have one. */
  readonly labelled: Labelled
  readonly validation: H
  readonly test: H
  readonly splitBy: SplitBy
  /** Which rows a share or a number takes. */
  readonly splitSeed: number
  /** `oversample`: rows of rare classes are trained on several times. Where it is left out, all are once. */
  readonly balance?: 'oversample'
  /** In what order a pass that is shuffled visits the rows. Where it is left out, any row may come at any place. */
  readonly shuffle?: BlockShuffle | LengthShuffle
}

export const rowsSplitFields = ['labelled', 'validation', 'test', 'splitBy', 'splitSeed', 'balance', 'shuffle'] as const

const splitByRule: Rule<SplitBy> = {
  expected: "'random', 'label', 'order', { group } or { time } with the name of a column",
  default: 'random',
  accepts: (value): value is SplitBy =>
    value === 'random' ||
    value === 'label' ||
    value === 'order' ||
    (isObject(value) &&
      /^(?:group|time)$/.test(Object.keys(value).join()) &&
      Object.values(value).every((name) => typeof name === 'string' && name !== '')),
}

/** The column that rows are split by, if there is one. */
export function keyColumnOf(splitBy: SplitBy): string | undefined {
  if (typeof splitBy === 'string') return undefined
  return 'group' in splitBy ? splitBy.group : splitBy.time
}

const balanceRule: Rule<'oversample'> = {
  expected: "'oversample', or left out",
  accepts: (value): value is 'oversample' => value === 'oversample',
}

/** `whole`, or what is given of a `BlockShuffle` or a `LengthShuffle`. */
export type ShuffleOption =
  'whole' | Partial<BlockShuffle> | (Pick<LengthShuffle, 'byLength'> & Partial<Pick<LengthShuffle, 'poolBatches'>>)

const shuffleText = "'whole', { blockRows, groupBlocks } or { byLength, poolBatches }"
const MOST = 2 ** 31 - 1

/** Undefined for a whole shuffle. */
export function shuffleOf(value: unknown, where: string): BlockShuffle | LengthShuffle | undefined {
  if (value === undefined || value === 'whole') return undefined
  if (isObject(value) && 'byLength' in value) {
    const taker = fieldsTaken(value, where, ['byLength', 'poolBatches'], shuffleText)
    return {
      byLength: taker.take('byLength', textRule('the name of a field of lengths')),
      poolBatches: taker.take('poolBatches', wholeRule(1, MOST, 100)),
    }
  }
  const taker = fieldsTaken(value, where, ['blockRows', 'groupBlocks'], shuffleText)
  return {
    blockRows: taker.take('blockRows', wholeRule(1, MOST, 1024)),
    groupBlocks: taker.take('groupBlocks', wholeRule(1, MOST, 64)),
  }
}

/** How `validation` and `test` are checked, and what the spec is called. */
export interface HeldOutTaking<H> {
  readonly where: string
  readonly heldOut: (value: unknown, where: string) => H
}

export function rowsSplitOf<H>(taker: FieldTaker, { where, heldOut }: HeldOutTaking<H>): RowsSplit<H> {
  const shuffle = shuffleOf(taker.get('shuffle'), `${where}.shuffle`)
  return {
    labelled: taker.take('labelled', labelledRowsRule),
    validation: heldOut(taker.get('validation') ?? 0, `${where}.validation`),
    test: heldOut(taker.get('test') ?? 0, `${where}.test`),
    splitBy: taker.take('splitBy', splitByRule),
    splitSeed: taker.take('splitSeed', splitSeedRule),
    ...(taker.get('balance') !== undefined && { balance: taker.take('balance', balanceRule) }),
    ...(shuffle && { shuffle }),
  }
}
