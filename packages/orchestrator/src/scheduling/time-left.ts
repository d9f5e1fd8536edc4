/**
 * How long a run still takes: each of its stages, and all of them on the threads that there are.
 *
 * A stage that runs goes on at its pace. One that waits takes as long as those of its kind, the same stage of the same
 * experiment with other seeds; where there is none yet, its cost is reckoned at the rate of those that have run. The
 * rest of the run is then played through, in the order in which stages start.
 */
import { Pace, speedOn } from '@gradpool/trainer'
import type { RunEvent } from '../runs/run-result.js'
import type { PlannedStage } from './planned-stages.js'
import { playThrough, type Task } from './play-through.js'

/** What was measured of stages of a kind, in seconds on one thread. */
interface Kind {
  /** Of an epoch, validation included: how many, and how long all of them took. */
  epochs: number
  seconds: number
  /** Stages that were trained to the end, how many epochs these had, and what they took beside epochs. */
  ended: number
  endedEpochs: number
  beside: number
}

interface Tracked {
  readonly stage: PlannedStage
  readonly kind: Kind
  readonly dependents: Tracked[]
  /** While it runs. */
  running?:
    | {
        readonly pace: Pace
        readonly began: number
        /** What part of it was done before. */
        readonly fromPart: number
        /** When its last epoch was done; undefined before the first. */
        epochAt?: number
        /** Seconds before the first epoch, on one thread. */
        before: number
      }
    | undefined
  isOver: boolean
}

/** The answer is good for so long, less the time that passed. */
const KEEP_SECONDS = 0.5

export class TimeLeft {
  readonly #stages: ReadonlyMap<string, Tracked>
  readonly #slots: number | null
  #answer: { readonly at: number; readonly seconds: number } | undefined

  /** @param slots How many stages run at one time; null where nobody knows: as many as do now. */
  constructor(stages: readonly PlannedStage[], slots: number | null) {
    this.#slots = slots
    const kinds = new Map<string, Kind>()
    const tracked = new Map<string, Tracked>()
    for (const stage of stages) {
      const { name, experiments } = stage.ref
      const title = JSON.stringify([name, experiments])
      const kind = kinds.get(title) ?? { epochs: 0, seconds: 0, ended: 0, endedEpochs: 0, beside: 0 }
      kinds.set(title, kind)
      tracked.set(stage.ref.hash, { stage, kind, dependents: [], isOver: false })
    }
    for (const one of tracked.values()) tracked.get(one.stage.initFrom ?? '')?.dependents.push(one)
    this.#stages = tracked
  }

  /** Those that earlier runs have done, as far as can be foreseen. */
  expectReused(isReused: (hash: string) => boolean): void {
    for (const [hash, one] of this.#stages) one.isOver ||= isReused(hash)
  }

  /** @param now in seconds, on a clock that all times are of */
  onEvent(event: RunEvent, now: number): void {
    if (event.type !== 'epoch' && event.type !== 'usage') this.#answer = undefined
    if (event.type === 'resumed') {
      // What ran does so no more, and this process may be faster or slower.
      for (const one of this.#stages.values()) {
        one.running = undefined
        forgetMost(one.kind)
      }
      return
    }
    const one = 'stage' in event ? this.#stages.get(event.stage.hash) : undefined
    if (one === undefined) return
    if (event.type === 'stageStarted') this.#start(one, event, now)
    else if (event.type === 'epoch') epoch(one, event.row, now)
    else if (event.type === 'threads') one.running?.pace.onThreads(event.threads, now)
    else if (event.type === 'stageDone') done(one, now)
    else if (event.type === 'stageReused') end(one)
    else if (event.type === 'stageFailed') endWithDependents(one)
  }

  /** Undefined while nothing tells. @param step where it is, if that is known */
  secondsLeftOf(hash: string, now: number, step?: number): number | undefined {
    const one = this.#stages.get(hash)
    const work = one?.running && this.#workLeft(one, now, step)
    return work === undefined ? undefined : work / (one?.running?.pace.speed ?? 1)
  }

  /** NaN while nothing tells. */
  stepsPerSecond(hash: string): number {
    return this.#stages.get(hash)?.running?.pace.stepsPerSecond() ?? NaN
  }

  /** Of the whole run; undefined while nothing tells, or where nothing runs. */
  secondsLeft(now: number): number | undefined {
    if (this.#answer === undefined || now < this.#answer.at || now - this.#answer.at > KEEP_SECONDS) {
      const seconds = this.#reckon(now)
      this.#answer = seconds === undefined ? undefined : { at: now, seconds }
    }
    return this.#answer && Math.max(0, this.#answer.seconds - (now - this.#answer.at))
  }

  #start(one: Tracked, { epochs, stepsPerEpoch, fromStep }: RunEvent & { type: 'stageStarted' }, now: number): void {
    const { cost } = one.stage
    const share = cost && cost.training > 0 ? cost.training / (cost.training + cost.validation) : 1
    const pace = new Pace({ epochs, stepsPerEpoch, fromStep, share, began: now })
    one.running = { pace, began: now, fromPart: fromStep / (epochs * stepsPerEpoch), before: 0 }
    one.isOver = false
  }

  #reckon(now: number): number | undefined {
    const open = [...this.#stages.values()].filter(({ isOver }) => !isOver)
    const running = open.filter((one) => one.running).length
    const tasks = new Map<Tracked, Task>()
    for (const one of open) {
      const work = one.running ? this.#workLeft(one, now) : this.#workOf(one)
      if (work === undefined) return undefined
      tasks.set(one, {
        work,
        threads: one.stage.cost?.threads ?? 1,
        isRunning: one.running !== undefined,
        dependents: [],
        waits: false,
      })
    }
    for (const [one, task] of tasks) {
      for (const dependent of one.dependents) {
        const its = tasks.get(dependent)
        if (its === undefined) continue
        its.waits = true
        task.dependents.push(its)
      }
    }
    return playThrough([...tasks.values()], this.#slots ?? Math.max(1, running), speedOn)
  }

  /** Seconds on one thread that a stage still takes. */
  #workLeft(one: Tracked, now: number, step?: number): number | undefined {
    const { running, kind, stage } = one
    if (running === undefined) return this.#workOf(one)
    const epochs = running.pace.workLeft(now, step)
    const all = this.#workOf(one)
    if (epochs === undefined) {
      return all === undefined ? undefined : Math.max(0, all * (1 - running.fromPart) - (now - running.began))
    }
    const each = running.pace.epochSeconds()
    const test = stage.cost && each !== undefined ? each * testShare(stage.cost) : 0
    const beside = kind.ended > 0 ? kind.beside / kind.ended : test
    // Some of it was before the first epoch, some is after the last.
    const after = Math.max(0, beside - running.before)
    const passed = epochs === 0 && running.epochAt !== undefined ? now - running.epochAt : 0
    return epochs + Math.max(0, after - passed)
  }

  /** Seconds on one thread of a stage as a whole. */
  #workOf({ kind, stage: { cost } }: Tracked): number | undefined {
    const each = kind.epochs > 0 ? kind.seconds / kind.epochs : this.#runningOf(kind)
    if (each !== undefined && kind.ended > 0) return (each * kind.endedEpochs + kind.beside) / kind.ended
    if (cost === undefined) return undefined
    if (each !== undefined) return each * (cost.epochs + testShare(cost))
    const rate = this.#rate()
    return rate === undefined ? undefined : rate * costOf(cost)
  }

  /** Of an epoch, where stages of the kind are in their first. */
  #runningOf(kind: Kind): number | undefined {
    for (const one of this.#stages.values()) {
      const seconds = one.kind === kind ? one.running?.pace.epochSeconds() : undefined
      if (seconds !== undefined) return seconds
    }
    return undefined
  }

  /** What was measured, for each second of cost; undefined while nothing was. */
  #rate(): number | undefined {
    let [seconds, costs] = [0, 0]
    const seen = new Set<Kind>()
    for (const { kind, stage } of this.#stages.values()) {
      if (seen.has(kind) || stage.cost === undefined) continue
      seen.add(kind)
      const ofEpoch = stage.cost.training + stage.cost.validation
      const each = kind.epochs > 0 ? kind.seconds / kind.epochs : this.#runningOf(kind)
      if (each === undefined) continue
      // One that was measured for longer says more.
      const epochs = Math.max(1, kind.epochs)
      seconds += each * epochs
      costs += ofEpoch * epochs
    }
    return costs > 0 ? seconds / costs : undefined
  }
}

function epoch({ running, kind }: Tracked, row: { readonly epoch: number; readonly seconds: number }, now: number) {
  if (running === undefined) return
  const { pace, began, fromPart } = running
  const isFirst = running.epochAt === undefined
  const isPart = isFirst && fromPart > 0
  if (isFirst && Number.isFinite(row.seconds)) running.before = Math.max(0, now - began - row.seconds) * pace.speed
  const speed = pace.speed
  pace.onEpoch(row, now)
  running.epochAt = now
  if (isPart || !Number.isFinite(row.seconds)) return
  // What is long ago counts less and less.
  if (kind.epochs >= MOST_COUNTED) {
    kind.epochs /= 2
    kind.seconds /= 2
  }
  kind.epochs++
  kind.seconds += row.seconds * speed
}

const MOST_COUNTED = 1000

/** Means stay, and count as one. */
function forgetMost(kind: Kind): void {
  if (kind.epochs > 1) {
    kind.seconds /= kind.epochs
    kind.epochs = 1
  }
  if (kind.ended > 1) {
    kind.endedEpochs /= kind.ended
    kind.beside /= kind.ended
    kind.ended = 1
  }
}

function done(one: Tracked, now: number): void {
  const { running, kind } = one
  if (running?.epochAt !== undefined) {
    kind.ended++
    kind.endedEpochs += running.pace.epochs
    kind.beside += running.before + Math.max(0, now - running.epochAt)
  }
  end(one)
}

function end(one: Tracked): void {
  one.running = undefined
  one.isOver = true
}

/** What needs it never starts. */
function endWithDependents(one: Tracked): void {
  end(one)
  for (const dependent of one.dependents) endWithDependents(dependent)
}

function testShare({ training, validation, test }: NonNullable<PlannedStage['cost']>): number {
  const epoch = training + validation
  return epoch > 0 ? test / epoch : 0
}

function costOf({ epochs, training, validation, test }: NonNullable<PlannedStage['cost']>): number {
  return epochs * (training + validation) + test
}
