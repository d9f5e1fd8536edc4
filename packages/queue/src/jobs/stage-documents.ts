/** How a submitter writes what a job starts from, and reads what it came to. */
import type { StateValues } from '@gradpool/core/engine'
import type { TrainingOutcome } from '@gradpool/trainer'
import type { TrainingPlan } from '@gradpool/trainer/plan'
import type { Content } from '../job.js'

export interface StageDocuments {
  /** @throws UserError where the plan has what cannot travel, or the store cannot be written */
  encodePlan(plan: TrainingPlan): Promise<Content>
  /** The bytes are the same for the same states, wherever it is called. */
  encodeStates(states: StateValues): Promise<Content>
  /** @throws UserError where it is missing or is no outcome of the plan */
  decodeOutcome(outcome: Content, plan: TrainingPlan): Promise<TrainingOutcome>
  /** Of a stage that is done, by its hash; undefined where there is none. */
  findResult(stage: string, numerics: string): Promise<Content | undefined>
  /** One that cannot be read is not to be found again. */
  dropResult(stage: string, numerics: string): Promise<void>
}
