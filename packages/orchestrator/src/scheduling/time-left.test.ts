import { describe, expect, it } from 'vitest'
import { speedOn, type TrainingCost } from '@gradpool/trainer'
import type { RunEvent } from '../runs/run-result.js'
import type { PlannedStage } from './planned-stages.js'
import { TimeLeft } from './time-left.js'

interface Simulated extends PlannedStage {
  /** What an epoch really takes, and what comes before and after all of them. */
  readonly epochSeconds: number
  readonly besideSeconds?: number
  readonly fromEpoch?: number
  readonly reused?: boolean
}

const cost = (change: Partial<TrainingCost> = {}): TrainingCost => {
  return { epochs: 10, training: 1, validation: 0.1, test: 0, threads: 1, ...change }
}

function stage(experiment: string, change: Partial<Simulated> & { readonly seed?: number } = {}): Simulated {
  const { seed = 0, ...rest } = change
  const ref = { hash: `${experiment}@${seed}`, name: 'classify', seed, experiments: [experiment] }
  return { ref, cost: cost(), epochSeconds: 1, ...rest }
}

const stepsPerEpoch = 100
const examples = { train: 100, validation: 10, test: 10 }

interface Looked {
  readonly left: number
  readonly foreseen: number | undefined
}

/** Plays stages through on a clock of its own, and looks at the time left of the whole run a hundred times. */
function simulate(stages: readonly Simulated[], slots: number, told: readonly (readonly [RunEvent, number])[] = []) {
  const timeLeft = new TimeLeft(stages, slots)
  for (const [event, at] of told) timeLeft.onEvent(event, at)
  const reused = new Set(stages.filter((one) => one.reused === true).map(({ ref }) => ref.hash))
  timeLeft.expectReused((hash) => reused.has(hash))
  const over = new Set<string>()
  const begun = new Set<string>()
  const running: { one: Simulated; began: number; epoch: number; nextAt: number; seconds: number; threads: number }[] =
    []
  const looks: { at: number; foreseen: number | undefined }[] = []
  const start = 5000
  let now = start
  const emit = (event: RunEvent) => timeLeft.onEvent(event, now)
  const startMore = () => {
    for (const one of stages) {
      if (running.length >= slots) break
      const { hash } = one.ref
      if (begun.has(hash) || (one.initFrom !== undefined && !over.has(one.initFrom))) continue
      begun.add(hash)
      if (one.reused === true) {
        over.add(hash)
        emit({ type: 'stageReused', stage: one.ref, byAnotherRun: true, test: null, samples: [] })
        startMore()
        return
      }
      const { epochs = 10 } = one.cost ?? {}
      const { fromEpoch = 0, besideSeconds = 0 } = one
      emit({
        type: 'stageStarted',
        stage: one.ref,
        epochs,
        stepsPerEpoch,
        fromStep: fromEpoch * stepsPerEpoch,
        examples,
      })
      const seconds = one.epochSeconds
      running.push({
        one,
        began: now,
        epoch: fromEpoch,
        nextAt: now + besideSeconds / 2 + seconds,
        seconds,
        threads: 1,
      })
    }
  }
  startMore()
  while (running.length > 0) {
    // A stage that is alone gets all threads, for its next epoch.
    const next = running.reduce((first, each) => (each.nextAt < first.nextAt ? each : first))
    while (looks.length === 0 || (looks.at(-1)?.at ?? 0) + 0.25 < next.nextAt) {
      const at = (looks.at(-1)?.at ?? start) + 0.25
      looks.push({ at, foreseen: timeLeft.secondsLeft(at) })
    }
    now = next.nextAt
    const { one } = next
    const { epochs = 10, threads: most = 1 } = one.cost ?? {}
    if (next.epoch === epochs) {
      running.splice(running.indexOf(next), 1)
      over.add(one.ref.hash)
      emit({ type: 'stageDone', stage: one.ref, seconds: now - next.began, test: null, samples: [] })
      startMore()
      continue
    }
    next.epoch++
    emit({
      type: 'epoch',
      stage: one.ref,
      row: { epoch: next.epoch, seconds: next.seconds, loss: 1 },
      elapsedSeconds: now - next.began,
    })
    const threads = Math.max(1, Math.min(most, slots - running.length + 1))
    if (threads !== next.threads) emit({ type: 'threads', stage: one.ref, threads })
    next.threads = threads
    next.seconds = one.epochSeconds / speedOn(threads)
    next.nextAt = now + (next.epoch === epochs ? (one.besideSeconds ?? 0) / 2 : next.seconds)
  }
  return looks
    .filter(({ at }) => at <= now && at - start >= 0.1 * (now - start))
    .map(({ at, foreseen }): Looked => ({ left: now - at, foreseen }))
}

/** The largest error, as a part of what was left; the last fiftieth is left out. */
function worst(looks: readonly Looked[]): number {
  const longest = Math.max(...looks.map(({ left }) => left))
  const errors = looks
    .filter(({ left }) => left > 0.02 * longest)
    .map(({ left, foreseen = Infinity }) => Math.abs(foreseen - left) / left)
  return Math.max(...errors)
}

describe('the time left of a run, after its first tenth', () => {
  it('is right for many seeds of one experiment on two threads', () => {
    const seeds = Array.from({ length: 200 }, (_, seed) =>
      stage('mine', { seed, epochSeconds: seed % 7 === 0 ? 1.1 : 1, besideSeconds: 2 }),
    )
    expect(worst(simulate(seeds, 2))).toBeLessThan(0.05)
  })

  it('is right for one stage, and counts its test', () => {
    expect(worst(simulate([stage('one')], 2))).toBeLessThan(0.05)
    const withTest = stage('one', { cost: cost({ epochs: 20, test: 1.1 }), besideSeconds: 1 })
    expect(worst(simulate([withTest], 2))).toBeLessThan(0.1)
  })

  it('is right for stages that wait for others, and for some that are larger', () => {
    const large = cost({ training: 8, validation: 0.8 })
    const stages = ['a', 'b', 'c'].flatMap((name) => {
      const first = { ...stage(name, { cost: large, epochSeconds: 8 }) }
      const encoder = { ...first, ref: { ...first.ref, hash: `${name}/auto`, name: 'autoencode' } }
      return [encoder, stage(name, { initFrom: `${name}/auto`, epochSeconds: 1 })]
    })
    expect(worst(simulate(stages, 2))).toBeLessThan(0.1)
  })

  it('is right within a fifth where costs are reckoned so much too high or too low', () => {
    const stages = [0.85, 1.2, 1, 0.8, 1.2, 1, 1.2, 0.8].map((rate, at) => stage(`m${at}`, { epochSeconds: rate }))
    expect(worst(simulate(stages, 2))).toBeLessThan(0.2)
  })

  it('is right where the last stage gets the threads of the others', () => {
    const stages = ['a', 'b', 'c'].map((name) => stage(name, { cost: cost({ threads: 2 }) }))
    expect(worst(simulate(stages, 2))).toBeLessThan(0.1)
  })

  it('takes no time for stages that are reused', () => {
    const stages = Array.from({ length: 40 }, (_, seed) => stage('mine', { seed, reused: seed % 2 === 1 }))
    expect(worst(simulate(stages, 2))).toBeLessThan(0.05)
  })

  it('is right after a resume: what is done is over, what was begun goes on, at the pace of now', () => {
    const stages = Array.from({ length: 20 }, (_, seed) =>
      stage('mine', { seed, reused: seed < 8, fromEpoch: seed === 8 || seed === 9 ? 5 : 0, epochSeconds: 3 }),
    )
    // The process before was three times as fast.
    const before = stages
      .slice(0, 8)
      .flatMap(({ ref }, at): [RunEvent, number][] => [
        [{ type: 'stageStarted', stage: ref, epochs: 10, stepsPerEpoch, fromStep: 0, examples }, at],
        ...Array.from({ length: 10 }, (_, epoch): [RunEvent, number] => [
          { type: 'epoch', stage: ref, row: { epoch: epoch + 1, seconds: 1, loss: 1 }, elapsedSeconds: epoch + 1 },
          at + epoch + 1,
        ]),
        [{ type: 'stageDone', stage: ref, seconds: 10, test: null, samples: [] }, at + 10],
      ])
    expect(worst(simulate(stages, 2, [...before, [{ type: 'resumed' }, 4999]]))).toBeLessThan(0.2)
  })
})

it('says nothing before anything is measured, and zero when all is over', () => {
  const one = stage('one')
  const timeLeft = new TimeLeft([one], 1)
  expect(timeLeft.secondsLeft(0)).toBeUndefined()
  timeLeft.onEvent({ type: 'stageStarted', stage: one.ref, epochs: 10, stepsPerEpoch, fromStep: 0, examples }, 0)
  expect(timeLeft.secondsLeft(1)).toBeUndefined()
  expect(timeLeft.secondsLeftOf(one.ref.hash, 1, 50)).toBeUndefined()
  expect(timeLeft.secondsLeftOf(one.ref.hash, 2, 60)).toBeCloseTo(11 * (10 - 0.6 / 1.1))
  expect(timeLeft.secondsLeft(2)).toBeCloseTo(11 * (10 - 0.6 / 1.1))
  timeLeft.onEvent({ type: 'stageDone', stage: one.ref, seconds: 20, test: null, samples: [] }, 20)
  expect(timeLeft.secondsLeft(21)).toBe(0)
  expect(timeLeft.secondsLeftOf(one.ref.hash, 21)).toBeUndefined()
})

it('leaves out what waits for a stage that failed', () => {
  const first = stage('one')
  const second = { ...stage('one', { seed: 1 }), initFrom: first.ref.hash }
  const other = stage('other')
  const timeLeft = new TimeLeft([first, second, other], 1)
  timeLeft.onEvent({ type: 'stageReused', stage: other.ref, byAnotherRun: true, test: null, samples: [] }, 0)
  timeLeft.onEvent({ type: 'stageFailed', stage: first.ref, error: 'no' }, 1)
  expect(timeLeft.secondsLeft(1)).toBe(0)
})

it('counts of what was begun before a resume only what is left, also while it waits', () => {
  const [first, second] = [stage('mine'), stage('mine', { seed: 1 })]
  const timeLeft = new TimeLeft([first, second], 1)
  const begin = (one: Simulated, at: number, fromStep = 0) =>
    timeLeft.onEvent({ type: 'stageStarted', stage: one.ref, epochs: 10, stepsPerEpoch, fromStep, examples }, at)
  const epochs = (one: Simulated, from: number, to: number, at: number) => {
    for (let epoch = from; epoch <= to; epoch++) {
      const row = { epoch, seconds: 1, loss: 1 }
      timeLeft.onEvent({ type: 'epoch', stage: one.ref, row, elapsedSeconds: epoch }, at + epoch - from + 1)
    }
  }
  begin(first, 0)
  begin(second, 0)
  epochs(first, 1, 6, 0)
  epochs(second, 1, 8, 0)
  timeLeft.onEvent({ type: 'resumed' }, 100)
  // On one thread now: the second one waits.
  begin(first, 100, 6 * stepsPerEpoch)
  expect(timeLeft.secondsLeft(100)).toBeCloseTo(4 + 2)
  epochs(first, 7, 7, 100)
  expect(timeLeft.secondsLeft(101.6)).toBeCloseTo(3 + 2 - 0.6)
  // Its checkpoint was lost.
  begin(second, 102)
  expect(timeLeft.secondsLeftOf(second.ref.hash, 102)).toBeCloseTo(10)
})

it('tells whether it is the most, since stages may end early', () => {
  const [early, other] = [stage('early', { cost: cost({ mayEndEarly: true }) }), stage('other')]
  const timeLeft = new TimeLeft([early, other], 1)
  expect([timeLeft.mayEndEarly(), timeLeft.mayEndEarly(early.ref.hash)]).toEqual([true, true])
  expect(timeLeft.mayEndEarly(other.ref.hash)).toBe(false)
  timeLeft.onEvent({ type: 'stageDone', stage: early.ref, seconds: 1, test: null, samples: [] }, 1)
  expect(timeLeft.mayEndEarly()).toBe(false)
})
