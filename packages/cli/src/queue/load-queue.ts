/** The package of queues, which is not installed with Gradpool. */
import type * as Queue from '@gradpool/queue'
import { loadPackage } from '../setup/load-package.js'

/** @throws UserError with the command that installs it, where it is not there */
export function loadQueue(): Promise<typeof Queue> {
  return loadPackage('@gradpool/queue', 'A queue needs', () => import('@gradpool/queue'))
}
