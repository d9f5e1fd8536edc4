/** What went wrong in a stage, as one sentence. */
import { UserError, type StateValues } from '@gradpool/core'
import { WorkerDied } from '../scheduling/pool.js'

/**
 * @param step The step that failed, from 1 over all epochs.
 * @param state What it began with, in the order of the program.
 */
export function lossNotFinite(
  step: number,
  epoch: number,
  lastLoss: number,
  state: StateValues,
): string {
  const before = Number.isFinite(lastLoss)
    ? `the last finite loss was ${Number(lastLoss.toPrecision(6))}`
    : 'it was not finite before either'
  return `the loss is not a finite number at step ${step} (epoch ${epoch}); ${before}; ${firstNotFinite(state)}; a smaller learning rate may help`
}

/** Which tensor is not finite, or the one that is nearest to that. */
function firstNotFinite(state: StateValues): string {
  let largest = { name: '', size: 0 }
  for (const [name, values] of Object.entries(state)) {
    const count = values.filter((value) => !Number.isFinite(value)).length
    if (count > 0) {
      return `the first tensor that is not finite is '${name}' (${count} of ${values.length} values)`
    }
    const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (size > largest.size) largest = { name, size }
  }
  const { name, size } = largest
  return `all tensors were finite before it, the largest value was ${size.toPrecision(3)} in '${name}'`
}

/** The message of an error that is the user's or the machine's; one that is a defect says so. */
export function sentenceOf(error: unknown): string {
  if (error instanceof UserError || error instanceof WorkerDied) return error.message
  return `unexpected error: ${messageOf(error)}`
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
