/** The view of a run from its directory. */
import { UserError } from '@gradpool/core'
import { readRun } from '@gradpool/orchestrator'
import { basename, join, resolve } from 'node:path'
import { newRunView, withEvent, type RunView } from './run-view.js'

/** @throws UserError where there is no run in the directory, or its files are damaged */
export async function readRunView(directory: string): Promise<RunView> {
  const { record, events } = await readRun(directory)
  const begun = newRunView(basename(resolve(directory)), record)
  try {
    return events.reduce(withEvent, begun)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Lines are checked only as far as every event is alike.
    throw new UserError(`'${join(directory, 'events.jsonl')}' is damaged: a line is no event`, { cause: error })
  }
}
