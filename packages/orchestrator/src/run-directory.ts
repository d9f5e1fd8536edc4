/**
 * The directory that a run leaves behind:
 *
 *     run.json                              what was asked
 *     events.jsonl                          what happened, one JSON document a line, in the order of time
 *     stages/<hash>/weights.safetensors     all states at the end, the optimizer's included
 *     stages/<hash>/metrics.json            every epoch, the test, the samples
 *     stages/<hash>/done                    written last: the stage is whole
 *     result.json                           the document that `--json` prints
 *
 * Every file but the log is there whole or not at all.
 */
import { UserError } from '@gradpool/core'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { flushDirectory, makeDirectories, writeDurably } from './durable-file.js'
import type { RunRecord } from './run-record.js'
import type { EpochRow, RunEvent, RunResult, Sample, StageRef } from './run-result.js'
import { encodeSafetensors, type NamedArray } from './safetensors.js'

/** `metrics.json`. */
export interface StageMetrics {
  readonly stage: StageRef
  readonly seconds: number
  readonly testAccuracy: number | null
  /** SHA-256 of the final states; see `ExperimentResult.weights`. */
  readonly weights: string
  readonly epochs: readonly EpochRow[]
  readonly samples: readonly Sample[]
}

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
      await writeDurably(join(path, 'run.json'), json(record))
      await flushDirectory(parent)
      return new RunDirectory(path, openSync(join(path, 'events.jsonl'), 'a'))
    } catch (error) {
      throw new UserError(`cannot make a run directory in '${parent}': ${reason(error)}`, {
        cause: error,
      })
    }
  }

  /**
   * Adds a line to the log. A log that cannot be written stops growing.
   *
   * @returns a sentence the first time that it fails.
   */
  append(event: RunEvent, time: Date): string | undefined {
    if (this.#log === undefined) return undefined
    try {
      writeSync(this.#log, `${JSON.stringify({ time: time.toISOString(), ...event })}\n`)
      return undefined
    } catch (error) {
      this.#closeLog()
      return `cannot write '${join(this.path, 'events.jsonl')}', so the log ends here: ${reason(error)}`
    }
  }

  /** @throws UserError when a file cannot be written; `done` is not there then. */
  async writeStage(metrics: StageMetrics, states: ReadonlyMap<string, NamedArray>): Promise<void> {
    const { hash, name } = metrics.stage
    const directory = join(this.path, 'stages', hash)
    try {
      await makeDirectories(directory)
      const file = { tensors: states, metadata: { stage: hash, name } }
      await writeDurably(join(directory, 'weights.safetensors'), encodeSafetensors(file))
      await writeDurably(join(directory, 'metrics.json'), json(metrics))
      await writeDurably(join(directory, 'done'), '')
      await flushDirectory(join(this.path, 'stages'))
    } catch (error) {
      throw new UserError(`cannot write its files to '${directory}': ${reason(error)}`, {
        cause: error,
      })
    }
  }

  /** @throws UserError when it cannot be written. */
  async writeResult(result: RunResult): Promise<void> {
    const path = join(this.path, 'result.json')
    try {
      await writeDurably(path, json(result))
    } catch (error) {
      throw new UserError(`cannot write '${path}': ${reason(error)}`, { cause: error })
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

/** Node's message without the call and the path, which the sentence around it has: `permission denied`. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
