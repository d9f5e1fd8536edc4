/** `gradpool resume`: goes on with a run that was interrupted or cut off, as it was begun. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import { readRecord } from '@gradpool/orchestrator'
import { findRun } from '../find-run.js'
import { type Io } from '../io.js'
import { type RunCommandOptions } from '../options/run-options.js'
import { runCommand } from './run.js'

/** What may differ from the run as it was begun, as none of it changes a result. */
export type ResumeOptions = Pick<
  RunCommandOptions,
  'workers' | 'engine' | 'data' | 'checkpointEvery' | 'json' | 'quiet'
> & { readonly out: string }

/** @throws UserError when there is no such run, or what it was begun with has changed. */
export async function resumeCommand(
  asked: string | undefined,
  options: ResumeOptions,
  io: Io,
): Promise<number> {
  const directory = await findRun(asked, options.out)
  const { record } = await readRecord(directory)
  const { asked: experiments, cwd, seed, set, preset, precision } = record
  if (!isTexts(experiments) || !isTexts(set) || !Array.isArray(seed)) {
    throw new UserError(`'${directory}' was not made by \`gradpool run\`, so it cannot go on here`)
  }
  const run = {
    ...(record as unknown as RunCommandOptions),
    ...options,
    ...(options.data !== undefined && { data: resolve(options.data) }),
    resume: false,
  }
  const absolute = resolve(directory)
  const moves = typeof cwd === 'string' && existsSync(cwd) && resolve(cwd) !== process.cwd()
  // Paths in the run's record are those of the folder that it was begun in.
  if (moves) process.chdir(cwd)
  return runCommand(experiments, run, io, moves ? absolute : directory)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}
