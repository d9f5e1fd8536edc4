/**
 * The lines of a text file, one after the other, as bytes of UTF-8: of UTF-8, or of UTF-16 with its byte order mark,
 * plain or gzip. Memory holds one part of the file, and a record that goes over several lines.
 */
import { UserError } from '@gradpool/core'
import { openBytes, type ByteSource } from '../idx/byte-source.js'

/** More than any row of numbers has; a file without line ends is found out before it fills the memory. */
const MOST_BYTES = 2 ** 24
const CHUNK_BYTES = 2 ** 18
const LINE_FEED = 10

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @param number of the line, from 1. The bytes, without the line feed, are there until the next call. */
export type TakeLine = (bytes: Buffer, number: number) => void

/** @throws UserError for what is no text, and what `take` throws */
export async function readLines(path: string, take: TakeLine): Promise<void> {
  const source = await openBytes(path)
  try {
    let buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES)
    /** What is there of the line that is not whole yet: from the start of the buffer. */
    let filled = 0
    let number = 1
    for await (const bytes of partsOf(path, source, () => number)) {
      if (filled + bytes.length > buffer.length) {
        const larger = Buffer.allocUnsafe(2 * (filled + bytes.length))
        buffer.copy(larger, 0, 0, filled)
        buffer = larger
      }
      buffer.set(bytes, filled)
      const there = filled + bytes.length
      let start = 0
      for (
        let end = buffer.indexOf(LINE_FEED, filled);
        end >= 0 && end < there;
        end = buffer.indexOf(LINE_FEED, start)
      ) {
        take(buffer.subarray(start, end), number++)
        start = end + 1
      }
      buffer.copyWithin(0, start, there)
      filled = there - start
      checkLength(path, filled, number)
    }
    if (filled > 0) take(buffer.subarray(0, filled), number)
  } finally {
    await source.close()
  }
}

/**
 * How many lines and bytes a file has; 0 of one that is compressed, as it would have to be unpacked twice, and of one
 * that has zero bytes, as it is UTF-16 or no text, and may be as large as a disk.
 */
export async function extentOf(path: string): Promise<{ readonly lines: number; readonly bytes: number }> {
  const source = await openBytes(path)
  try {
    if (source.compressed) return { lines: 0, bytes: 0 }
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    let lines = 1
    for (let isLast = false; !isLast;) {
      const numBytes = await source.read(chunk)
      isLast = numBytes < chunk.length
      const firstZero = chunk.indexOf(0)
      if (firstZero >= 0 && firstZero < numBytes) return { lines: 0, bytes: 0 }
      for (let at = chunk.indexOf(LINE_FEED); at >= 0 && at < numBytes; at = chunk.indexOf(LINE_FEED, at + 1)) lines++
    }
    return { lines, bytes: source.fileBytes }
  } finally {
    await source.close()
  }
}

/** @throws UserError for a record that is longer than any */
export function checkLength(path: string, numBytes: number, number: number): void {
  if (numBytes <= MOST_BYTES) return
  throw new UserError(`${path} goes on from line ${number} for more than ${MOST_BYTES} bytes, expected a row`)
}

/** The text of bytes. @throws UserError for what is none */
export function textOf(path: string, bytes: Uint8Array, number: number): string {
  return decoded(path, utf8, bytes, { stream: false, number })
}

/** The bytes of a file, without its byte order mark, in UTF-8 whatever they are in. */
async function* partsOf(path: string, source: ByteSource, number: () => number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES)
  let decoder: InstanceType<typeof TextDecoder> | undefined
  for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
    const numBytes = await source.read(chunk)
    const bytes = chunk.subarray(0, numBytes)
    isLast = numBytes < chunk.length
    if (isFirst) decoder = utf16Decoder(bytes)
    if (decoder) yield Buffer.from(decoded(path, decoder, bytes, { stream: !isLast, number: number() }))
    else yield isFirst && isMarked(bytes) ? bytes.subarray(3) : bytes
  }
}

function isMarked([first, second, third]: Uint8Array): boolean {
  return first === 0xef && second === 0xbb && third === 0xbf
}

/** By the byte order mark, which it leaves out; undefined for UTF-8. */
export function utf16Decoder([first, second]: Uint8Array): InstanceType<typeof TextDecoder> | undefined {
  const isLittle = first === 0xff && second === 0xfe
  if (!isLittle && !(first === 0xfe && second === 0xff)) return undefined
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be', { fatal: true })
}

function decoded(
  path: string,
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
  { stream, number }: { readonly stream: boolean; readonly number: number },
): string {
  const wrong = (what: string, cause?: unknown) =>
    new UserError(`${path} is no text: in or after line ${number} it has ${what}, expected UTF-8`, { cause })
  let text: string
  try {
    text = decoder.decode(bytes, { stream })
  } catch (error) {
    throw wrong(`bytes that are not ${decoder.encoding.toUpperCase()}`, error)
  }
  if (text.includes('\0')) throw wrong('a zero byte')
  return text
}
