/** Goes on with a run in a process of its own, which this one does not end. */
import { UserError } from '@gradpool/core'
import { processAt } from '@gradpool/orchestrator'
import { openLog, reasonOf } from '@gradpool/storage'
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, OUTPUT_FILE } from '../watching/log-lines.js'

const LOOK_MS = 100
/** Data are read before the run is. */
const MOST_MS = 20_000

/**
 * Fulfilled once the process works on the run.
 *
 * @param command A program and its arguments; no shell reads them.
 * @throws UserError with what the process said, where it ended before
 */
export async function resumeRun(directory: string, command: readonly string[]): Promise<void> {
  const [program = '', ...args] = command
  const output = openLog(join(directory, OUTPUT_FILE))
  const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  child.unref()
  let ended: { readonly code: number | null } | undefined
  let failed: Error | undefined
  child.on('exit', (code) => (ended = { code }))
  child.on('error', (error) => (failed = error))
  const until = performance.now() + MOST_MS
  while (processAt(directory) === undefined && performance.now() < until) {
    if (failed !== undefined) throw new UserError(`the run cannot be resumed: ${reasonOf(failed)}`)
    if (ended?.code === 0) return
    if (ended !== undefined) {
      const said = (await lastLines(join(directory, OUTPUT_FILE))).at(-1)
      throw new UserError(`the run was not resumed: ${said ?? 'its process ended at once'}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
