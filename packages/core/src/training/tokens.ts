/** How a text becomes the numbers of its tokens, as plain data. */
import { isRecord } from '../checks.js'

/**
 * `characters`: the place of each in a list. `bytePairs`: bytes, which are tokens 0 to 255, and from 256 on pairs of
 * tokens before them. `tokenizer`: what a `tokenizer.json` says.
 */
export type Tokens =
  | {
      readonly kind: 'characters'
      readonly characters: readonly string[]
      /** What becomes of another one: a sentence, or a token of its own, whose number is after the last. */
      readonly unknown: 'refuse' | 'token'
    }
  | { readonly kind: 'bytePairs'; readonly pairs: readonly (readonly [first: number, second: number])[] }
  | { readonly kind: 'tokenizer'; readonly json: string }

const NUM_BYTES = 256

/** Of a value of unknown origin. What a tokenizer's JSON says is not looked at. */
export function isTokens(value: unknown): value is Tokens {
  if (!isRecord(value)) return false
  const { kind, characters, unknown, pairs, json } = value
  if (kind === 'characters') return isCharacters(characters) && (unknown === 'refuse' || unknown === 'token')
  return kind === 'bytePairs' ? isPairs(pairs) : kind === 'tokenizer' && typeof json === 'string'
}

/** One character each, none of them twice. */
function isCharacters(value: unknown): boolean {
  const isOne = (text: unknown) => typeof text === 'string' && Array.from(text).length === 1
  return Array.isArray(value) && value.length > 0 && value.every(isOne) && new Set(value).size === value.length
}

/** Each of two tokens that come before it. */
function isPairs(value: unknown): boolean {
  const isBefore = (token: unknown, at: number) => Number.isInteger(token) && Number(token) >= 0 && Number(token) < at
  return (
    Array.isArray(value) &&
    value.every(
      (pair, at) =>
        Array.isArray(pair) && pair.length === 2 && pair.every((token: unknown) => isBefore(token, NUM_BYTES + at)),
    )
  )
}
