/**
 * Reads run directories back: what was asked, what happened, and what came of it.
 */
import { UserError } from '@gradpool/core'
import {
  hasFields,
  isMissing,
  isText,
  messageOf,
  openSealed,
  readRegular,
  reasonOf,
  refuseOtherVersion,
} from '@gradpool/storage'
import { constants } from 'node:buffer'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { EventLog, type LoggedEvent } from './event-log.js'
import { reviveRows } from './revive-rows.js'
import { RUN_FORMAT, RUN_FORMAT_VERSION } from './run-format.js'
import type { RunRecord } from './run-record.js'
import type { RunResult } from './run-result.js'

export interface RunContents {
  readonly directory: string
  readonly record: RunRecord
  /** Null while the run goes on, and for one that was cut off. */
  readonly result: RunResult | null
  /** Up to the last whole line of the log; without what was logged, of any size: `EventLog` reads that, too. */
  readonly events: readonly LoggedEvent[]
}

/**
 * @throws UserError when there is no run in the directory, or its files are damaged.
 */
export async function readRun(directory: string): Promise<RunContents> {
  const record = await readRecord(directory)
  const result = await readResult(join(directory, 'result.json'), record)
  const events = await readEvents(directory)
  return { directory, record, result, events }
}

/** @throws UserError when there is no run in the directory, or its record is damaged. */
export async function readRecord(directory: string): Promise<RunRecord> {
  const path = join(directory, 'run.json')
  const read = await readSealed(path)
  if (read === null) throw new UserError(`there is no run in '${directory}': no file '${path}'`)
  const { value: record, isWhole } = read
  refuseOtherVersion(record, path, RUN_FORMAT, RUN_FORMAT_VERSION)
  if (!isRecord(record)) throw new UserError(`'${path}' is not the record of a run that this version can read`)
  if (isWhole) return record
  throw new UserError(`'${path}' is not as it was written`)
}

/** Null when there is none. @throws UserError for one that is damaged, or of another run */
export async function readResult(path: string, record: RunRecord): Promise<RunResult | null> {
  const read = await readSealed(path, reviveRows)
  if (read === null) return null
  const { value: result, isWhole } = read
  if (!isWhole) throw new UserError(`'${path}' is not as it was written`)
  if (!isResult(result)) throw new UserError(`'${path}' is not the result of a run`)
  const stagesOf = ({ experiments }: RunResult | RunRecord) =>
    experiments.map(({ name, seed, stages }) => [name, seed, ...stages.map(({ hash }) => hash)])
  if (isDeepStrictEqual(stagesOf(result), stagesOf(record))) return result
  throw new UserError(`'${path}' is the result of another run`)
}

/**
 * The run directories inside a folder, oldest first; none when the folder is not there.
 *
 * @param onDamaged Told in one sentence of each whose record cannot be read; it is left out.
 */
export async function findRuns(
  parent = 'runs',
  onDamaged: (message: string) => void = () => undefined,
): Promise<string[]> {
  const found: { path: string; started: string }[] = []
  for (const name of await namesIn(parent)) {
    const path = join(parent, name)
    if (!existsSync(join(path, 'run.json'))) continue
    try {
      found.push({ path, started: (await readRecord(path)).started })
    } catch (error) {
      onDamaged(messageOf(error))
    }
  }
  found.sort((a, b) => order(a.started, b.started) || order(a.path, b.path))
  return found.map(({ path }) => path)
}

export function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

export async function namesIn(parent: string): Promise<string[]> {
  try {
    return await readdir(parent)
  } catch (error) {
    if (isMissing(error)) return []
    throw new UserError(`cannot read '${parent}': ${reasonOf(error)}`, { cause: error })
  }
}

/** Null when there is no such file. @throws UserError when it is not JSON. */
async function readSealed(path: string, reviver?: typeof reviveRows): Promise<ReturnType<typeof openSealed> | null> {
  const text = await readText(path)
  if (text === null) return null
  try {
    return openSealed(text, reviver)
  } catch (error) {
    throw new UserError(`'${path}' is damaged: it is not JSON`, { cause: error })
  }
}

async function readEvents(directory: string): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = []
  for await (const { events } of new EventLog(directory).added()) {
    for (const event of events) if (event.type !== 'logged') all.push(event)
  }
  return all
}

async function readText(path: string): Promise<string | null> {
  try {
    return String(await readRegular(path, { most: constants.MAX_STRING_LENGTH }))
  } catch (error) {
    if (isMissing(error)) return null
    throw error instanceof UserError
      ? error
      : new UserError(`cannot read '${path}': ${reasonOf(error)}`, { cause: error })
  }
}

function isRecord(value: unknown): value is RunRecord {
  return hasFields(value, {
    format: (format) => format === RUN_FORMAT,
    formatVersion: (version) => version === RUN_FORMAT_VERSION,
    started: isText,
    versions: (versions) => hasFields(versions, {}),
    engine: (engine) => hasFields(engine, { name: isText, numerics: isText }),
    experiments: (experiments) => Array.isArray(experiments) && experiments.every(isExperiment),
    record: (record) => hasFields(record, {}),
  })
}

/** As far as it is compared with the record; `gradpool show` checks what it shows. */
function isResult(value: unknown): value is RunResult & Record<string, unknown> {
  const isStage = (stage: unknown) => hasFields(stage, { hash: isText })
  const isOne = (one: unknown) =>
    hasFields(one, { name: isText, stages: (stages) => Array.isArray(stages) && stages.every(isStage) })
  return hasFields(value, {
    run: isText,
    engine: isText,
    seconds: Number.isFinite,
    experiments: (all) => Array.isArray(all) && all.every(isOne),
  })
}

function isExperiment(value: unknown): boolean {
  return hasFields(value, {
    name: isText,
    seed: Number.isInteger,
    data: (data) => hasFields(data, { name: isText, hash: isText }),
    stages: (stages) =>
      Array.isArray(stages) && stages.every((stage) => hasFields(stage, { name: isText, hash: isText })),
  })
}
