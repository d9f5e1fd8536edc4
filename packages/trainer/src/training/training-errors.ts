/** What went wrong in a training, as one sentence. */
import { UserError } from '@gradpool/core'
import { type StateValues } from '@gradpool/core/engine'
import { messageOf } from '@gradpool/storage'
import { WorkerDied } from '@gradpool/worker-pool'
import { labelIsOutside, type LabelOutside } from './label-outside.js'
import type { Origin } from './locate-nonfinite.js'

export interface LostStep {
  /** From 1 over all epochs. */
  readonly step: number
  readonly epoch: number
  /** NaN where there was none. */
  readonly lastLoss: number
  /** What it began with, in the order of the program. */
  readonly state: StateValues
  /** Where in the step it began, as far as that is known. */
  readonly origin: Origin | undefined
  /** That made it so. */
  readonly label: LabelOutside | undefined
}

export function lossNotFinite({ step, epoch, lastLoss, state, origin, label }: LostStep): string {
  const when = `the loss is not a finite number at step ${step} (epoch ${epoch})`
  if (label !== undefined) return `${when}: ${labelIsOutside(label)}`
  if (origin?.field !== undefined) {
    return (
      `${when}: the field '${origin.field}' has missing values (${origin.numNotFinite} of ${origin.numValues} in that step), ` +
      'which this model does not replace: give it `impute`, or leave such rows out'
    )
  }
  const before = Number.isFinite(lastLoss)
    ? `the last finite loss was ${Number(lastLoss.toPrecision(6))}`
    : 'it was not finite before either'
  const where = stateNotFinite(state) ?? (origin && origins(origin)) ?? largestState(state)
  return `${when}; ${before}; ${where}; a smaller learning rate may help`
}

function origins(origin: Origin): string {
  const { tensor, line, numNotFinite, numValues, largestOperand, states } = origin
  const at = line === undefined ? '' : ` at ${line}`
  const below = states.length === 0 ? '' : `, computed from ${listed(states)}`
  return (
    `all states were finite before it, and the first tensor of the step that is not is ${tensor}${at} ` +
    `(${numNotFinite} of ${numValues} values, of operands up to ${largestOperand.toPrecision(3)}${below})`
  )
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(' and ')
}

function stateNotFinite(state: StateValues): string | undefined {
  for (const [name, values] of Object.entries(state)) {
    const count = values.filter((value) => !Number.isFinite(value)).length
    if (count > 0) {
      return `the first tensor that is not finite is '${name}' (${count} of ${values.length} values)`
    }
  }
  return undefined
}

function largestState(state: StateValues): string {
  let largest = { name: '', size: 0 }
  for (const [name, values] of Object.entries(state)) {
    const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (size > largest.size) largest = { name, size }
  }
  const { name, size } = largest
  return `all states were finite before it, the largest value was ${size.toPrecision(3)} in '${name}'`
}

/** The message of an error that is the user's or the machine's; one that is a defect says so. */
export function sentenceOf(error: unknown): string {
  if (error instanceof UserError || error instanceof WorkerDied) return error.message
  return `unexpected error: ${messageOf(error)}`
}
