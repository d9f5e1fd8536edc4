/**
 * The free ranges of an address space: first fit, 64-byte aligned, adjacent ranges merged.
 *
 * The arena allocates from one at run time; the planner lays out the intermediate values of a step with another.
 */
import { invariant } from '@gradpool/core/engine'

const ALIGNMENT = 64

interface Hole {
  address: number
  numBytes: number
}

export class FreeList {
  /** By address, never adjacent. */
  readonly #holes: Hole[]
  readonly #occupied = new Map<number, number>()
  /** One past the highest address that was ever occupied. */
  highWater: number

  constructor(first: number, end: number) {
    const address = align(first)
    this.#holes = [{ address, numBytes: end - address }]
    this.highWater = address
  }

  /** The address of `numBytes` free bytes; undefined if there are none. */
  take(numBytes: number): number | undefined {
    const needed = Math.max(ALIGNMENT, align(numBytes))
    const index = this.#holes.findIndex((hole) => hole.numBytes >= needed)
    const hole = this.#holes[index]
    if (!hole) return undefined
    const { address } = hole
    hole.address += needed
    hole.numBytes -= needed
    if (hole.numBytes === 0) this.#holes.splice(index, 1)
    this.#occupied.set(address, needed)
    this.highWater = Math.max(this.highWater, address + needed)
    return address
  }

  give(address: number): void {
    const numBytes = this.#occupied.get(address)
    invariant(numBytes !== undefined, `address ${address} is freed but not allocated`)
    this.#occupied.delete(address)
    const next = this.#holes.findIndex((hole) => hole.address > address)
    const index = next === -1 ? this.#holes.length : next
    this.#holes.splice(index, 0, { address, numBytes })
    this.#join(index)
    this.#join(index - 1)
  }

  get freeBytes(): number {
    return this.#holes.reduce((sum, hole) => sum + hole.numBytes, 0)
  }

  #join(index: number): void {
    const [hole, next] = this.#holes.slice(Math.max(0, index), index + 2)
    if (hole === undefined || next === undefined) return
    if (hole.address + hole.numBytes !== next.address) return
    hole.numBytes += next.numBytes
    this.#holes.splice(index + 1, 1)
  }
}

export function align(numBytes: number): number {
  return Math.ceil(numBytes / ALIGNMENT) * ALIGNMENT
}
