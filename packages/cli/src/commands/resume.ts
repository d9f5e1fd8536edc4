/** `gradpool resume`: goes on with a run that was interrupted or cut off, as it was begun. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import { readRecord } from '@gradpool/orchestrator'
import { precisions } from '../engines.js'
import { findRun } from '../find-run.js'
import { type Io } from '../io.js'
import { type RunCommandOptions } from '../options/run-options.js'
import { restarted } from '../supervise.js'
import { runCommand } from './run.js'

/** What may differ from the run as it was begun, as none of it changes a result. */
export type ResumeOptions = Pick<
  RunCommandOptions,
  'workers' | 'engine' | 'data' | 'checkpointEvery' | 'maxMinutes' | 'json' | 'quiet'
> & { readonly out: string }

/** @throws UserError when there is no such run, or what it was begun with has changed. */
export async function resumeCommand(
  asked: string | undefined,
  options: ResumeOptions,
  io: Io,
): Promise<number> {
  const directory = await findRun(restarted().run ?? asked, options.out)
  const { record } = await readRecord(directory)
  if (!isOfRunCommand(record)) {
    throw new UserError(`'${directory}' was not made by \`gradpool run\`, so it cannot go on here`)
  }
  const { asked: experiments, cwd, seed, preset, set, precision, epochs } = record
  const data = options.data === undefined ? record.data : resolve(options.data)
  const run: RunCommandOptions = {
    ...options,
    ...{ seed, preset, set, precision },
    fresh: record.fresh === true,
    ...(epochs !== undefined && { epochs }),
    ...(data !== undefined && { data }),
  }
  const absolute = resolve(directory)
  const moves = existsSync(cwd) && resolve(cwd) !== process.cwd()
  // Paths in the run's record are those of the folder that it was begun in.
  if (moves) process.chdir(cwd)
  return runCommand(experiments, run, io, moves ? absolute : directory)
}

/** What `gradpool run` adds to the record of a run. */
type Begun = Omit<RunCommandOptions, 'resume'> & {
  readonly asked: readonly string[]
  readonly cwd: string
}

function isOfRunCommand(record: object): record is Begun {
  const fields: Partial<Record<keyof Begun, unknown>> = record
  return (
    isListOf('string', fields.asked) &&
    isListOf('string', fields.set) &&
    isListOf('number', fields.seed) &&
    typeof fields.cwd === 'string' &&
    typeof fields.preset === 'string' &&
    precisions.some((precision) => precision === fields.precision)
  )
}

function isListOf(type: 'string' | 'number', value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === type)
}
