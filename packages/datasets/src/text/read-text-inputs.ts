/** The rows of a text to predict from: its tokens, one window after the other. */
import { UserError } from '@gradpool/core'
import type { Tokens } from '@gradpool/core/engine'
import { shown } from '../spec-rules.js'
import { readText } from './read-text.js'
import { tokenizerOf } from './tokenizer.js'

export interface TextInputs {
  readonly numRows: number
  /** Of the field `text`, row by row. */
  readonly values: Int32Array
  /** Tokens at the beginning that fill no window. */
  readonly leftAside: number
}

/** By its ending. */
export function isTextFile(path: string): boolean {
  return /\.(?:txt|text)(?:\.(?:gz|zst))?(?:#sha256=\w*)?$/i.test(path)
}

/**
 * Windows side by side, the last of which ends where the text does.
 *
 * @throws UserError with one sentence for what is no text, is too short, or has characters that the model does not know
 */
export async function readTextInputs(
  path: string,
  { tokens, length }: { readonly tokens: Tokens; readonly length: number },
): Promise<TextInputs> {
  const text = await readText(path)
  const tokenizer = await tokenizerOf(tokens)
  const numbers = tokenizer.encode(text, (at, character) => placeIn({ path, text }, at, character))
  const numRows = Math.floor(numbers.length / length)
  if (numRows === 0) throw new UserError(`${path} has ${numbers.length} tokens, and this model reads ${length}`)
  const leftAside = numbers.length - numRows * length
  return { numRows, values: numbers.subarray(leftAside), leftAside }
}

/** Where a character is, for messages. */
export function placeIn(
  { path, text }: { readonly path: string; readonly text: string },
  at: number,
  character: string,
) {
  return `${path} has the character ${shown(character)} in line ${text.slice(0, at).split('\n').length}`
}
