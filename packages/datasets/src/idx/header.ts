/**
 * The header of an IDX file: two zero bytes, one for the element type, one for the number of dimensions, then each
 * dimension as a 32-bit big-endian number. The elements follow, row-major; here they are unsigned bytes.
 */
import { UserError } from '@gradpool/core'

export const magicBytes = 4
const unsignedByte = 0x08

const elementTypes: Readonly<Record<number, string>> = {
  0x08: 'unsigned bytes',
  0x09: 'signed bytes',
  0x0b: '16-bit integers',
  0x0c: '32-bit integers',
  0x0d: '32-bit floats',
  0x0e: '64-bit floats',
}

/** The number of dimensions that the first four bytes promise. @throws UserError when they are not IDX of bytes. */
export function parseMagic(path: string, magic: Uint8Array): number {
  if (magic.length < magicBytes) {
    const expected = `expected at least ${magicBytes}`
    throw new UserError(`${path} is not an IDX file: it has ${magic.length} bytes, ${expected}`)
  }
  const view = new DataView(magic.buffer, magic.byteOffset, magic.byteLength)
  if (view.getUint16(0) !== 0) {
    const found = `it begins with ${hex(view.getUint8(0))} ${hex(view.getUint8(1))}`
    throw new UserError(`${path} is not an IDX file: ${found}, expected 00 00`)
  }
  const type = view.getUint8(2)
  if (type !== unsignedByte) {
    const found = `${elementTypes[type] ?? 'an unknown type of elements'} (${hex(type)})`
    throw new UserError(`${path} holds ${found}, expected unsigned bytes (08)`)
  }
  return view.getUint8(3)
}

/** The dimensions, from the bytes after the magic ones. @throws UserError when some are missing or one is 0. */
export function parseDims(path: string, rank: number, bytes: Uint8Array): number[] {
  if (bytes.length < 4 * rank) {
    const expected = `expected a header of ${magicBytes + 4 * rank}`
    throw new UserError(`${path} is cut short: it has ${magicBytes + bytes.length} bytes, ${expected}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis))
  if (dims.includes(0)) {
    const found = rank === 1 ? '0 elements' : `the dimensions ${formatDims(dims)}`
    throw new UserError(`${path} is empty: it has ${found}, expected none of them to be 0`)
  }
  return dims
}

export function encodeHeader(dims: readonly number[]): Uint8Array {
  const header = new Uint8Array(magicBytes + 4 * dims.length)
  header[2] = unsignedByte
  header[3] = dims.length
  const view = new DataView(header.buffer)
  dims.forEach((extent, axis) => view.setUint32(magicBytes + 4 * axis, extent))
  return header
}

/** `60000 × 28 × 28` */
export function formatDims(dims: readonly number[]): string {
  return dims.join(' × ')
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
