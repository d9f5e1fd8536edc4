/**
 * Runs experiments: their stages as one graph over a pool of worker threads, recorded in a run directory.
 */
import type { Engine } from '@gradpool/core'
import type { ExperimentPlan } from '@gradpool/experiments'
import type { RunEvent, RunResult, StageProgress } from './run-result.js'

export interface RunOptions {
  readonly engine: Engine
  /** Worker threads, and so the most stages that train at one time. At least 1. */
  readonly workers: number
  /** The folder that run directories are made in; `runs` unless said. */
  readonly directory?: string
  /** Stops all stages within a step; the result then tells of experiments that were interrupted. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: RunEvent) => void
  /** Anything else that `run.json` should record, such as the command line. */
  readonly record?: Readonly<Record<string, unknown>>
}

export interface Run {
  /** The run directory. */
  readonly directory: string
  /** Fulfilled when nothing is left to do; failed and interrupted experiments are part of the result. */
  readonly result: Promise<RunResult>
  /** The stages that are training now, read from shared words. */
  progress(): StageProgress[]
}

/**
 * Starts to run experiments and returns as soon as the run directory is there.
 *
 * @throws UserError when the run directory cannot be made or an option is wrong; nothing has started then.
 */
export async function runExperiments(
  plans: readonly ExperimentPlan[],
  options: RunOptions,
): Promise<Run> {
  await Promise.resolve()
  throw new Error(`not written yet: ${plans.length} ${options.workers}`)
}
