/** How much work and memory a Program is, from its graph alone. */
import { bytesPerElement, type Shape, sizeOf } from './dtype.js'
import type { Node } from './node.js'
import type { Program } from './program.js'

/** Floating-point operations of one step, near enough to tell microseconds from milliseconds. */
export function flopsOf({ nodes }: Program): number {
  let flops = 0
  for (const node of nodes) {
    const { op, inputs, shape } = node
    if (op === 'input' || op === 'constant') continue
    const [first, second] = inputs
    const operand = first === undefined ? undefined : nodes[first]
    const other = second === undefined ? undefined : nodes[second]
    const multiplied = convolutionFlops(node, operand?.shape ?? [], other?.shape ?? [])
    if (multiplied !== undefined) flops += multiplied
    else if (op !== 'matmul') flops += Math.max(sizeOf(shape), sizeOf(operand?.shape ?? []))
    else if (operand) {
      // Elements of the first factor are k for each of its rows, and each meets all columns.
      const columns = shape.at(-1) ?? 1
      flops += 2 * sizeOf(operand.shape) * columns
    }
  }
  return flops
}

/** Each element of the output meets the taps and channels of one filter; taps outside of the input are counted, too. */
function convolutionFlops({ op, shape }: Node, first: Shape, second: Shape): number | undefined {
  const perOutput = (filter: Shape) => sizeOf(filter.slice(0, -1))
  if (op === 'conv') return 2 * sizeOf(shape) * perOutput(second)
  if (op === 'convTranspose') return 2 * sizeOf(first) * perOutput(second)
  return op === 'convFilter' ? 2 * sizeOf(second) * perOutput(shape) : undefined
}

/** Of the values that a step computes or reads from data, states and constants aside. */
export function computedBytes(program: Program): number {
  const states = new Set(program.states.map(({ node }) => node))
  return program.nodes.reduce((sum, { op, shape, dtype }, index) => {
    if (op === 'constant' || states.has(index)) return sum
    return sum + sizeOf(shape) * bytesPerElement[dtype]
  }, 0)
}
