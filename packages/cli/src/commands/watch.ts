/** `gradpool watch`: follows a run that was begun with a queue; Ctrl-C leaves its stages there. */
import { UserError } from '@gradpool/core'
import { begunRun, type ResumeOptions } from '../begun-run.js'
import { type Io } from '../io.js'
import { usesQueue } from '../queue/submission.js'
import { restarted } from '../supervise.js'
import { runCommand } from './run.js'

/** @throws UserError when there is no such run, or it has no queue */
export async function watchCommand(asked: string | undefined, options: ResumeOptions, io: Io): Promise<number> {
  const begun = await begunRun(restarted().run ?? asked, options)
  if (begun.options.queue === undefined || !usesQueue(begun.options)) {
    throw new UserError(`'${begun.directory}' was begun without a queue: \`gradpool resume\` goes on with it`)
  }
  return runCommand(begun.asked, { ...begun.options, leaves: true }, io, begun.directory)
}
