/**
 * The lines of a text file, one after the other: UTF-8, or UTF-16 with its byte order mark, plain or gzip. Memory holds
 * one part of the file, and a record that goes over several lines.
 */
import { UserError } from '@gradpool/core'
import { TextDecoder } from 'node:util'
import { openBytes } from '../idx/byte-source.js'

/** More than any row of numbers has; a file without line ends is found out before it fills the memory. */
const MOST_CHARACTERS = 2 ** 24
const CHUNK_BYTES = 2 ** 18

/**
 * @param take Gets each line without its line feed, and its number from 1.
 * @throws UserError for what is no text, and what `take` throws
 */
export async function readLines(path: string, take: (line: string, number: number) => void): Promise<void> {
  const source = await openBytes(path)
  try {
    const chunk = new Uint8Array(CHUNK_BYTES)
    let decoder: TextDecoder | undefined
    let rest = ''
    let number = 1
    for (let isLast = false; !isLast;) {
      const numBytes = await source.read(chunk)
      const bytes = chunk.subarray(0, numBytes)
      isLast = numBytes < chunk.length
      decoder ??= decoderFor(bytes)
      const text = rest + decoded(path, decoder, bytes, { stream: !isLast, number })
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        take(text.slice(start, end), number++)
        start = end + 1
      }
      rest = text.slice(start)
      checkLength(path, rest, number)
    }
    if (rest !== '') take(rest, number)
  } finally {
    await source.close()
  }
}

/** @throws UserError for a text that is longer than any record */
export function checkLength(path: string, text: string, number: number): void {
  if (text.length <= MOST_CHARACTERS) return
  throw new UserError(`${path} goes on from line ${number} for more than ${MOST_CHARACTERS} characters, expected a row`)
}

/** By the byte order mark, which it leaves out. */
function decoderFor([first, second]: Uint8Array): TextDecoder {
  const name = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(name, { fatal: true })
}

function decoded(
  path: string,
  decoder: TextDecoder,
  bytes: Uint8Array,
  { stream, number }: { readonly stream: boolean; readonly number: number },
): string {
  const wrong = (what: string, cause?: unknown) =>
    new UserError(`${path} is no text: after line ${number} it has ${what}, expected UTF-8`, { cause })
  let text: string
  try {
    text = decoder.decode(bytes, { stream })
  } catch (error) {
    throw wrong(`bytes that are not ${decoder.encoding.toUpperCase()}`, error)
  }
  if (text.includes('\0')) throw wrong('a zero byte')
  return text
}
