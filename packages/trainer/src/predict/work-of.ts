/** How long a step takes, from its graph alone. */
import { computedBytes, flopsOf, type Program } from '@gradpool/core/engine'

/** What a step of any Program takes, as so many operations. */
const STEP_WORK = 1000

/** How long one step takes, counted in floating-point operations: those, and the memory touched. */
export function workOf(program: Program): number {
  return STEP_WORK + flopsOf(program) + computedBytes(program)
}
