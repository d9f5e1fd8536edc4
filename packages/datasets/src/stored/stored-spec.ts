/** Which prepared data set is meant, as plain JSON. */
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../splits/rows-split.js'
import { directoryRule, fieldsTaken, type Rule } from '../spec-rules.js'

export interface StoredShape {
  /** A folder that `prepareDataset` or `gradpool data FILE --prepare FOLDER` has written. */
  readonly directory: string
  /** Memory for the rows that are trained on and those that are read ahead, together. It changes no result. */
  readonly windowBytes: number
}

export interface StoredSpec<H = unknown> extends StoredShape, RowsSplit<H> {
  readonly kind: 'stored'
}

const windowBytesRule: Rule<number> = {
  expected: 'a number of bytes from 1 to 1073741824',
  default: 2 ** 27,
  accepts: (value): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2 ** 30,
}

export function storedSpec<H>(value: object, taking: HeldOutTaking<H>): StoredSpec<H> {
  const { where } = taking
  const names = ['kind', 'directory', 'windowBytes', ...rowsSplitFields]
  const taker = fieldsTaken(value, where, names, 'an object such as stored() returns')
  return {
    kind: 'stored',
    directory: taker.take('directory', directoryRule),
    windowBytes: taker.take('windowBytes', windowBytesRule),
    ...rowsSplitOf(taker, taking),
  }
}
