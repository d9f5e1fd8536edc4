/** `gradpool gc`: removes what no run needs any more, once it is told to; before that, it says what that is. */
import { UserError } from '@gradpool/core'
import { findGarbage, removeGarbage } from '@gradpool/orchestrator'
import { fileErrorSentence, messageOf } from '@gradpool/storage'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

export interface GcOptions {
  /** Where run directories are. */
  readonly runs: string
  readonly delete?: boolean
}

/** @throws UserError when something cannot be removed. */
export async function gcCommand(options: GcOptions, { stdout, stderr }: Io): Promise<number> {
  const { runs } = options
  const { garbage, foreign } = await findGarbage(runs, (damage) =>
    stderr.print(`${damage}; the run keeps its own files, and nothing in the store counts as its`),
  )
  for (const { path, why, numBytes } of garbage) {
    stdout.print(`${megabytes(numBytes).padStart(10)}  ${path} (${why})`)
  }
  for (const { path, what } of foreign) {
    stdout.print(`Left alone: '${path}' is ${what} that Gradpool did not make`)
  }
  if (garbage.length === 0) {
    stdout.print(`Nothing in '${runs}' is without use.`)
    return exitCode.done
  }
  const total = megabytes(garbage.reduce((sum, { numBytes }) => sum + numBytes, 0))
  if (options.delete !== true) {
    stdout.print(`${total} can be freed: \`gradpool gc --delete\` removes all of this.`)
    return exitCode.done
  }
  try {
    await removeGarbage(garbage)
  } catch (error) {
    throw new UserError(`Cannot remove everything: ${fileErrorSentence(error) ?? messageOf(error)}`, { cause: error })
  }
  stdout.print(`${total} are free again.`)
  return exitCode.done
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(1)} MB`
}
