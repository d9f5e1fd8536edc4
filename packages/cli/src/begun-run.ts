/** A run that was begun by `gradpool run`, with all that it was begun with. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '@gradpool/core'
import { findRun, readRecord } from '@gradpool/orchestrator'
import { type RunCommandOptions } from './options/run-options.js'

/** What may differ from the run as it was begun, as none of it changes a result. */
export type ResumeOptions = Pick<
  RunCommandOptions,
  | 'workers'
  | 'engine'
  | 'data'
  | 'checkpointEvery'
  | 'stallAfter'
  | 'maxMinutes'
  | 'profile'
  | 'log'
  | 'json'
  | 'quiet'
  | 'report'
  | 'dashboard'
  | 'lang'
  | 'queueFile'
> & {
  /** Where run directories are. */
  readonly runs: string
}

export interface BegunRun {
  readonly directory: string
  readonly asked: readonly string[]
  readonly options: RunCommandOptions
}

/**
 * Goes to the folder that the run was begun in, if it is there: paths in its record are relative to that.
 *
 * @throws UserError when there is no such run, or something else made it
 */
export async function begunRun(asked: string | undefined, given: ResumeOptions): Promise<BegunRun> {
  const { runs: out, queueFile, ...options } = given
  const directory = await findRun(asked, out)
  const { record } = await readRecord(directory)
  if (!isOfRunCommand(record)) {
    throw new UserError(`'${directory}' was not made by \`gradpool run\`, so it cannot go on here`)
  }
  const { asked: experiments, cwd, seed, preset, set, epochs } = record
  const log = options.log ?? record.log
  const data = options.data === undefined ? record.data : resolve(options.data)
  const run: RunCommandOptions = {
    ...options,
    out,
    // Any engine of the same numerics resumes it; where none was asked for, one of another class is out of place.
    engine: options.engine === 'auto' && !sameNumerics.has(record.engine) ? record.engine : fromHere(options.engine),
    seed,
    preset,
    set,
    fresh: record.fresh === true,
    ...queueOf(record),
    // One of its own threads has no use for it.
    ...(record.queue !== undefined && queueFile !== undefined && { queueFile }),
    ...(epochs !== undefined && { epochs }),
    ...(data !== undefined && { data }),
    ...(log !== undefined && { log }),
  }
  const absolute = resolve(directory)
  const moves = existsSync(cwd) && resolve(cwd) !== process.cwd()
  if (moves) process.chdir(cwd)
  return { directory: moves ? absolute : directory, asked: experiments, options: run }
}

/** It goes on over the queue that it was begun with. */
function queueOf({ queue, namespace, store, storeHost, priority, jobMinutes, submitter, spread }: Begun) {
  if (queue === undefined) return {}
  return {
    queue,
    ...(namespace !== undefined && { namespace }),
    ...(store !== undefined && { store }),
    ...(storeHost !== undefined && { storeHost }),
    ...(priority !== undefined && { priority }),
    ...(jobMinutes !== undefined && { jobMinutes }),
    ...(submitter !== undefined && { submitter }),
    ...(spread === true && { spread }),
  }
}

/** Where `auto` may resume what any of them began. */
const sameNumerics: ReadonlySet<string> = new Set(['auto', 'native', 'wasm'])

/** A file is meant from the folder that one is in, which need not be the run's. */
const fromHere = (engine: string): string => (/^\.{1,2}[/\\]/.test(engine) ? resolve(engine) : engine)

/** What `gradpool run` adds to the record of a run. */
type Begun = Omit<RunCommandOptions, 'resume'> & {
  readonly asked: readonly string[]
  readonly cwd: string
}

const texts = ['queue', 'namespace', 'store', 'storeHost', 'submitter'] as const

function isOfRunCommand(record: object): record is Begun {
  const fields: Partial<Record<keyof Begun, unknown>> = record
  return (
    isListOf('string', fields.asked) &&
    isListOf('string', fields.set) &&
    isListOf('number', fields.seed) &&
    (fields.log === undefined || isListOf('string', fields.log)) &&
    typeof fields.cwd === 'string' &&
    typeof fields.engine === 'string' &&
    typeof fields.preset === 'string' &&
    texts.every((name) => ['undefined', 'string'].includes(typeof fields[name]))
  )
}

function isListOf(type: 'string' | 'number', value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === type)
}
