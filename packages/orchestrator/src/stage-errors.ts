/** What went wrong in a stage, as one sentence. */
import { UserError } from '@gradpool/core'
import { WorkerDied } from './pool.js'

/** @param step The step that failed, from 1 over all epochs. */
export function lossNotFinite(step: number, epoch: number, lastLoss: number): string {
  const before = Number.isFinite(lastLoss)
    ? `the last finite loss was ${Number(lastLoss.toPrecision(6))}`
    : 'it was not finite before either'
  return `the loss is not a finite number at step ${step} (epoch ${epoch}); ${before}; a smaller learning rate may help`
}

/** The message of an error that is the user's or the machine's; one that is a defect says so. */
export function sentenceOf(error: unknown): string {
  if (error instanceof UserError || error instanceof WorkerDied) return error.message
  return `unexpected error: ${messageOf(error)}`
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
