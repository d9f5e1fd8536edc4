/** The view of a run from its directory. */
import { UserError } from '@gradpool/core'
import { EventLog, readRecord } from '@gradpool/orchestrator'
import { basename, resolve } from 'node:path'
import { newRunView, withEvent, type RunView } from './run-view.js'

/** @throws UserError where there is no run in the directory, or its files are damaged */
export async function readRunView(directory: string): Promise<RunView> {
  const log = new EventLog(directory)
  let view = newRunView(basename(resolve(directory)), await readRecord(directory))
  try {
    // A part at a time: files of any size may be logged.
    for await (const { events } of log.added()) view = events.reduce(withEvent, view)
    return view
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Lines are checked only as far as every event is alike.
    throw new UserError(`'${log.path}' is damaged: a line is no event`, { cause: error })
  }
}
