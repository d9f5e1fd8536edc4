/**
 * Packs real-valued codes into bits.
 *
 * A code of `bits` bits is ceil(bits / 8) bytes. Bit j is 1 where element j is at least 0.5; it is bit j mod 8 of byte
 * floor(j / 8), the least significant first (NumPy's `packbits(…, bitorder='little')`). Bits past the last are 0.
 */
import { UserError } from '@gradpool/core'

/** The most bits of a code. */
export const MAX_BITS = 256

/**
 * @param codes real-valued codes in [0, 1], row-major [n, bits]
 * @returns packed codes, row-major [n, ceil(bits / 8)]
 * @throws UserError if the codes are not whole rows of numbers in [0, 1]
 */
export function packCodes(codes: Float32Array, { bits }: { readonly bits: number }): Uint8Array {
  checkBits(bits)
  checkCodes(codes, bits)
  return packAtLeast(codes, bits, 0.5)
}

/** @param least the smallest value whose bit is 1 */
export function packAtLeast(values: Float32Array | Uint8Array, bits: number, least: number): Uint8Array {
  const numRows = values.length / bits
  const rowBytes = bytesPerCode(bits)
  const packed = new Uint8Array(numRows * rowBytes)
  let next = 0
  for (let row = 0; row < numRows; row++) {
    const start = row * rowBytes
    for (let bit = 0; bit < bits; bit++) {
      const isSet = Number((values[next++] ?? 0) >= least)
      packed[start + (bit >> 3)] = (packed[start + (bit >> 3)] ?? 0) | (isSet << (bit & 7))
    }
  }
  return packed
}

/** How many bits of a 32-bit word are 1: sums over 2, 4, 8, then 32 bits. */
export function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

export function bytesPerCode(bits: number): number {
  return Math.ceil(bits / 8)
}

export function checkBits(bits: number): void {
  if (Number.isInteger(bits) && bits >= 1 && bits <= MAX_BITS) return
  throw new UserError(`codes have 1 to ${MAX_BITS} bits, not ${bits}`)
}

/** @throws UserError if they are not whole rows of numbers in [0, 1] */
export function checkCodes(codes: Float32Array, bits: number): void {
  if (codes.length % bits !== 0) {
    throw new UserError(`codes of ${bits} bits cannot be ${codes.length} numbers in all`)
  }
  const wrong = codes.findIndex((value) => !(value >= 0 && value <= 1))
  if (wrong === -1) return
  const [row, bit] = [Math.floor(wrong / bits), wrong % bits]
  throw new UserError(`codes are numbers from 0 to 1, and element ${bit} of row ${row} is ${String(codes[wrong])}`)
}
