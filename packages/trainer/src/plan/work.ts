/** A rough count of floating-point operations: orders trainings and says what sharing a step gains; never part of a result. */
import { sizeOf, type BatchProgram, type Program } from '@gradpool/core'

/** Of one pass over the examples. */
export function passWork({ program, tail, batchSize, numExamples }: BatchProgram): number {
  const full = Math.floor(numExamples / batchSize) * stepWork(program)
  return tail === undefined ? full : full + stepWork(tail)
}

/** One operation per element, and two per product and sum of a matmul. */
export function stepWork(program: Program): number {
  return program.nodes.reduce((total, node) => {
    if (node.op !== 'matmul') return total + sizeOf(node.shape)
    const left = program.node(node.inputs[0] ?? 0).shape
    const shared = left.at(node.attributes.transposeA === true ? -2 : -1) ?? 1
    return total + 2 * sizeOf(node.shape) * shared
  }, 0)
}
