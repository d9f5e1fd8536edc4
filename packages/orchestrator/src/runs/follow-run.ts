/**
 * A run that another process works on, seen by its files alone: nothing is written, and that process pays nothing.
 * Where its stages are, events tell at the end of an epoch, the names of checkpoints in between, and between these the
 * clock.
 */
import { CheckpointStore, type EpochRow } from '@gradpool/trainer'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { plannedStages } from '../scheduling/planned-stages.js'
import { TimeLeft } from '../scheduling/time-left.js'
import { isLikelyDone } from './done-stages.js'
import { EventLog } from './event-log.js'
import { readResult } from './read-run.js'
import { checkpointFolder } from './run-directory.js'
import { isLocked } from './run-lock.js'
import type { RunRecord } from './run-record.js'
import type { RunEvent, RunInSight, RunResult, StageProgress, StageRef } from './run-result.js'

export interface FollowOptions {
  /** Told of all events, those before now, too. */
  readonly onEvent: (event: RunEvent) => void
  /** Ends the looking on, and nothing else. */
  readonly signal: AbortSignal
}

export interface FollowedRun extends RunInSight {
  /** What came of it, once no process works on it; undefined where it was cut off, or after the signal. */
  readonly ended: Promise<RunResult | undefined>
}

const LOOK_MS = 200
/** Checkpoints are written every some seconds. */
const LOOK_AT_CHECKPOINTS_MS = 1000
/** A process that is started again after a crash takes the run over in less. */
const GRACE_MS = 4000

/** @throws UserError where its files are damaged, `ended` too */
export async function followRun(
  directory: string,
  record: RunRecord,
  { onEvent, signal }: FollowOptions,
): Promise<FollowedRun> {
  const stages = new SeenStages()
  const timeLeft = new TimeLeft(plannedStages(record), record.workers)
  const { numerics } = record.engine
  const fresh = record.record.fresh === true
  timeLeft.expectReused((hash) => isLikelyDone(hash, { directory, numerics, fresh }))
  const log = new EventLog(directory)
  const read = async () => {
    for await (const { events } of log.added()) {
      for (const event of events) {
        const at = Date.parse(event.time) / 1000
        stages.onEvent(event, at)
        timeLeft.onEvent(event, at)
        onEvent(event)
      }
    }
  }
  let lookedMs = -Infinity
  const look = async () => {
    await read()
    if (performance.now() - lookedMs < LOOK_AT_CHECKPOINTS_MS) return
    lookedMs = performance.now()
    await stages.lookAtCheckpoints(directory, timeLeft)
  }
  await look()
  return {
    ended: end(directory, record, look, signal),
    progress: () => stages.progress(timeLeft, Date.now() / 1000),
    secondsLeft: () => timeLeft.secondsLeft(Date.now() / 1000) ?? null,
    mayEndEarly: () => timeLeft.mayEndEarly(),
  }
}

async function end(
  directory: string,
  record: RunRecord,
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const path = join(directory, 'result.json')
  // A run that is resumed still has the result of the process before.
  const before = isLocked(directory) ? told(path) : ''
  let silentSince: number | undefined
  while (!signal.aborted) {
    const isHeld = isLocked(directory)
    await look()
    const now = performance.now()
    if (isHeld) silentSince = undefined
    else {
      silentSince ??= now
      if (told(path) !== before) return (await readResult(path, record)) ?? undefined
      if (now - silentSince > GRACE_MS) return undefined
    }
    await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined)
  }
  return undefined
}

/** Empty for a file that is not there. */
function told(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false })
  return status === undefined ? '' : `${status.size}:${status.mtimeMs}:${status.ino}`
}

interface Seen {
  readonly stage: StageRef
  readonly epochs: number
  readonly stepsPerEpoch: number
  readonly fromStep: number
  /** In seconds since 1970. */
  readonly began: number
  row?: EpochRow
}

/** The stages that run, as far as events tell. */
class SeenStages {
  readonly #running = new Map<string, Seen>()

  onEvent(event: RunEvent, at: number): void {
    if (event.type === 'resumed') this.#running.clear()
    if (!('stage' in event)) return
    const { hash } = event.stage
    if (event.type === 'stageStarted') {
      const { stage, epochs, stepsPerEpoch, fromStep } = event
      this.#running.set(hash, { stage, epochs, stepsPerEpoch, fromStep, began: at })
    } else if (event.type === 'epoch') {
      const seen = this.#running.get(hash)
      if (seen !== undefined) seen.row = event.row
    } else if (event.type !== 'threads' && event.type !== 'logged') this.#running.delete(hash)
  }

  /** None are found of stages that are trained elsewhere. */
  async lookAtCheckpoints(directory: string, timeLeft: TimeLeft): Promise<void> {
    for (const [hash, { fromStep, began }] of this.#running) {
      const saved = await new CheckpointStore(checkpointFolder(directory, hash)).saved().catch(() => [])
      const own = saved.filter(({ seconds }) => seconds >= began)
      if (own.length === 0) continue
      for (const { step, seconds } of [...own, { step: fromStep, seconds: began }].reverse()) {
        timeLeft.onStep(hash, step, seconds)
      }
    }
  }

  progress(timeLeft: TimeLeft, now: number): StageProgress[] {
    return [...this.#running.values()].map(({ stage, epochs, stepsPerEpoch, fromStep, row }) => {
      const step = timeLeft.stepAt(stage.hash, now) ?? fromStep
      return {
        stage,
        epoch: Math.min(Math.floor(step / stepsPerEpoch) + 1, epochs),
        epochs,
        step,
        steps: epochs * stepsPerEpoch,
        last: row === undefined ? {} : numbersOf(row),
        stepsPerSecond: timeLeft.stepsPerSecond(stage.hash),
        secondsLeft: timeLeft.secondsLeftOf(stage.hash, now) ?? null,
        mayEndEarly: timeLeft.mayEndEarly(stage.hash),
      }
    })
  }
}

function numbersOf({ epoch: _, seconds: __, ...metrics }: EpochRow): Record<string, number> {
  const numbers = Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(numbers)
}
