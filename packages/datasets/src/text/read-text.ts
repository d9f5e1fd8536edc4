/**
 * A whole text from a file of UTF-8, or of UTF-16 with its byte order mark, plain, gzip or zstd. Line ends stay as they
 * are; a byte order mark is left out.
 */
import { UserError } from '@gradpool/core'
import { openBytes } from '../idx/byte-source.js'
import { utf16Decoder } from '../table/lines.js'

/** Of all that a file unpacks to: beyond it, numbers of the text would not fit into one array. */
const MOST_BYTES = 2 ** 28
const CHUNK_BYTES = 2 ** 18

/** @throws UserError that names the file, and the place of what is no text */
export async function readText(path: string): Promise<string> {
  const parts: string[] = []
  let numBytes = 0
  let decoder: InstanceType<typeof TextDecoder> | undefined
  for await (const { bytes, isLast } of chunksOf(path)) {
    decoder ??= utf16Decoder(bytes) ?? new TextDecoder('utf-8', { fatal: true })
    const part = await decoded(path, decoder, bytes, isLast)
    if (part.includes('\0')) {
      const end = decoder.encoding === 'utf-8' ? bytes.indexOf(0) : undefined
      throw new UserError(
        `${path} is no text: it has a zero byte${end === undefined ? '' : ` at byte ${numBytes + end}`}`,
      )
    }
    parts.push(part)
    numBytes += bytes.length
    if (numBytes > MOST_BYTES)
      throw new UserError(`${path} has more than ${MOST_BYTES} bytes of text: cut it into files`)
  }
  return parts.join('')
}

async function* chunksOf(path: string): AsyncGenerator<{ readonly bytes: Uint8Array; readonly isLast: boolean }> {
  const source = await openBytes(path)
  try {
    const chunk = new Uint8Array(CHUNK_BYTES)
    for (let isLast = false; !isLast;) {
      const numBytes = await source.read(chunk)
      isLast = numBytes < chunk.length
      yield { bytes: chunk.subarray(0, numBytes), isLast }
    }
  } finally {
    await source.close()
  }
}

async function decoded(
  path: string,
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
  isLast: boolean,
): Promise<string> {
  try {
    return decoder.decode(bytes, { stream: !isLast })
  } catch (cause) {
    const encoding = decoder.encoding.toUpperCase()
    // A decoder does not say where, so the file is read once more.
    const place = encoding === 'UTF-8' ? `, at byte ${await badByteIn(path)}` : ''
    throw new UserError(`${path} is no text: it has bytes that are not ${encoding}${place}`, { cause })
  }
}

/** Lead bytes of characters: up to which, how many bytes follow, and the bounds of the first of them. */
const LEADS: readonly (readonly [last: number, following: number, low: number, high: number])[] = [
  [0x7f, 0, 0, 0],
  [0xc1, -1, 0, 0],
  [0xdf, 1, 0x80, 0xbf],
  [0xe0, 2, 0xa0, 0xbf],
  [0xec, 2, 0x80, 0xbf],
  [0xed, 2, 0x80, 0x9f],
  [0xef, 2, 0x80, 0xbf],
  [0xf0, 3, 0x90, 0xbf],
  [0xf3, 3, 0x80, 0xbf],
  [0xf4, 3, 0x80, 0x8f],
  [0xff, -1, 0, 0],
]

/** Where the first character begins that is none of UTF-8 (RFC 3629). */
async function badByteIn(path: string): Promise<number> {
  let [at, start, left, low, high] = [0, 0, 0, 0, 0]
  for await (const { bytes } of chunksOf(path)) {
    for (const byte of bytes) {
      if (left > 0) {
        if (byte < low || byte > high) return start
        ;[left, low, high] = [left - 1, 0x80, 0xbf]
      } else {
        const lead = LEADS.find(([last]) => byte <= last)
        start = at
        left = lead?.[1] ?? -1
        if (left < 0) return start
        ;[low, high] = [lead?.[2] ?? 0, lead?.[3] ?? 0]
      }
      at++
    }
  }
  return start
}
