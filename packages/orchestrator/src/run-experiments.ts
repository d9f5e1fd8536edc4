/**
 * Runs experiments: their stages as one graph, over a pool of worker threads or wherever else they are trained,
 * recorded in a run directory.
 */
import { UserError } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import type { ExperimentPlan, StagePlan } from '@gradpool/experiments'
import { messageOf } from '@gradpool/storage'
import {
  checkMemory,
  enginePool,
  logOf,
  sentenceOf,
  SinkFeed,
  usefulWorkers,
  type Log,
  type LoggedItem,
  type Sink,
} from '@gradpool/trainer'
import { LocalTrainer, type OnProfile } from './local-trainer.js'
import { experimentResult, isOver } from './runs/experiment-result.js'
import { DoneStages, isLikelyDone } from './runs/done-stages.js'
import { lockRun, type Lock } from './runs/run-lock.js'
import { RunDirectory } from './runs/run-directory.js'
import { RunLog } from './runs/run-log.js'
import { plannedStages } from './scheduling/planned-stages.js'
import { runGraph } from './scheduling/run-graph.js'
import { TimeLeft } from './scheduling/time-left.js'
import { EventLog } from './runs/event-log.js'
import { readRecord } from './runs/read-run.js'
import { type EngineTold, runRecord, type RunRecord } from './runs/run-record.js'
import type { ExperimentResult, RunEvent, RunInSight, RunResult, StageRef } from './runs/run-result.js'
import { checkSameRun } from './runs/same-run.js'
import { stageGraph, type StageGraph } from './scheduling/stage-graph.js'
import { StageRunner } from './stage-runner.js'
import type { StageTrainer } from './stage-trainer.js'

interface CommonOptions {
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
  /**
   * What it throws stops nothing; the first time, a warning tells of it.
   *
   * @param log adds images, tables and files to the log of a stage
   */
  readonly onEvent?: (event: RunEvent, log: (stage: StageRef) => Log) => void
  /** Where the stages are logged besides, given the run directory. None can stop or slow the run. */
  readonly sinks?: (directory: string) => readonly Sink[]
  /** Anything else that `run.json` should record, such as the command line. */
  readonly record?: Readonly<Record<string, unknown>>
}

/** Of a run that this process trains. */
export interface RunOptions extends CommonOptions {
  readonly engine: Engine
  /** Worker threads, and so the most stages that train at one time. At least 1. */
  readonly workers: number
  readonly trainer?: undefined
  /**
   * Told once, when a thread that hangs cannot be ended, as it is in native code. Its stage goes on in another thread,
   * unless the run is aborted now, to go on in another process.
   */
  readonly onStuck?: () => void
  /** Told of each stage that ends what some of its steps spent their time on; without it, nothing is noted. */
  readonly onProfile?: OnProfile
}

/** Of a run whose stages are trained elsewhere. */
export interface TrainerRunOptions extends CommonOptions {
  /** Closed when the run is over. */
  readonly trainer: StageTrainer
  /** What the trainer trains with. */
  readonly engine: EngineTold
}

export interface Run extends RunInSight {
  /** The run directory. */
  readonly directory: string
  /** Fulfilled when nothing is left to do; failed and interrupted experiments are part of the result. */
  readonly result: Promise<RunResult>
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
export async function runExperiments(
  plans: readonly ExperimentPlan[],
  options: RunOptions | TrainerRunOptions,
): Promise<Run> {
  const { engine, record = {}, fresh = false } = options
  const { checkpointSeconds = CHECKPOINT_SECONDS, stallSeconds = STALL_SECONDS } = options
  const limit = options.trainer === undefined ? options.workers : options.trainer.limit
  const workers = options.trainer === undefined ? limit : null
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UserError(`workers must be a whole number of at least 1, not ${String(limit)}`)
  }
  if (!(checkpointSeconds > 0)) {
    throw new UserError(`checkpointSeconds must be a number above 0, not ${String(checkpointSeconds)}`)
  }
  const started = new Date()
  const asked = runRecord({ plans, engine, workers, started, record })
  const graph = stageGraph(plans)
  const stages = [...graph.values()].map(({ plan }) => plan)
  if (options.trainer === undefined) await checkMemory(stages, options.engine, limit)
  const repairs: string[] = []
  const { directory, lock } = await directoryFor(asked, options, (message) => repairs.push(message))

  const logTo: { log?: RunLog } = {}
  const timeLeft = new TimeLeft(plannedStages(asked), workers)
  const { numerics } = engine
  timeLeft.expectReused((hash) => isLikelyDone(hash, { directory: directory.path, numerics, fresh }))
  if (options.resume !== undefined) await recall(timeLeft, directory.path)
  const emit = emitter(plans, directory, options.onEvent, logTo, timeLeft)
  const warn = (message: string) => emit({ type: 'warning', message })
  const feed = new SinkFeed({
    sinks: options.sinks?.(directory.path) ?? [],
    warn,
    onUsage: (usage) => emit({ type: 'usage', ...usage }),
  })
  const log = new RunLog({ plans, engine, feed, stageFolder: (hash) => directory.stageFolder(hash), warn })
  logTo.log = log
  if (options.resume !== undefined)
    emit({ type: 'resumed', ...(options.after !== undefined && { after: options.after }) })
  for (const message of repairs) emit({ type: 'warning', message })
  const trainer = options.trainer ?? localTrainer(stages, options, directory, warn)
  const done = new DoneStages({ directory, numerics, fresh, onWarning: warn })
  const runner = new StageRunner({
    numerics,
    trainer,
    directory,
    done,
    emit,
    timeLeft,
    checkpointSeconds,
    stallSeconds,
  })
  const running: Running = { plans, graph, runner, directory, emit }

  const train = async () => {
    const startedMs = performance.now()
    const release = stopOnAbort(options.signal, runner, () => void trainer.close())
    try {
      const experiments = await runStages(running, limit, options.signal)
      const seconds = (performance.now() - startedMs) / 1000
      const result = { run: directory.path, engine: engine.name, workers, seconds, experiments }
      await writeResult(running, result)
      return result
    } finally {
      release()
      await trainer.close()
      await log.close()
      directory.close()
      lock.release()
    }
  }
  return {
    directory: directory.path,
    result: train(),
    progress: () => runner.progress(Date.now() / 1000),
    secondsLeft() {
      const now = Date.now() / 1000
      // In its first epoch, a stage is known by its steps alone.
      runner.progress(now)
      return timeLeft.secondsLeft(now) ?? null
    },
  }
}

/** What the processes before told, as far as it can be read. */
async function recall(timeLeft: TimeLeft, directory: string): Promise<void> {
  try {
    for await (const { events } of new EventLog(directory).added()) {
      for (const event of events) timeLeft.onEvent(event, Date.parse(event.time) / 1000)
    }
  } catch {
    // It only serves to foresee.
  }
}

function localTrainer(
  stages: readonly StagePlan[],
  { engine, workers, onStuck, onProfile }: RunOptions,
  directory: RunDirectory,
  warn: (message: string) => void,
): StageTrainer {
  // More threads than stages can use would only take memory.
  const usable = stages.reduce((sum, plan) => sum + usefulWorkers(plan, workers), 0)
  const threads = Math.max(1, Math.min(workers, usable))
  const pool = enginePool(engine, threads, warn, onStuck)
  return new LocalTrainer({
    engine,
    pool,
    workers: threads,
    checkpoints: (hash) => directory.checkpoints(hash),
    onProfile,
  })
}

/**
 * @throws UserError when there is none to go on with, it was begun for something else, or another process works there.
 */
async function directoryFor(
  asked: RunRecord,
  { directory: parent = 'runs', resume }: CommonOptions,
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

/** The most bytes of one file or image that a log takes; as much as waits for a sink. */
const MOST_LOGGED_BYTES = 2 ** 26

/** Writes each event to the log and tells the caller and the experiments; none of them can stop the run. */
function emitter(
  plans: readonly ExperimentPlan[],
  directory: RunDirectory,
  onEvent: CommonOptions['onEvent'],
  logTo: { readonly log?: RunLog },
  timeLeft: TimeLeft,
): Running['emit'] {
  const logOfStage = (stage: StageRef) =>
    logOf(
      (item) => {
        const tooLarge = `'${item.name}' is not logged: it has more than ${MOST_LOGGED_BYTES / 2 ** 20} MiB`
        const isTooLarge = bytesIn(item) > MOST_LOGGED_BYTES
        emit(isTooLarge ? { type: 'warning', message: tooLarge } : { type: 'logged', stage, item })
      },
      () => logTo.log?.epochOf(stage) ?? 0,
    )
  const thrown = new Set<string>()
  const onThrown = (who: string, error: unknown) => {
    if (thrown.has(who)) return
    thrown.add(who)
    emit({ type: 'warning', message: `${who} threw: ${messageOf(error)}` })
  }
  const epochsTo = epochCallbacks(plans)
  const tell = (event: RunEvent) => {
    try {
      onEvent?.(event, logOfStage)
    } catch (error) {
      onThrown('onEvent', error)
    }
    if (event.type !== 'epoch') return
    const { stage, row } = event
    for (const [onEpoch, experiment] of epochsTo.get(stage.hash) ?? []) {
      const who = `onEpoch of ${experiment}`
      try {
        const outcome = onEpoch({ stage: stage.name, seed: stage.seed, row, log: logOfStage(stage) })
        if (outcome instanceof Promise) outcome.catch((error: unknown) => onThrown(who, error))
      } catch (error) {
        onThrown(who, error)
      }
    }
  }
  const emit = (event: RunEvent) => {
    const time = new Date()
    const problem = directory.append(event, time)
    timeLeft.onEvent(event, time.getTime() / 1000)
    logTo.log?.onEvent(event)
    tell(event)
    if (problem !== undefined) tell({ type: 'warning', message: problem })
  }
  return emit
}

type OnEpoch = NonNullable<ExperimentPlan['config']['onEpoch']>

/** By the hash of the stage, each once, with the first experiment that has it. */
function epochCallbacks(plans: readonly ExperimentPlan[]): Map<string, Map<OnEpoch, string>> {
  const found = new Map<string, Map<OnEpoch, string>>()
  for (const { name, config, stages } of plans) {
    const { onEpoch } = config
    if (onEpoch === undefined) continue
    for (const { hash } of stages) {
      const own = found.get(hash) ?? new Map<OnEpoch, string>()
      if (!own.has(onEpoch)) own.set(onEpoch, name)
      found.set(hash, own)
    }
  }
  return found
}

function bytesIn(item: LoggedItem): number {
  if (item.type === 'table') return 0
  return item.type === 'image' ? item.image.bytes.length : item.contents.length
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
  const plansOf = new Map<string, ExperimentPlan[]>()
  for (const plan of plans) for (const { hash } of plan.stages) pushTo(plansOf, hash, plan)
  await runGraph(graph, {
    limit,
    signal,
    async run(node) {
      const done = await runner.run(node)
      for (const plan of plansOf.get(node.ref.hash) ?? []) if (isOver(plan, runner.ends)) conclude(plan)
      return done
    },
  })
  // Those that were never begun, too.
  return plans.map(conclude)
}

function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
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
