/** How much work and memory a Program is, from its graph alone. */
import { bytesPerElement, sizeOf } from './dtype.js'
import type { Program } from './program.js'

/** Floating-point operations of one step, near enough to tell microseconds from milliseconds. */
export function flopsOf({ nodes }: Program): number {
  let flops = 0
  for (const { op, inputs, shape } of nodes) {
    if (op === 'input' || op === 'constant') continue
    const [first] = inputs
    const operand = first === undefined ? undefined : nodes[first]
    if (op !== 'matmul') flops += Math.max(sizeOf(shape), sizeOf(operand?.shape ?? []))
    else if (operand) {
      // Elements of the first factor are k for each of its rows, and each meets all columns.
      const columns = shape.at(-1) ?? 1
      flops += 2 * sizeOf(operand.shape) * columns
    }
  }
  return flops
}

/** Of the values that a step computes or reads from data, states and constants aside. */
export function computedBytes(program: Program): number {
  const states = new Set(program.states.map(({ node }) => node))
  return program.nodes.reduce((sum, { op, shape, dtype }, index) => {
    if (op === 'constant' || states.has(index)) return sum
    return sum + sizeOf(shape) * bytesPerElement[dtype]
  }, 0)
}
