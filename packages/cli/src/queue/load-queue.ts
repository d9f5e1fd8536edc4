/** The package of queues, which is not installed with Gradpool. */
import type * as Queue from '@gradpool/queue'
import { importOptional } from '../optional-part.js'

/** @throws UserError with the command that installs it, where it is not there */
export function loadQueue(): Promise<typeof Queue> {
  return importOptional('A queue', '@gradpool/queue', () => import('@gradpool/queue'))
}
