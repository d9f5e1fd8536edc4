/**
 * How fast a training goes, and so how long it still takes. What it did in another process, before it was resumed, says
 * nothing of that.
 *
 * Once an epoch is done here, the recent half of the epochs tells, each with its validation. Before that, steps tell,
 * and the validation is reckoned by its share of an epoch.
 */

export interface PaceOptions {
  readonly epochs: number
  readonly stepsPerEpoch: number
  /** Steps that were done before. */
  readonly fromStep: number
  /** What part of an epoch's time its steps take, the rest being its validation. Default: 1. */
  readonly share?: number | undefined
  /** When it began here, in seconds on a clock that all times below are of. */
  readonly began: number
}

interface Block {
  epochs: number
  /** On one thread. */
  seconds: number
}

interface Seen {
  readonly step: number
  readonly at: number
}

const MOST_BLOCKS = 64

/** Of the rest of an epoch that was begun elsewhere: a smaller one is mostly what it takes to begin and to validate. */
const LEAST_PART = 0.5

/** Steps tell nothing before: between two looks there may be one, or none. */
const FEWEST_SECONDS = 0.05

/** What another thread adds to the speed of one: docs/scaling.md has what was measured. */
const SPEED_OF_ANOTHER = 0.8

/** How many times as fast a training is on so many threads, about. */
export function speedOn(threads: number): number {
  return 1 + SPEED_OF_ANOTHER * (threads - 1)
}

export class Pace {
  readonly #options: PaceOptions & { readonly share: number }
  readonly #clock: WorkClock
  /** Of whole epochs, the last of them in the last block. */
  #blocks: Block[] = []
  #epochsPerBlock = 1
  /** Epochs that are done, those before it began here, too. */
  #epochs: number
  /** When the last of them was, or it began here. */
  #since: number
  /** The first step that was seen, and the last, and when each was new. Before the first, it may be compiled yet. */
  #first: Seen | undefined
  #seen: Seen

  constructor(options: PaceOptions) {
    const { fromStep, stepsPerEpoch, began, share = 1 } = options
    this.#options = { ...options, share }
    this.#clock = new WorkClock(began)
    this.#epochs = Math.floor(fromStep / stepsPerEpoch)
    this.#since = began
    this.#seen = { step: fromStep, at: began }
  }

  /** Epochs that are done. */
  get epochs(): number {
    return this.#epochs
  }

  /** How many times as fast it is as on one thread. */
  get speed(): number {
    return this.#clock.speed
  }

  /** From here on it has so many threads. */
  onThreads(threads: number, now: number): void {
    this.#clock.change(speedOn(threads), now)
  }

  /** An epoch is done, which took so many seconds here. */
  onEpoch({ epoch, seconds }: { readonly epoch: number; readonly seconds: number }, now: number): void {
    // The first one may have been begun elsewhere.
    const before = Math.max(epoch - 1, this.#epochsAt(this.#options.fromStep))
    if (epoch - before >= LEAST_PART && Number.isFinite(seconds)) {
      this.#add(epoch - before, seconds * this.#clock.meanSpeed(this.#since, now))
    } else this.#first = this.#seen = { step: epoch * this.#options.stepsPerEpoch, at: now }
    this.#epochs = epoch
    this.#since = now
  }

  /** It was at a step then. */
  onStep(step: number, at: number): void {
    if (this.#first === undefined || step > this.#seen.step) this.#seen = { step, at }
    this.#first ??= this.#seen
  }

  /**
   * Where it is about, by the clock: not in the next epoch before this one is told of.
   *
   * @param seconds Of an epoch on one thread, while its own pace is not known.
   */
  stepAt(now: number, seconds?: number): number {
    const { epochs, stepsPerEpoch, share } = this.#options
    const ended = this.#epochs * stepsPerEpoch
    if (this.#epochs >= epochs) return ended
    const { step, at } = this.#seen.step > ended ? this.#seen : { step: ended, at: this.#since }
    const each = this.epochSeconds() ?? seconds
    if (each === undefined || each <= 0) return step
    const part = this.#epochsAt(step) + this.#clock.work(at, now) / each - this.#epochs
    return Math.max(step, ended + Math.min(Math.floor((part / share) * stepsPerEpoch), stepsPerEpoch - 1))
  }

  /** Of an epoch on one thread; undefined while nothing tells. */
  epochSeconds(): number | undefined {
    if (this.#blocks.length > 0) return this.#recent()
    const first = this.#first ?? this.#seen
    const done = this.#epochsAt(this.#seen.step) - this.#epochsAt(first.step)
    const work = this.#clock.work(first.at, this.#seen.at)
    return done > 0 && work >= FEWEST_SECONDS ? work / done : undefined
  }

  /**
   * Seconds on one thread of all epochs that are left, what comes after them not included; undefined while nothing
   * tells.
   *
   * @param step where it is, if that is known
   */
  workLeft(now: number, step?: number): number | undefined {
    const { epochs, stepsPerEpoch } = this.#options
    if (step !== undefined) this.onStep(step, now)
    if (this.#epochs >= epochs) return 0
    const each = this.epochSeconds()
    if (each === undefined) return undefined
    if (this.#blocks.length === 0) {
      const left = each * (epochs - this.#epochsAt(this.#seen.step))
      return Math.max(0, left - this.#clock.work(this.#seen.at, now))
    }
    const part = step === undefined ? 1 : Math.min(1, Math.max(0, step / stepsPerEpoch - this.#epochs))
    const ofThis = Math.max(each - this.#clock.work(this.#since, now), each * (1 - part), 0)
    return each * (epochs - this.#epochs - 1) + ofThis
  }

  /** The same on the threads that it has. */
  secondsLeft(now: number, step?: number): number | undefined {
    const work = this.workLeft(now, step)
    return work === undefined ? undefined : work / this.speed
  }

  /** NaN while nothing tells. */
  stepsPerSecond(): number {
    return (this.#options.stepsPerEpoch * this.speed) / (this.epochSeconds() ?? NaN)
  }

  /** How many epochs there are up to a step; of one in progress, the part of its time. */
  #epochsAt(step: number): number {
    const { stepsPerEpoch, share } = this.#options
    const whole = Math.floor(step / stepsPerEpoch)
    // The validation after the last step may still be going on.
    if (whole > this.#epochs && step % stepsPerEpoch === 0) return whole - 1 + share
    return whole + ((step % stepsPerEpoch) / stepsPerEpoch) * share
  }

  #add(epochs: number, seconds: number): void {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.epochs < this.#epochsPerBlock) {
      last.epochs += epochs
      last.seconds += seconds
      return
    }
    this.#blocks.push({ epochs, seconds })
    if (this.#blocks.length <= MOST_BLOCKS) return
    this.#blocks = this.#blocks.flatMap((block, at, all) => {
      const next = all[at + 1]
      if (at % 2 === 1) return []
      return [{ epochs: block.epochs + (next?.epochs ?? 0), seconds: block.seconds + (next?.seconds ?? 0) }]
    })
    this.#epochsPerBlock *= 2
  }

  /** The mean over the later half of the blocks. */
  #recent(): number {
    const blocks = this.#blocks.slice(Math.floor(this.#blocks.length / 2))
    const sum = (of: (block: Block) => number) => blocks.reduce((total, block) => total + of(block), 0)
    return sum(({ seconds }) => seconds) / sum(({ epochs }) => epochs)
  }
}

/** Time on one thread, by the time that passes on several. */
class WorkClock {
  /** What was done up to a change of speed. */
  #changes: { readonly at: number; readonly work: number; readonly speed: number }[]

  constructor(began: number) {
    this.#changes = [{ at: began, work: 0, speed: 1 }]
  }

  get speed(): number {
    return this.#changes.at(-1)?.speed ?? 1
  }

  change(speed: number, now: number): void {
    // Only what is between an epoch's beginning and now is ever asked for.
    this.#changes = [...this.#changes.slice(-MOST_CHANGES), { at: now, work: this.#workAt(now), speed }]
  }

  /** Seconds of one thread between two times. */
  work(from: number, to: number): number {
    return Math.max(0, this.#workAt(to) - this.#workAt(from))
  }

  meanSpeed(from: number, to: number): number {
    return to > from ? this.work(from, to) / (to - from) : this.speed
  }

  #workAt(time: number): number {
    const { at, work, speed } = this.#changes.findLast((change) => change.at <= time) ?? { at: time, work: 0, speed: 1 }
    return work + speed * (time - at)
  }
}

const MOST_CHANGES = 64
