/** The run that a user means. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UserError } from '@gradpool/core'
import { findRuns } from '@gradpool/orchestrator'
import { closest } from 'fastest-levenshtein'

/** A run by its directory, by its name in the folder of runs, or the latest there. */
export async function findRun(asked: string | undefined, out: string): Promise<string> {
  if (asked !== undefined) {
    for (const directory of [asked, join(out, asked)]) if (existsSync(directory)) return directory
  }
  const runs = await findRuns(out)
  const latest = runs.at(-1)
  if (latest === undefined) {
    throw new UserError(`There are no runs in '${out}': make one with \`gradpool run report\``)
  }
  if (asked === undefined) return latest
  const nearest = closest(
    asked,
    runs.map((run) => basename(run)),
  )
  throw new UserError(`There is no run '${asked}' in '${out}': did you mean '${nearest}'?`)
}
