/**
 * The states that a training begins with.
 */
import { ownValue } from '../checks.js'
import { invariant } from '../errors.js'
import { sizeOf } from '../program/dtype.js'
import type { Program } from '../program/program.js'
import { drawInto, fillHere, type Fill } from './initializers.js'

/**
 * The first values of all states of a Program, by name: those that are given, and drawn ones for the others. What is
 * the same as another is a copy of that.
 */
export function initialState(
  program: Program,
  seed: number,
  given: Readonly<Record<string, ArrayLike<number>>> = {},
): Record<string, Float32Array> {
  const states = Object.fromEntries(
    program.states.map(({ name, shape }) => {
      const values = ownValue(given, name)
      return [name, values === undefined ? new Float32Array(sizeOf(shape)) : Float32Array.from(values)]
    }),
  )
  drawStates(states, program, seed, given, fillHere)
  return states
}

/** Draws the states that are not given where they are; those that are given have their values there already. */
export function drawStates(
  views: Readonly<Record<string, Float32Array>>,
  program: Program,
  seed: number,
  given: Readonly<Record<string, ArrayLike<number>>>,
  fill: Fill,
): void {
  const left = new Map(program.states.map(({ name, initializer }) => [name, initializer]))
  const first = (name: string): Float32Array => {
    const values = views[name]
    invariant(values, `there is a state "${name}" to begin with`)
    const initializer = left.get(name)
    left.delete(name)
    if (initializer === undefined || ownValue(given, name) !== undefined) return values
    if (initializer.kind === 'sameAs') values.set(first(initializer.state))
    else drawInto(values, initializer, seed, name, fill)
    return values
  }
  for (const { name } of program.states) first(name)
}
