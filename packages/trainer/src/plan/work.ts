/** How much a Program computes, from its graph alone: orders trainings and says what threads gain; never part of a result. */
import { sizeOf, type BatchProgram, type Program } from '@gradpool/core'

/** Floating-point operations of one pass over the examples. */
export function passWork({ program, tail, batchSize, numExamples }: BatchProgram): number {
  const full = Math.floor(numExamples / batchSize) * flopsOf(program)
  return tail === undefined ? full : full + flopsOf(tail)
}

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
