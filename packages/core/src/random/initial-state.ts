/**
 * The states that a training begins with.
 */
import type { Program } from '../program/program.js'
import { ownValue } from '../checks.js'
import { invariant } from '../errors.js'
import { fillHere, initialValue } from './initializers.js'

/**
 * The first values of all states of a Program, by name: those that are given, and drawn ones for the others. What is
 * the same as another is a copy of that.
 */
export function initialState(
  program: Program,
  seed: number,
  given: Readonly<Record<string, ArrayLike<number>>> = {},
  fill = fillHere,
): Record<string, Float32Array> {
  const states = new Map(program.states.map((state) => [state.name, state]))
  const first = (name: string): Float32Array => {
    const values = ownValue(given, name)
    if (values !== undefined) return Float32Array.from(values)
    const state = states.get(name)
    invariant(state, `there is a state "${name}" to begin with`)
    const { initializer, shape } = state
    return initializer.kind === 'sameAs' ? first(initializer.state) : initialValue(initializer, shape, seed, name, fill)
  }
  return Object.fromEntries([...states.keys()].map((name) => [name, first(name)]))
}
