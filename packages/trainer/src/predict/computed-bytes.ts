/** How much memory a Program takes, from its graph alone. */
import { bytesPerElement, type Program, sizeOf } from '@gradpool/core'

/** Of the values that a step computes or reads from data, states and constants aside. */
export function computedBytes(program: Program): number {
  const states = new Set(program.states.map(({ node }) => node))
  return program.nodes.reduce((sum, { op, shape, dtype }, index) => {
    if (op === 'constant' || states.has(index)) return sum
    return sum + sizeOf(shape) * bytesPerElement[dtype]
  }, 0)
}
