/** The options of `gradpool queue`. */
import { type QueueChoice } from './queue-options.js'

export const queueActions = ['list', 'retry', 'drain', 'pause', 'resume', 'remove'] as const
export type QueueAction = (typeof queueActions)[number]

export interface QueueCommandOptions extends QueueChoice {
  /** Show it again and again. */
  readonly watch?: boolean
  readonly json?: boolean
}
