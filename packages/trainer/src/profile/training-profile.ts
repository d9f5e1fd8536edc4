/** What a training has spent its time on, of each of its executions that was noted. */
import type { ExecutionProfile } from '@gradpool/core/engine'

export interface TrainingProfile extends ExecutionProfile {
  /** Of the training, and of its part where it has several. */
  readonly name: string
  /** All steps that it has done, those included of which nothing was noted. */
  readonly steps: number
}
