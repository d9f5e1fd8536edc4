/** The package of queues, which is not installed with Gradpool. */
import { UserError } from '@gradpool/core'
import type * as Queue from '@gradpool/queue'
import { codeOf } from '@gradpool/storage'
import { ownVersion } from '@gradpool/trainer'
import { commandFor, projectAbove } from '../setup/optional-packages.js'

/** @throws UserError with the command that installs it, where it is not there */
export async function loadQueue(): Promise<typeof Queue> {
  try {
    return await import('@gradpool/queue')
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    const project = projectAbove(process.cwd()) ?? process.cwd()
    const command = commandFor(project, { name: '@gradpool/queue', version: ownVersion() })
    throw new UserError(`A queue needs the package @gradpool/queue: ${command.join(' ')}`, { cause: error })
  }
}
