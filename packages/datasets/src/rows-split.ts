/** How rows that come as they are, from memory or a file, are split. */
import { splitSeedRule, type FieldTaker, type Rule } from './spec-rules.js'

/**
 * `random`: shuffled. `label`: shuffled, with as much of each class in each split. `order`: the last rows are held out,
 * as those of a time to come.
 */
export type SplitBy = 'random' | 'label' | 'order'

export interface RowsSplit<H> {
  readonly validation: H
  readonly test: H
  readonly splitBy: SplitBy
  /** Which rows a share or a number takes. */
  readonly splitSeed: number
  /** `oversample`: rows of rare classes are trained on several times. Where it is left out, all are once. */
  readonly balance?: 'oversample'
}

export const rowsSplitFields = ['validation', 'test', 'splitBy', 'splitSeed', 'balance'] as const

const splitByRule: Rule<SplitBy> = {
  expected: "'random', 'label' or 'order'",
  default: 'random',
  accepts: (value): value is SplitBy => value === 'random' || value === 'label' || value === 'order',
}

const balanceRule: Rule<'oversample'> = {
  expected: "'oversample', or left out",
  accepts: (value): value is 'oversample' => value === 'oversample',
}

/** How `validation` and `test` are checked, and what the spec is called. */
export interface HeldOutTaking<H> {
  readonly where: string
  readonly heldOut: (value: unknown, where: string) => H
}

export function rowsSplitOf<H>(taker: FieldTaker, { where, heldOut }: HeldOutTaking<H>): RowsSplit<H> {
  return {
    validation: heldOut(taker.get('validation') ?? 0, `${where}.validation`),
    test: heldOut(taker.get('test') ?? 0, `${where}.test`),
    splitBy: taker.take('splitBy', splitByRule),
    splitSeed: taker.take('splitSeed', splitSeedRule),
    ...(taker.get('balance') !== undefined && { balance: taker.take('balance', balanceRule) }),
  }
}
