/** What text files are taken as, as plain JSON. */
import { isTokens, type BlockShuffle, type LengthShuffle, type Tokens } from '@gradpool/core/engine'
import { shuffleOf, type HeldOutTaking } from '../splits/rows-split.js'
import { fieldsTaken, isObject, notAllowed, oneOfRule, wholeRule, type Rule } from '../spec-rules.js'

/** To be learnt from the text that is trained on. */
export interface BytePairsToLearn {
  readonly kind: 'bytePairs'
  /** How many tokens, the 256 bytes among them. */
  readonly size: number
}

export interface TextShape {
  /** Files of text, those of npm packages as `npm:PACKAGE/FILE`; no window goes from one to the next. */
  readonly paths: readonly string[]
  /**
   * `characters`: those of the text that is trained on; `bytePairs(512)`: learnt from it; the path of a
   * `tokenizer.json`; or the tokens of other data.
   */
  readonly tokens: 'characters' | BytePairsToLearn | Tokens | (string & {})
  /** What becomes of a character that the text which is trained on has not. Default: `refuse`. */
  readonly unknown: 'refuse' | 'token'
  /** How many tokens an example has. */
  readonly length: number
  /** From the first token of an example to that of the next; of windows. */
  readonly stride: number
  /**
   * `lines`: each line that is not blank is an example, padded to `length`, with the field `length`; of longer ones the
   * end is left out. Default: windows over all of the text.
   */
  readonly rows?: 'lines'
  /** In what order a pass that is shuffled visits the examples. Where it is left out, any may come at any place. */
  readonly shuffle?: BlockShuffle | LengthShuffle
}

export interface TextSpec<H = unknown> extends TextShape {
  readonly kind: 'text'
  /** The share or number of characters of each file, before those of the test, or data of its own. */
  readonly validation: H
  /** The share or number of characters of each file, at its end, or data of its own. */
  readonly test: H
}

const known = ['kind', 'paths', 'tokens', 'unknown', 'length', 'stride', 'rows', 'shuffle', 'validation', 'test']

const pathsRule: Rule<readonly string[]> = {
  expected: 'the path of a file, or a list of paths',
  accepts: (value): value is readonly string[] =>
    Array.isArray(value) && value.length > 0 && value.every((path) => typeof path === 'string' && path !== ''),
}

const MOST_TOKENS = 2 ** 20
const tokensRule: Rule<TextShape['tokens']> = {
  expected: `'characters', bytePairs(size) of 256 to ${MOST_TOKENS}, or the path of a tokenizer.json`,
  default: 'characters',
  accepts: (value): value is TextShape['tokens'] =>
    value === 'characters' ||
    (typeof value === 'string' && /\.json(?:#sha256=\w*)?$/i.test(value)) ||
    isToLearn(value) ||
    isTokens(value),
}

export function isToLearn(value: unknown): value is BytePairsToLearn {
  return (
    isObject(value) &&
    'kind' in value &&
    value.kind === 'bytePairs' &&
    'size' in value &&
    Number.isInteger(value.size) &&
    Number(value.size) >= 256 &&
    Number(value.size) <= MOST_TOKENS
  )
}

const linesRule: Rule<'lines'> = {
  expected: "'lines', or left out",
  accepts: (value): value is 'lines' => value === 'lines',
}

const MOST_LENGTH = 2 ** 20
const lengthRule = wholeRule(1, MOST_LENGTH, 64)

export function textSpec<H>(value: object, { where, heldOut }: HeldOutTaking<H>): TextSpec<H> {
  const taker = fieldsTaken(value, where, known, 'an object such as text() returns')
  const length = taker.take('length', lengthRule)
  const shuffle = shuffleOf(taker.get('shuffle'), `${where}.shuffle`)
  const rows = taker.get('rows') === undefined ? {} : { rows: taker.take('rows', linesRule) }
  const stride = taker.take('stride', wholeRule(1, MOST_LENGTH, length))
  if (rows.rows && stride !== length) throw notAllowed(`${where}.stride`, "left out with rows: 'lines'", stride)
  return {
    kind: 'text',
    paths: taker.take('paths', pathsRule),
    tokens: taker.take('tokens', tokensRule),
    unknown: taker.take('unknown', oneOfRule<TextShape['unknown']>('refuse', 'token')),
    length,
    stride,
    ...rows,
    ...(shuffle && { shuffle }),
    validation: heldOut(taker.get('validation') ?? 0, `${where}.validation`),
    test: heldOut(taker.get('test') ?? 0, `${where}.test`),
  }
}
