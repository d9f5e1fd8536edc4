/** Texts as the numbers of their tokens, and back. */
import { UserError } from '@gradpool/core'
import type { TableNames, Tokens } from '@gradpool/core/engine'
import { importInstalled } from '../import-installed.js'
import { isObject, listed, shown } from '../spec-rules.js'
import { BytePairs } from './byte-pairs.js'

export interface Tokenizer {
  /** How many tokens there are: numbers are 0 … size - 1. */
  readonly size: number
  /** @throws UserError for a character that it does not know; `placeOf` says where a place of the text is */
  encode(text: string, placeOf?: PlaceOf): Int32Array
  decode(tokens: ArrayLike<number>): string
}

/** Of a place in a text, for messages, such as `book.txt has the character 'é' in line 3`. */
export type PlaceOf = (at: number, character: string) => string

const CODE_POINTS = 0x110000
const NONE = -1
/** What stands for a character that is not known. */
const REPLACEMENT = '\ufffd'

/** @throws UserError for a tokenizer.json that is none, or where the package that reads it is not installed */
export async function tokenizerOf(tokens: Tokens): Promise<Tokenizer> {
  if (tokens.kind === 'characters') return new Characters(tokens)
  if (tokens.kind === 'bytePairs') return new BytePairs(tokens.pairs)
  return tokenizerIn(tokens.json)
}

/** That of data. @throws UserError as `tokenizerOf`, and where they are no text */
export async function tokenizerFor({ tokens }: TableNames = {}): Promise<Tokenizer> {
  if (tokens) return tokenizerOf(tokens)
  throw new UserError('this model was trained on no text, so it has no tokenizer')
}

/** `83 characters`, for people. */
export function tokensText(tokens: Tokens): string {
  if (tokens.kind === 'tokenizer') return 'those of a tokenizer.json'
  if (tokens.kind === 'characters') {
    return `${tokens.characters.length} characters${tokens.unknown === 'token' ? ', and one for all others' : ''}`
  }
  return `256 bytes and ${tokens.pairs.length} pairs`
}

/** Those of some texts, in the order of their code points. */
export function charactersOf(texts: readonly string[]): readonly string[] {
  const isThere = new Uint8Array(CODE_POINTS)
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) {
      const point = text.codePointAt(at) ?? 0
      if (point > 0xffff) at++
      isThere[point] = 1
    }
  }
  const found: string[] = []
  for (let point = 0; point < CODE_POINTS; point++) if (isThere[point] === 1) found.push(String.fromCodePoint(point))
  return found
}

class Characters implements Tokenizer {
  readonly size: number
  readonly #characters: readonly string[]
  readonly #unknown: 'refuse' | 'token'
  /** Of each code point up to the largest that has one. */
  readonly #numbers: Int32Array

  constructor({ characters, unknown }: Extract<Tokens, { readonly kind: 'characters' }>) {
    this.size = characters.length + (unknown === 'token' ? 1 : 0)
    this.#characters = characters
    this.#unknown = unknown
    const points = characters.map((character) => character.codePointAt(0) ?? 0)
    this.#numbers = new Int32Array(points.reduce((most, point) => Math.max(most, point), 0) + 1).fill(NONE)
    points.forEach((point, number) => (this.#numbers[point] = number))
  }

  encode(
    text: string,
    placeOf: PlaceOf = (_, character) => `the text has the character ${shown(character)}`,
  ): Int32Array {
    const tokens = new Int32Array(text.length)
    let length = 0
    for (let at = 0; at < text.length; at++) {
      const point = text.codePointAt(at) ?? 0
      const number = this.#numbers[point] ?? NONE
      if (number === NONE && this.#unknown === 'refuse') {
        const known = `none of the ${this.#characters.length} that are known (${listed(this.#characters)})`
        throw new UserError(
          `${placeOf(at, String.fromCodePoint(point))}, which is ${known}: name it in characters, or take unknown: 'token'`,
        )
      }
      tokens[length++] = number === NONE ? this.#characters.length : number
      if (point > 0xffff) at++
    }
    return tokens.slice(0, length)
  }

  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token) => this.#characters[token] ?? REPLACEMENT).join('')
  }
}

/** What of @huggingface/tokenizers is used; its own types are not found by Node's rules. */
interface HuggingFace {
  readonly Tokenizer: new (tokenizer: object, config: object) => HuggingFaceTokenizer
}

interface HuggingFaceTokenizer {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] }
  decode(ids: readonly number[], options: Readonly<Record<string, boolean>>): string
  get_vocab(isWithAdded: boolean): ReadonlyMap<string, number>
}

/** By @huggingface/tokenizers, which is loaded when it is needed. */
async function tokenizerIn(json: string): Promise<Tokenizer> {
  const { Tokenizer } = await loadTokenizers()
  const refused = (cause: unknown) => {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    return new UserError(`the tokenizer.json is none that can be used (${shown(reason)})`, { cause })
  }
  const attempt = <T>(what: () => T): T => {
    try {
      return what()
    } catch (cause) {
      throw refused(cause)
    }
  }
  const tokenizer = attempt(() => new Tokenizer(parsed(json), {}))
  const size = attempt(() => [...tokenizer.get_vocab(true).values()].reduce((most, id) => Math.max(most, id + 1), 0))
  return {
    size,
    encode: (text) => {
      const ids = attempt(() => tokenizer.encode(text, { add_special_tokens: false }).ids)
      const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= size)
      if (wrong !== undefined) throw refused(`it gives the token ${shown(wrong)}`)
      return Int32Array.from(ids)
    },
    decode: (tokens) => {
      const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false }
      return attempt(() => tokenizer.decode(Array.from(tokens), options))
    },
  }
}

function parsed(json: string): object {
  const value: unknown = JSON.parse(json)
  if (typeof value === 'object' && value !== null) return value
  throw new Error('it is no JSON object')
}

async function loadTokenizers(): Promise<HuggingFace> {
  let cause: unknown
  try {
    const loaded = await importInstalled('@huggingface/tokenizers')
    if (isTokenizers(loaded)) return loaded
  } catch (error) {
    cause = error
  }
  throw new UserError(
    'A tokenizer.json is read by @huggingface/tokenizers, which is not installed: run `npm install @huggingface/tokenizers`',
    { cause },
  )
}

function isTokenizers(loaded: unknown): loaded is HuggingFace {
  return isObject(loaded) && 'Tokenizer' in loaded && typeof loaded.Tokenizer === 'function'
}
