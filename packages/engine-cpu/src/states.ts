/**
 * The states of an execution in the arena: weights and optimizer slots, by name, shared by the
 * executions that evaluate them.
 */
import {
  checkSharedStates,
  checkStates,
  invariant,
  stateSizes,
  type Program,
  type States,
  type StateValues,
} from '@gradpool/core'
import type { Arena } from './arena.js'

interface Region {
  readonly address: number
  readonly size: number
}

export class ArenaStates implements States {
  readonly #arena: Arena
  readonly #regions: ReadonlyMap<string, Region>
  /** How many executions use these regions. */
  readonly #owners: { count: number }

  constructor(
    arena: Arena,
    program: Program,
    shared?: { regions: ReadonlyMap<string, Region>; owners: { count: number } },
  ) {
    this.#arena = arena
    this.#owners = shared?.owners ?? { count: 1 }
    this.#regions = shared?.regions ?? allocateStates(arena, program)
  }

  /** @throws UserError for a state of `program` that is not here or has another size. */
  shareWith(program: Program): ArenaStates {
    checkSharedStates(this.#sizes, program)
    this.#owners.count++
    return new ArenaStates(this.#arena, program, { regions: this.#regions, owners: this.#owners })
  }

  address(name: string): number {
    const region = this.#regions.get(name)
    invariant(region, `state ${name} exists`)
    return region.address
  }

  read(): Record<string, Float32Array> {
    return Object.fromEntries(
      [...this.#regions].map(([name, { address, size }]) => [
        name,
        this.#arena.floats(address, size).slice(),
      ]),
    )
  }

  /** @throws UserError for a name that is not a state, or a wrong number of values. */
  write(values: StateValues): void {
    checkStates(this.#sizes, values)
    for (const [name, given] of Object.entries(values)) {
      this.#arena.floats(this.address(name), given.length).set(given)
    }
  }

  get #sizes(): Map<string, number> {
    return new Map([...this.#regions].map(([name, { size }]) => [name, size]))
  }

  /** Frees the regions with the last execution that uses them. */
  release(): void {
    this.#owners.count--
    if (this.#owners.count > 0) return
    for (const { address } of this.#regions.values()) this.#arena.free(address)
  }
}

function allocateStates(arena: Arena, program: Program): Map<string, Region> {
  const regions = new Map<string, Region>()
  try {
    for (const [name, size] of stateSizes(program)) {
      regions.set(name, { address: arena.allocate(4 * size), size })
    }
  } catch (error) {
    for (const { address } of regions.values()) arena.free(address)
    throw error
  }
  return regions
}
