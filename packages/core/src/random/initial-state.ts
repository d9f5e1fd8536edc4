/**
 * The states that a training begins with.
 */
import type { Program } from '../program/program.js'
import { initialValue } from './initializers.js'

/** The first values of all states of a Program, by name. */
export function initialState(program: Program, seed: number): Record<string, Float32Array> {
  return Object.fromEntries(
    program.states.map(({ name, shape, initializer }) => [name, initialValue(initializer, shape, seed, name)]),
  )
}
