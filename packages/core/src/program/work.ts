/** How much work and memory a Program is, from its graph alone. */
import { bytesPerElement, sizeOf } from './dtype.js'
import type { Node } from './node.js'
import type { Program } from './program.js'

/** Floating-point operations of one step, near enough to tell microseconds from milliseconds. */
export function flopsOf(program: Program): number {
  return program.nodes.reduce((flops, node) => flops + flopsOfNode(program, node), 0)
}

/** Those of one node. */
export function flopsOfNode({ nodes }: Program, { op, inputs, shape }: Node): number {
  if (op === 'input' || op === 'constant') return 0
  const [first] = inputs
  const operand = first === undefined ? undefined : nodes[first]
  if (op !== 'matmul') return Math.max(sizeOf(shape), sizeOf(operand?.shape ?? []))
  // Elements of the first factor are k for each of its rows, and each meets all columns.
  return operand ? 2 * sizeOf(operand.shape) * (shape.at(-1) ?? 1) : 0
}

/** Of the values that a step computes or reads from data, states and constants aside. */
export function computedBytes(program: Program): number {
  const states = new Set(program.states.map(({ node }) => node))
  return program.nodes.reduce((sum, { op, shape, dtype }, index) => {
    if (op === 'constant' || states.has(index)) return sum
    return sum + sizeOf(shape) * bytesPerElement[dtype]
  }, 0)
}
