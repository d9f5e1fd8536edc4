/**
 * States by name, wherever an engine keeps their values: sharing, reading and writing, with the
 * checks of names and sizes.
 */
import { UserError } from '../errors.js'
import type { Program } from '../program/program.js'
import type { States } from './backend.js'
import type { StateValues } from './engine.js'
import { stateSizes, statesGiven } from './execution-checks.js'

export abstract class NamedStates implements States {
  /** Elements of each state. */
  readonly #sizes: ReadonlyMap<string, number>

  constructor(sizes: ReadonlyMap<string, number>) {
    this.#sizes = sizes
  }

  /** The values of a state, where they are. */
  protected abstract view(name: string): Float32Array

  abstract release(): void

  shareWith(program: Program): this {
    for (const [name, wanted] of stateSizes(program)) {
      const size = this.#sizes.get(name)
      if (size === undefined) {
        const known = [...this.#sizes.keys()].join(', ')
        throw new UserError(`there is no state "${name}" to share; there are: ${known}`)
      }
      if (size !== wanted) {
        throw new UserError(`the state "${name}" has ${size} elements, ${wanted} are wanted`)
      }
    }
    return this
  }

  get views(): Record<string, Float32Array> {
    return Object.fromEntries([...this.#sizes.keys()].map((name) => [name, this.view(name)]))
  }

  read(): Record<string, Float32Array> {
    return Object.fromEntries(Object.entries(this.views).map(([name, values]) => [name, values.slice()]))
  }

  write(values: StateValues): void {
    for (const [name, given] of statesGiven(this.#sizes, values)) this.view(name).set(given)
  }
}
