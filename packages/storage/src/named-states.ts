/** States by name, and with their shapes, as files have them. */
import { sizeOf, type Program, type StateValues } from '@gradpool/core/engine'
import type { NamedArray } from './number-types.js'

/** Shapes as in the program. */
export function namedStates(program: Program, state: StateValues): Map<string, NamedArray> {
  const shapes = new Map(program.inputs.map(({ name, node }) => [name, program.node(node).shape] as const))
  return new Map(
    Object.entries(state).map(([name, values]) => {
      const shape = shapes.get(name)
      const fits = shape !== undefined && sizeOf(shape) === values.length
      return [name, { shape: fits ? shape : [values.length], values }]
    }),
  )
}

export function valuesOf(states: ReadonlyMap<string, NamedArray>): Record<string, Float32Array> {
  return Object.fromEntries([...states].map(([name, { values }]) => [name, values]))
}

/** The states of these names. */
export function pick(state: StateValues, names: Iterable<string>): StateValues {
  const picked: Record<string, Float32Array> = {}
  for (const name of names) {
    const values = state[name]
    if (values !== undefined) picked[name] = values
  }
  return picked
}
