/**
 * The directory that a run leaves behind:
 *
 *     run.json                              what was asked
 *     events.jsonl                          what happened, one JSON document a line, in the order of time
 *     stages/<hash>/checkpoints/            while it trains: see @gradpool/trainer's checkpoint.ts
 *     stages/<hash>/model.gradpool          once it is done: see stage-files.ts
 *     stages/<hash>/metrics.json
 *     stages/<hash>/done
 *     result.json                           the document that `--json` prints
 *
 * run.json and result.json end with a checksum; see storage's sealed-json.ts. Every file but the log is there whole or
 * not at all; of the rows in checkpoints/, those that a checkpoint goes by are.
 */
import { UserError } from '@gradpool/core'
import {
  appendLine,
  endTornLine,
  flushDirectory,
  makeDirectories,
  openLog,
  reasonOf,
  sealJson,
  writeDurably,
} from '@gradpool/storage'
import { CheckpointStore } from '@gradpool/trainer'
import { closeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunRecord } from './run-record.js'
import type { RunEvent, RunResult } from './run-result.js'
import { writeStageFiles, type StageManifest } from './stage-files.js'
import type { StageMetrics } from './stage-metrics.js'

export class RunDirectory {
  readonly path: string
  /** Undefined once it could not be written. */
  #log: number | undefined

  private constructor(path: string, log: number) {
    this.path = path
    this.#log = log
  }

  /**
   * Makes a directory of a name of its own: the time, and a number where two runs begin in one second.
   *
   * @throws UserError when it cannot be made or written.
   */
  static async create(parent: string, record: RunRecord): Promise<RunDirectory> {
    try {
      await makeDirectories(parent)
      const path = await makeUnique(join(parent, nameOf(record.started)))
      await mkdir(join(path, 'stages'))
      await writeDurably(join(path, 'run.json'), sealJson(record))
      await flushDirectory(parent)
      return new RunDirectory(path, openLog(join(path, 'events.jsonl')))
    } catch (error) {
      throw new UserError(`cannot make a run directory in '${parent}': ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }

  /**
   * Opens a directory that is there, to resume its run.
   *
   * @param onRepaired Told in one sentence of what a cut left behind.
   * @throws UserError when its log cannot be written
   */
  static open(path: string, onRepaired: (message: string) => void): RunDirectory {
    const log = join(path, 'events.jsonl')
    try {
      if (endTornLine(log)) onRepaired(`the last line of '${log}' was cut short; it is left out`)
      return new RunDirectory(path, openLog(log))
    } catch (error) {
      throw new UserError(`cannot resume '${path}': ${reasonOf(error)}`, { cause: error })
    }
  }

  stageFolder(hash: string): string {
    return stageFolder(this.path, hash)
  }

  checkpoints(hash: string): CheckpointStore {
    return new CheckpointStore(checkpointFolder(this.path, hash))
  }

  /**
   * Adds a line to the log. A log that cannot be written stops growing.
   *
   * @returns a sentence the first time that it fails.
   */
  append(event: RunEvent, time: Date): string | undefined {
    if (this.#log === undefined) return undefined
    try {
      appendLine(this.#log, JSON.stringify({ time: time.toISOString(), ...event }, bytesAsText))
      return undefined
    } catch (error) {
      this.#closeLog()
      return `cannot write '${join(this.path, 'events.jsonl')}', so the log ends here: ${reasonOf(error)}`
    }
  }

  /** @throws UserError when a file cannot be written; `done` is not there then. */
  async writeStage(metrics: StageMetrics, model: Uint8Array, best: Uint8Array | undefined): Promise<StageManifest> {
    const manifest = await writeStageFiles(this.stageFolder(metrics.stage.hash), metrics, model, best)
    await flushDirectory(join(this.path, 'stages'))
    return manifest
  }

  /** @throws UserError when it cannot be written. */
  async writeResult(result: RunResult): Promise<void> {
    const path = join(this.path, 'result.json')
    try {
      await writeDurably(path, sealJson(result))
    } catch (error) {
      throw new UserError(`cannot write '${path}': ${reasonOf(error)}`, { cause: error })
    }
  }

  close(): void {
    if (this.#log !== undefined) this.#closeLog()
  }

  #closeLog(): void {
    const log = this.#log
    this.#log = undefined
    if (log !== undefined) closeSync(log)
  }
}

/** What a run is read from: files and the folder of its stages, which need not be there. */
export function sourcesOfRun(directory: string): string[] {
  return ['run.json', 'result.json', 'events.jsonl', 'labels.json', 'stages'].map((name) => join(directory, name))
}

export function stageFolder(directory: string, hash: string): string {
  return join(directory, 'stages', hash)
}

export function checkpointFolder(directory: string, hash: string): string {
  return join(stageFolder(directory, hash), 'checkpoints')
}

/** Bytes that were logged, in base64. */
function bytesAsText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** `2026-01-31T12-00-00`, which every file system takes. */
function nameOf(started: string): string {
  return started.slice(0, 19).replaceAll(':', '-')
}

/** Making a directory is the one way to take a name that two processes cannot both win. */
async function makeUnique(path: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? path : `${path}_${attempt}`
    try {
      await mkdir(candidate)
      return candidate
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
