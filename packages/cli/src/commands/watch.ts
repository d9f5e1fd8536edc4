/**
 * `gradpool watch`: follows a run to its end. One that a process works on is looked on at; one that was begun with a
 * queue, and whose process ended, gets its results from there, and Ctrl-C leaves its stages in the queue.
 */
import { UserError } from '@gradpool/core'
import { findRun, isLocked } from '@gradpool/orchestrator'
import { begunRun, type ResumeOptions } from '../begun-run.js'
import { type Io } from '../io.js'
import { usesQueue } from '../queue/submission.js'
import { restarted } from '../supervise.js'
import { followCommand } from './follow.js'
import { runCommand } from './run.js'

/** @throws UserError when there is no such run, or nobody works on it and it has no queue */
export async function watchCommand(asked: string | undefined, options: ResumeOptions, io: Io): Promise<number> {
  const run = restarted().run ?? asked
  const directory = await findRun(run, options.runs)
  if (isLocked(directory)) return followCommand(directory, options, io)
  const begun = await begunRun(run, options)
  if (begun.options.queue === undefined || !usesQueue(begun.options)) {
    throw new UserError(
      `no process works on '${begun.directory}', and it was begun without a queue: \`gradpool resume\` goes on with it`,
    )
  }
  return runCommand(begun.asked, { ...begun.options, leaves: true }, io, begun.directory)
}
