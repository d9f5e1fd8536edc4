/** Whether an execution can stand at a position. */
import { sizeOf, UserError, type Execution, type Position } from '@gradpool/core'

/** The step's number is an i32 in programs. */
export const MOST_STEPS = 2 ** 31 - 1

/** @throws UserError with one sentence. */
export function checkPosition({ program }: Execution, { step, since, sums }: Position): void {
  if (!isStep(since) || !isStep(step) || since > step) {
    throw new UserError(`a position is at a step that can be, not at ${since} to ${step}`)
  }
  const { results } = program.program
  if (Object.keys(sums).length !== results.length) {
    throw new UserError(`a position has sums of ${results.map(({ name }) => name).join(', ')}`)
  }
  for (const { name, node } of results) {
    const size = sizeOf(program.program.node(node).shape)
    if (sums[name]?.length !== size) {
      throw new UserError(`a position has ${size} sums of "${name}"`)
    }
  }
}

function isStep(step: number): boolean {
  return Number.isInteger(step) && step >= 0 && step <= MOST_STEPS
}
