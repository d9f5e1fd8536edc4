/**
 * Runs experiments: their stages as one graph over a pool of worker threads, recorded in a run directory.
 */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import type { ExperimentPlan } from '@gradpool/experiments'
import { messageOf } from '@gradpool/storage'
import { checkMemory, enginePool, sentenceOf, usefulWorkers } from '@gradpool/trainer'
import { experimentResult, isOver } from './runs/experiment-result.js'
import { DoneStages } from './runs/done-stages.js'
import { lockRun, type Lock } from './runs/run-lock.js'
import { RunDirectory } from './runs/run-directory.js'
import { runGraph } from './scheduling/run-graph.js'
import { readRecord } from './runs/read-run.js'
import { runRecord, type RunRecord } from './runs/run-record.js'
import type { ExperimentResult, RunEvent, RunResult, StageProgress } from './runs/run-result.js'
import { checkSameRun } from './runs/same-run.js'
import { stageGraph, type StageGraph } from './scheduling/stage-graph.js'
import { type OnProfile, StageRunner } from './stage-runner.js'

export interface RunOptions {
  readonly engine: Engine
  /** Worker threads, and so the most stages that train at one time. At least 1. */
  readonly workers: number
  /** The folder that run directories are made in. Default: `runs`. */
  readonly directory?: string
  /** A run directory to resume, in the place of making one. */
  readonly resume?: string
  /** Train every stage, those too that earlier runs in `directory` have done. */
  readonly fresh?: boolean
  /** What ended the process before, such as SIGSEGV, where this one was started for that. */
  readonly after?: string
  /** The most seconds of training that are lost when the process dies. Default: 10. */
  readonly checkpointSeconds?: number
  /**
   * A thread that makes no step for so long is ended, and its stage is resumed from its last checkpoint. Default: 120.
   */
  readonly stallSeconds?: number
  /** Stops all stages within a step; the result then tells of experiments that were interrupted. */
  readonly signal?: AbortSignal
  /** What it throws stops nothing; the first time, a warning tells of it. */
  readonly onEvent?: (event: RunEvent) => void
  /**
   * Told once, when a thread that hangs cannot be ended, as it is in native code. Its stage goes on in another thread,
   * unless the run is aborted now, to go on in another process.
   */
  readonly onStuck?: () => void
  /** Told of each stage that ends what some of its steps spent their time on; without it, nothing is noted. */
  readonly onProfile?: OnProfile
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

const CHECKPOINT_SECONDS = 10
const STALL_SECONDS = 120

/** How long a stage that was told to stop may take before its thread is ended. */
const STOP_MS = 10_000

/**
 * Starts to run experiments and returns as soon as the run directory is there.
 *
 * @throws UserError when the run directory cannot be made or an option is wrong; nothing has started then.
 */
export async function runExperiments(plans: readonly ExperimentPlan[], options: RunOptions): Promise<Run> {
  const { engine, workers, record = {}, fresh = false } = options
  const { checkpointSeconds = CHECKPOINT_SECONDS, stallSeconds = STALL_SECONDS } = options
  if (!Number.isInteger(workers) || workers < 1) {
    throw new UserError(`workers must be a whole number of at least 1, not ${String(workers)}`)
  }
  if (!(checkpointSeconds > 0)) {
    throw new UserError(`checkpointSeconds must be a number above 0, not ${String(checkpointSeconds)}`)
  }
  const started = new Date()
  const asked = runRecord({ plans, engine, workers, started, record })
  const graph = stageGraph(plans)
  const stages = [...graph.values()].map(({ plan }) => plan)
  await checkMemory(stages, engine, workers)
  const repairs: string[] = []
  const { directory, lock } = await directoryFor(asked, options, (message) => repairs.push(message))

  const emit = emitter(directory, options.onEvent)
  if (options.resume !== undefined)
    emit({ type: 'resumed', ...(options.after !== undefined && { after: options.after }) })
  for (const message of repairs) emit({ type: 'warning', message })
  // More threads than stages can use would only take memory.
  const usable = stages.reduce((sum, plan) => sum + usefulWorkers(plan, workers), 0)
  const threads = Math.max(1, Math.min(workers, usable))
  const warn = (message: string) => emit({ type: 'warning', message })
  const pool = enginePool(engine, threads, warn, options.onStuck)
  const done = new DoneStages({
    directory,
    numerics: engine.numerics,
    fresh,
    onWarning: warn,
  })
  const runner = new StageRunner({
    engine,
    pool,
    workers: threads,
    directory,
    done,
    emit,
    checkpointSeconds,
    stallSeconds,
    onProfile: options.onProfile,
  })
  const running: Running = { plans, graph, runner, directory, emit }

  const train = async () => {
    const startedMs = performance.now()
    const release = stopOnAbort(options.signal, runner, () => void pool.close())
    try {
      const experiments = await runStages(running, workers, options.signal)
      const seconds = (performance.now() - startedMs) / 1000
      const result = { run: directory.path, engine: engine.name, workers, seconds, experiments }
      await writeResult(running, result)
      return result
    } finally {
      release()
      await pool.close()
      directory.close()
      lock.release()
    }
  }
  return { directory: directory.path, result: train(), progress: () => runner.progress() }
}

/**
 * @throws UserError when there is none to go on with, it was begun for something else, or another process works there.
 */
async function directoryFor(
  asked: RunRecord,
  { directory: parent = 'runs', resume }: RunOptions,
  onRepaired: (message: string) => void,
): Promise<{ directory: RunDirectory; lock: Lock }> {
  if (resume === undefined) {
    const directory = await RunDirectory.create(parent, asked)
    return { directory, lock: await lockRun(directory.path, onRepaired) }
  }
  checkSameRun(resume, await readRecord(resume), asked)
  const lock = await lockRun(resume, onRepaired)
  try {
    return { directory: RunDirectory.open(resume, onRepaired), lock }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Writes each event to the log and tells the caller; neither can stop the run. */
function emitter(directory: RunDirectory, onEvent: RunOptions['onEvent']): Running['emit'] {
  let hasThrown = false
  const tell = (event: RunEvent) => {
    try {
      onEvent?.(event)
    } catch (error) {
      if (hasThrown) return
      hasThrown = true
      emit({ type: 'warning', message: `onEvent threw: ${messageOf(error)}` })
    }
  }
  const emit = (event: RunEvent) => {
    const problem = directory.append(event, new Date())
    tell(event)
    if (problem !== undefined) tell({ type: 'warning', message: problem })
  }
  return emit
}

interface Running {
  readonly plans: readonly ExperimentPlan[]
  readonly graph: StageGraph
  readonly runner: StageRunner
  readonly directory: RunDirectory
  readonly emit: (event: RunEvent) => void
}

/** Tells of each experiment as soon as it is over; the results are in the order of the plans. */
async function runStages(
  { plans, graph, runner, emit }: Running,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ExperimentResult[]> {
  const results = new Map<ExperimentPlan, ExperimentResult>()
  const conclude = (plan: ExperimentPlan): ExperimentResult => {
    const known = results.get(plan)
    if (known !== undefined) return known
    const result = experimentResult(plan, graph, runner.ends)
    results.set(plan, result)
    emit({ type: 'experimentDone', result })
    return result
  }
  await runGraph(graph, {
    limit,
    signal,
    async run(node) {
      const done = await runner.run(node)
      for (const plan of plans) if (isOver(plan, runner.ends)) conclude(plan)
      return done
    },
  })
  // Those that were never begun, too.
  return plans.map(conclude)
}

async function writeResult({ directory, emit }: Running, result: RunResult): Promise<void> {
  try {
    await directory.writeResult(result)
  } catch (error) {
    emit({ type: 'warning', message: sentenceOf(error) })
  }
}

/** @returns what takes the listener away again. */
function stopOnAbort(signal: AbortSignal | undefined, runner: StageRunner, giveUp: () => void): () => void {
  let timeout: NodeJS.Timeout | undefined
  const stop = () => {
    runner.stop()
    timeout = setTimeout(giveUp, STOP_MS)
  }
  signal?.addEventListener('abort', stop, { once: true })
  return () => {
    signal?.removeEventListener('abort', stop)
    clearTimeout(timeout)
  }
}
