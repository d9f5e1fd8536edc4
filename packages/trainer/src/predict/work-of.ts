/** How much work and memory a Program is, from its graph alone. */
import { bytesPerElement, sizeOf, type Program } from '@gradpool/core'
import { flopsOf } from '../plan/work.js'

/** What a step of any Program takes, as so many operations. */
const STEP_WORK = 1000

/** How long one step takes, counted in floating-point operations: those, and the memory touched. */
export function workOf(program: Program): number {
  return STEP_WORK + flopsOf(program) + computedBytes(program)
}

/** Of the values that a step computes or reads from data, states and constants aside. */
export function computedBytes(program: Program): number {
  const states = new Set(program.states.map(({ node }) => node))
  return program.nodes.reduce((sum, { op, shape, dtype }, index) => {
    if (op === 'constant' || states.has(index)) return sum
    return sum + sizeOf(shape) * bytesPerElement[dtype]
  }, 0)
}
