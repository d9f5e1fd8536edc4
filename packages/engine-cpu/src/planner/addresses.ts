/**
 * Addresses in the memory of a plan before it has its place: numbers beyond all addresses, which say in which part of
 * the memory they are. What refers to them is written once, and they are resolved as it is copied to its place.
 */

/** Parts of the memory that a plan uses. */
export const PART = { programs: 1, constants: 2, scratch: 3, working: 4 } as const

/** Where the parts begin. */
export type Places = Readonly<Record<keyof typeof PART, number>>

/** More than any address. */
const PART_BYTES = 2 ** 40

export function addressIn(part: keyof typeof PART, offset: number): number {
  return PART[part] * PART_BYTES + offset
}

/** The words, or one address, with the addresses that the parts have now. */
export function resolver({ programs, constants, scratch, working }: Places): (word: number) => number {
  const bases = [0, programs, constants, scratch, working]
  return (word) => {
    if (word < PART_BYTES) return word
    const part = Math.floor(word / PART_BYTES)
    return (bases[part] ?? 0) + (word - part * PART_BYTES)
  }
}
