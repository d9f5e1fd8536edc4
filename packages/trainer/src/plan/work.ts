/** How much a training computes: orders trainings; never part of a result. */
import { flopsOf, type BatchProgram } from '@gradpool/core/engine'

/** Floating-point operations of one pass over the examples. */
export function passWork({ program, tail, batchSize, numExamples }: BatchProgram): number {
  const full = Math.floor(numExamples / batchSize) * flopsOf(program)
  return tail === undefined ? full : full + flopsOf(tail)
}
