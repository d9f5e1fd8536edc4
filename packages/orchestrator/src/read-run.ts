/**
 * Reads run directories back: what was asked, and what came of it.
 */
import type { RunResult } from './run-result.js'

/** `run.json`. */
export interface RunRecord {
  readonly format: 'gradpool-run'
  readonly formatVersion: 1
  /** ISO 8601. */
  readonly started: string
  readonly versions: Readonly<Record<string, string>>
  readonly engine: { readonly name: string; readonly description: string }
  readonly workers: number
  readonly experiments: readonly {
    readonly name: string
    readonly seed: number
    readonly config: unknown
    readonly stages: readonly { readonly name: string; readonly hash: string }[]
  }[]
  /** What the caller added. */
  readonly record: Readonly<Record<string, unknown>>
}

export interface RunContents {
  readonly directory: string
  readonly record: RunRecord
  /** Null while the run goes on, or when it ended without writing its result. */
  readonly result: RunResult | null
}

/**
 * @throws UserError when there is no run in the directory, or its files are damaged.
 */
export async function readRun(directory: string): Promise<RunContents> {
  await Promise.resolve()
  throw new Error(`not written yet: ${directory}`)
}

/** The run directories inside a folder, oldest first; none when the folder is not there. */
export async function findRuns(parent = 'runs'): Promise<string[]> {
  await Promise.resolve()
  throw new Error(`not written yet: ${parent}`)
}
