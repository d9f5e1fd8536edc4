/** `gradpool resume`: resumes a run that was interrupted or cut off, as it was begun. */
import { begunRun, type ResumeOptions } from '../begun-run.js'
import { type Io } from '../io.js'
import { restarted } from '../supervise.js'
import { runCommand } from './run.js'

/** @throws UserError when there is no such run, or what it was begun with has changed. */
export async function resumeCommand(asked: string | undefined, options: ResumeOptions, io: Io): Promise<number> {
  const begun = await begunRun(restarted().run ?? asked, options)
  return runCommand(begun.asked, begun.options, io, begun.directory)
}
