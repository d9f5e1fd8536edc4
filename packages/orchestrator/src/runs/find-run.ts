/** The run that a user means. */
import { UserError } from '@gradpool/core'
import { suggestion } from '@gradpool/experiments'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findRuns } from './read-run.js'

/** The most runs that a sentence names, the latest. */
const MOST_NAMED = 5

/**
 * The directory of a run by its path, by its name in the folder of runs, or of the latest there.
 *
 * @param asked Default: `latest`.
 * @throws UserError where there is none
 */
export async function findRun(asked = 'latest', runs = 'runs'): Promise<string> {
  const named = namedRun(asked, runs)
  if (named !== undefined) return named
  const directories = await findRuns(runs)
  const latest = directories.at(-1)
  if (latest === undefined) {
    const missing = asked === 'latest' ? 'There are no runs' : `There is no run '${asked}', and no other`
    throw new UserError(`${missing} in '${runs}': make one with \`gradpool run report\``)
  }
  if (asked === 'latest') return latest
  const names = directories.slice(-MOST_NAMED).map((run) => basename(run))
  throw new UserError(`There is no run '${asked}' in '${runs}': ${suggestion(asked, ['latest', ...names])}`)
}

/** Whether `findRun` can find it. */
export function isRun(asked: string, runs: string): boolean {
  return asked === 'latest' || namedRun(asked, runs) !== undefined
}

function namedRun(asked: string, runs: string): string | undefined {
  if (asked === '') return undefined
  return [asked, join(runs, asked)].find((directory) => existsSync(join(directory, 'run.json')))
}
