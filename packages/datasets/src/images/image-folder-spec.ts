/** What a folder of pictures is taken as, as plain JSON. */
import { rowsSplitFields, rowsSplitOf, type HeldOutTaking, type RowsSplit } from '../splits/rows-split.js'
import { directoryRule, fieldsTaken, notAllowed, oneOfRule, textRule, type Rule } from '../spec-rules.js'

export interface ImageFolderShape {
  readonly directory: string
  /**
   * A table with the columns `file`, the paths of pictures within the folder, and `label`. Default: a folder within the
   * folder for each class.
   */
  readonly labels?: string
  /** Of such a table: `true` where labels that are numbers are classes. Default: they are the field `y`. */
  readonly classes?: true
  /** Of every picture once read: [height, width]. Default: [64, 64]. */
  readonly size: readonly [height: number, width: number]
  /** 3: red, green and blue. 1: grey. Default: 3. */
  readonly channels: 1 | 3
  /**
   * What becomes of a picture of other proportions: `fill` stretches it, `cover` cuts off what is too much, `contain`
   * puts black beside it. Default: `fill`.
   */
  readonly fit: 'fill' | 'cover' | 'contain'
  /** What becomes of a file that is no picture, or a damaged one. Default: `refuse`. */
  readonly damaged: 'refuse' | 'skip'
}

export interface ImageFolderSpec<H = unknown> extends ImageFolderShape, RowsSplit<H> {
  readonly kind: 'imageFolder'
}

const MOST_PIXELS = 4096
const isSide = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_PIXELS

const sizeRule: Rule<readonly [number, number]> = {
  expected: `[height, width] in pixels, each from 1 to ${MOST_PIXELS}`,
  default: [64, 64],
  accepts: (value): value is readonly [number, number] =>
    Array.isArray(value) && value.length === 2 && value.every(isSide),
}

const known = ['kind', 'directory', 'labels', 'classes', 'size', 'channels', 'fit', 'damaged', ...rowsSplitFields]

export function imageFolderSpec<H>(value: object, taking: HeldOutTaking<H>): ImageFolderSpec<H> {
  const taker = fieldsTaken(value, taking.where, known, 'an object such as imageFolder() returns')
  const [labels, classes] = [taker.get('labels'), taker.get('classes')]
  if (classes !== undefined && (classes !== true || labels === undefined)) {
    throw notAllowed(`${taking.where}.classes`, "true, beside labels: 'FILE'", classes)
  }
  return {
    kind: 'imageFolder',
    directory: taker.take('directory', directoryRule),
    ...(labels !== undefined && { labels: taker.take('labels', textRule('the path of a table')) }),
    ...(classes === true && { classes }),
    size: taker.take('size', sizeRule),
    channels: taker.take('channels', oneOfRule<1 | 3>(3, 1)),
    fit: taker.take('fit', oneOfRule<ImageFolderShape['fit']>('fill', 'cover', 'contain')),
    damaged: taker.take('damaged', oneOfRule<ImageFolderShape['damaged']>('refuse', 'skip')),
    ...rowsSplitOf(taker, taking),
  }
}
