/** PNG files written by hand, by the specification alone: the oracle of what reads them. */
import { crc32, deflateSync } from 'node:zlib'

export const colorTypes = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const

export interface PngParts {
  readonly width: number
  readonly height: number
  readonly depth: 1 | 2 | 4 | 8 | 16
  readonly colorType: (typeof colorTypes)[keyof typeof colorTypes]
  /** What the image data inflate to: for each line the number of its filter, 0 for none, and its bytes. */
  readonly lines: Uint8Array | readonly number[]
  /** RGB of each entry. */
  readonly palette?: readonly number[]
  readonly transparency?: readonly number[]
  readonly interlaced?: boolean
}

/** https://www.w3.org/TR/png-3/ */
export function makePng(parts: PngParts): Buffer {
  const { width, height, depth, colorType, lines, palette, transparency, interlaced } = parts
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, colorType, 0, 0, Number(interlaced === true)], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', Buffer.from(palette))] : []),
    ...(transparency ? [chunk('tRNS', Buffer.from(transparency))] : []),
    chunk('IDAT', deflateSync(Uint8Array.from(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, contents: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), contents])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(contents.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, checksum])
}
