/**
 * Text files as fields: `text` i32 [length], tokens one after the other, and `next` i32 [length], the token after each.
 * Of lines, there is also `length` i32 [], how many tokens of a row count; after them `text` is 0 and `next` is -1.
 *
 * Each file is cut before its tokens are learnt or made into windows, so neither a token nor a window goes over the end
 * of what is trained on.
 */
import { UserError } from '@gradpool/core'
import type { Tokens } from '@gradpool/core/engine'
import { readRegular } from '@gradpool/storage'
import { basename } from 'node:path'
import type { Fields } from '../fields.js'
import { allocateShared } from '../idx/read.js'
import { readError } from '../idx/read-error.js'
import { isAddress, localFile, nameOfAddress } from '../remote/remote-file.js'
import { learnBytePairs } from './byte-pairs.js'
import { LENGTH_FIELD } from '../sequences.js'
import { fileOf } from './package-file.js'
import { readText } from './read-text.js'
import { placeIn } from './read-text-inputs.js'
import { isToLearn, type TextShape } from './text-spec.js'
import { charactersOf, tokenizerOf, type Tokenizer } from './tokenizer.js'

type SplitName = 'train' | 'validation' | 'test'

/** How much of each file is held out: shares or numbers of its characters. */
export type HeldOutOfText = Readonly<Record<'validation' | 'test', number>>

export interface TextWindows {
  readonly fields: { readonly train: Fields } & Readonly<Partial<Record<'validation' | 'test', Fields>>>
  readonly tokens: Tokens
  readonly size: number
}

/** A part of a file. */
interface Part {
  readonly path: string
  /** The whole file. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Of an array of one field. */
const MOST_VALUES = 2 ** 29

/** @throws UserError with one sentence that names the file */
export async function readTextWindows(shape: TextShape, held: HeldOutOfText): Promise<TextWindows> {
  const parts: Record<SplitName, Part[]> = { train: [], validation: [], test: [] }
  for (const given of shape.paths) {
    const path = await localFile(fileOf(given))
    const text = await readText(path)
    if (text === '') throw new UserError(`${path} is empty, expected a text`)
    const { train, validation, test } = cut(path, text, held, shape.rows === 'lines')
    parts.train.push(train)
    parts.validation.push(validation)
    parts.test.push(test)
  }
  const tokens = await tokensOf(shape, parts.train)
  const tokenizer = await tokenizerOf(tokens)
  const fieldsOf = (split: SplitName) => windowsOf(split, parts[split], { shape, tokenizer })
  return {
    fields: {
      train: fieldsOf('train'),
      ...(held.validation > 0 && { validation: fieldsOf('validation') }),
      ...(held.test > 0 && { test: fieldsOf('test') }),
    },
    tokens,
    size: tokenizer.size,
  }
}

/** The file is known by its name alone, where messages are of one of several. */
export function textName(paths: readonly string[]): string {
  const [first = 'text', ...others] = paths.map((path) => (isAddress(path) ? nameOfAddress(path) : basename(path)))
  return others.length === 0 ? first : `${first} and ${others.length} more`
}

async function tokensOf({ tokens, unknown }: TextShape, trained: readonly Part[]): Promise<Tokens> {
  if (tokens === 'characters' || isToLearn(tokens)) {
    const texts = trained.map(({ text, start, end }) => text.slice(start, end))
    return isToLearn(tokens)
      ? { kind: 'bytePairs', pairs: learnBytePairs(texts, tokens.size) }
      : { kind: 'characters', characters: charactersOf(texts), unknown }
  }
  if (typeof tokens !== 'string') return tokens
  const path = await localFile(fileOf(tokens))
  const bytes = await readRegular(path).catch((error: unknown) => {
    throw readError(path, error)
  })
  try {
    // Without white space, for it is a part of what is saved.
    return { kind: 'tokenizer', json: JSON.stringify(JSON.parse(Buffer.from(bytes).toString())) }
  } catch (cause) {
    throw new UserError(`${path} is no tokenizer.json: it is not JSON`, { cause })
  }
}

/** The last characters are the test, those before them the validation. @param isLines whether lines stay whole */
function cut(path: string, text: string, held: HeldOutOfText, isLines: boolean): Record<SplitName, Part> {
  const numCharacters = countOf(text)
  const [validation, test] = (['validation', 'test'] as const).map((split) => {
    const size = held[split]
    return size < 1 ? Math.round(size * numCharacters) : size
  })
  const trained = numCharacters - (validation ?? 0) - (test ?? 0)
  if (trained < 1) {
    throw new UserError(
      `${path} has ${numCharacters} characters, so ${validation ?? 0} for validation and ${test ?? 0} for test leave none to train on`,
    )
  }
  const edge = (at: number) => (isLines ? lineAfter(text, at) : at)
  const first = edge(placeAfter(text, trained))
  const second = edge(placeAfter(text, validation ?? 0, first))
  const part = (start: number, end: number) => ({ path, text, start, end })
  return { train: part(0, first), validation: part(first, second), test: part(second, text.length) }
}

const isSecondHalf = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff

/** Of code points. */
function countOf(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) if (!isSecondHalf(text.charCodeAt(at))) count++
  return count
}

/** Where so many code points end. */
function placeAfter(text: string, count: number, from = 0): number {
  let at = from
  for (let left = count; left > 0 && at < text.length; left--) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

/** Where the line begins that a place is in front of or within the one before. */
function lineAfter(text: string, at: number): number {
  if (at === 0 || text[at - 1] === '\n') return at
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

interface Windows {
  readonly shape: TextShape
  readonly tokenizer: Tokenizer
}

function windowsOf(split: SplitName, parts: readonly Part[], { shape, tokenizer }: Windows): Fields {
  if (shape.rows === 'lines') return linesOf(split, parts, { shape, tokenizer })
  const { length, stride } = shape
  const all = parts.map((part) => encoded(part, tokenizer))
  // One more than the length, for the last of `next`.
  const counts = all.map((tokens) => Math.max(0, Math.floor((tokens.length - length - 1) / stride) + 1))
  const numRows = counts.reduce((sum, count) => sum + count, 0)
  if (numRows === 0) {
    const what = split === 'train' ? 'to train on' : `for ${split}`
    const most = all.reduce((longest, tokens) => Math.max(longest, tokens.length), 0)
    throw new UserError(
      `${textName(shape.paths)} has ${most} tokens ${what}, and a window takes ${length + 1}: take a shorter length, or more text`,
    )
  }
  checkSize(numRows, shape, 'windows', 'take a larger stride')
  const [text, next] = [sharedNumbers(numRows * length), sharedNumbers(numRows * length)]
  let row = 0
  all.forEach((tokens, file) => {
    for (let window = 0; window < (counts[file] ?? 0); window++, row++) {
      const start = window * stride
      text.set(tokens.subarray(start, start + length), row * length)
      next.set(tokens.subarray(start + 1, start + length + 1), row * length)
    }
  })
  return {
    text: { dtype: 'i32', shape: [length], values: text },
    next: { dtype: 'i32', shape: [length], values: next },
  }
}

/** Each line, its end included, with the token after each of its own. */
function linesOf(split: SplitName, parts: readonly Part[], { shape, tokenizer }: Windows): Fields {
  const { length } = shape
  const rows = parts.flatMap((part) => {
    const lines: Int32Array[] = []
    for (let start = part.start; start < part.end;) {
      const end = Math.min(part.end, lineAfter(part.text, start + 1))
      if (part.text.slice(start, end).trim() !== '') lines.push(encoded({ ...part, start, end }, tokenizer))
      start = end
    }
    // One token has none after it.
    return lines.filter((tokens) => tokens.length > 1)
  })
  if (rows.length === 0) {
    const what = split === 'train' ? 'to train on' : `for ${split}`
    throw new UserError(`${textName(shape.paths)} has no line of two tokens ${what}`)
  }
  checkSize(rows.length, shape, 'lines', 'take a smaller length')
  const [text, next] = [sharedNumbers(rows.length * length), sharedNumbers(rows.length * length)]
  const lengths = sharedNumbers(rows.length)
  next.fill(-1)
  for (const [row, tokens] of rows.entries()) {
    const count = Math.min(length, tokens.length - 1)
    text.set(tokens.subarray(0, count), row * length)
    next.set(tokens.subarray(1, count + 1), row * length)
    lengths[row] = count
  }
  return {
    text: { dtype: 'i32', shape: [length], values: text },
    next: { dtype: 'i32', shape: [length], values: next },
    [LENGTH_FIELD]: { dtype: 'i32', shape: [], values: lengths },
  }
}

function checkSize(numRows: number, { paths, length }: TextShape, what: string, remedy: string): void {
  if (numRows * length <= MOST_VALUES) return
  throw new UserError(
    `${textName(paths)} would be ${numRows} ${what} of ${length} tokens, too many for one array: ${remedy}`,
  )
}

function sharedNumbers(count: number): Int32Array {
  return new Int32Array(allocateShared(4 * count).buffer)
}

function encoded({ path, text, start, end }: Part, tokenizer: Tokenizer): Int32Array {
  return tokenizer.encode(text.slice(start, end), (at, character) => placeIn({ path, text }, start + at, character))
}
