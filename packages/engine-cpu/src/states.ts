/**
 * The states of an execution in the arena, by name: weights and optimizer slots. Other executions may share them, such
 * as evaluations.
 */
import { invariant, NamedStates, stateSizes, type Program } from '@gradpool/core/engine'
import type { Arena } from './arena.js'

export class ArenaStates extends NamedStates {
  readonly #arena: Arena
  readonly #views = new Map<string, Float32Array>()
  /** How many executions use them. */
  #numUsers = 1

  /** @throws UserError if the arena is full; what was allocated until then is freed */
  constructor(arena: Arena, program: Program) {
    const sizes = stateSizes(program)
    super(sizes)
    this.#arena = arena
    try {
      for (const [name, size] of sizes) {
        this.#views.set(name, arena.floats(arena.allocate(4 * size), size))
      }
    } catch (error) {
      this.release()
      throw error
    }
  }

  override shareWith(program: Program): this {
    super.shareWith(program)
    this.#numUsers++
    return this
  }

  address(name: string): number {
    return this.view(name).byteOffset
  }

  /** Frees the memory with the last execution that uses it. */
  release(): void {
    this.#numUsers--
    if (this.#numUsers > 0) return
    for (const { byteOffset } of this.#views.values()) this.#arena.free(byteOffset)
  }

  protected view(name: string): Float32Array {
    const view = this.#views.get(name)
    invariant(view, `state ${name} exists`)
    return view
  }
}
