/**
 * Addresses in the memory of a plan before it has its place: numbers beyond all addresses, which say in which part of
 * the memory they are. What refers to them is written once, and they are resolved as it is copied to its place.
 */

/** Parts of the memory that a plan uses, before its inputs, each of which is a part of its own. */
const PART = { programs: 1, constants: 2, scratch: 3, working: 4, inputs: 5 } as const

/** Where the parts begin. */
export interface Places extends Readonly<Record<Exclude<keyof typeof PART, 'inputs'>, number>> {
  /** Of the Program, in their order. */
  readonly inputs: readonly number[]
}

/** More than any address. There may be 2^19 parts. */
const PART_BYTES = 2 ** 34

export function addressIn(part: Exclude<keyof typeof PART, 'inputs'>, offset: number): number {
  return PART[part] * PART_BYTES + offset
}

/** Of the values of an input, by its place among the Program's. */
export function addressOfInput(position: number): number {
  return (PART.inputs + position) * PART_BYTES
}

/** The words, or one address, with the addresses that the parts have now. */
export function resolver({ programs, constants, scratch, working, inputs }: Places): (word: number) => number {
  const bases = [0, programs, constants, scratch, working, ...inputs]
  return (word) => {
    if (word < PART_BYTES) return word
    const part = Math.floor(word / PART_BYTES)
    return (bases[part] ?? 0) + (word - part * PART_BYTES)
  }
}
