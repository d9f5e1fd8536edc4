/**
 * What is to be known of a PNG file before pngjs reads it: how large the picture is, and whether its data are as many
 * as it needs. Without that pngjs makes pictures of too few data, and inflates all that an interlaced file may hold.
 *
 * Format: https://www.w3.org/TR/png-3/
 */
import { inflateSync } from 'node:zlib'
import { UserError } from '@gradpool/core'

interface PngHeader {
  readonly width: number
  readonly height: number
  readonly bitsPerPixel: number
  readonly isInterlaced: boolean
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Around the contents of a chunk: its length and its type before, a checksum after them. */
const prefixBytes = 8
const suffixBytes = 4
const headerAt = signature.length + prefixBytes
const headerBytes = 13

/** Values a pixel, by the colour type. */
const channels: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Of an interlaced picture: the pixels of each pass, as where they begin and how far apart they are. */
const passes = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
]

/** @throws UserError for a file that does not begin like a PNG file */
export function pngHeader(file: Buffer, path: string): PngHeader {
  if (!file.subarray(0, signature.length).equals(signature)) {
    throw new UserError(`'${path}' is not a PNG file`)
  }
  if (file.length < headerAt + headerBytes) throw new UserError(`'${path}' is a PNG file cut short`)
  return {
    width: file.readUInt32BE(headerAt),
    height: file.readUInt32BE(headerAt + 4),
    bitsPerPixel: file.readUInt8(headerAt + 8) * (channels[file.readUInt8(headerAt + 9)] ?? 0),
    isInterlaced: file.readUInt8(headerAt + 12) !== 0,
  }
}

/** Inflates no more than the picture needs. @throws Error when there is more or less */
export function checkImageData(file: Buffer): void {
  const expected = imageBytes(pngHeader(file, ''))
  if (expected === 0) throw new Error('it has no pixels')
  const found = inflateSync(imageData(file), { maxOutputLength: expected }).length
  if (found !== expected) throw new Error(`it has ${found} bytes of pixels in place of ${expected}`)
}

function imageBytes({ width, height, bitsPerPixel, isInterlaced }: PngHeader): number {
  const whole = [{ x: 0, y: 0, stepX: 1, stepY: 1 }]
  return (isInterlaced ? passes : whole).reduce((sum, { x, y, stepX, stepY }) => {
    const columns = Math.ceil(Math.max(0, width - x) / stepX)
    const lines = Math.ceil(Math.max(0, height - y) / stepY)
    // Before each line stands the number of its filter.
    return columns === 0 ? sum : sum + lines * (1 + Math.ceil((columns * bitsPerPixel) / 8))
  }, 0)
}

/** Compressed, of all chunks together. */
function imageData(file: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = signature.length; at + prefixBytes <= file.length;) {
    const numBytes = file.readUInt32BE(at)
    const contents = at + prefixBytes
    if (file.toString('latin1', at + 4, contents) === 'IDAT') {
      parts.push(file.subarray(contents, contents + numBytes))
    }
    at = contents + numBytes + suffixBytes
  }
  return Buffer.concat(parts)
}
