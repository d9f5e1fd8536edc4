import { describe, expect, it } from 'vitest'
import { Pace, speedOn } from './pace.js'

interface Simulated {
  readonly epochs?: number
  readonly stepsPerEpoch?: number
  readonly fromStep?: number
  /** Of a step and of a validation on one thread, at a part of the training from 0 to 1. */
  readonly stepSeconds: (part: number) => number
  readonly validationSeconds?: number
  /** What the pace takes for the steps' part of an epoch. */
  readonly share?: number
  /** From which step on it has two threads. */
  readonly twoFrom?: number
  /** Whether steps can be seen, or epochs alone. */
  readonly seesSteps?: boolean
}

/** Estimates beside what was right, for each step after the first tenth of what is done here. */
function simulate(options: Simulated): { readonly left: number; readonly foreseen: number | undefined }[] {
  const { epochs = 10, stepsPerEpoch = 50, fromStep = 0, stepSeconds, validationSeconds = 0 } = options
  const { share = 1, twoFrom = Infinity, seesSteps = true } = options
  const began = 1000
  const pace = new Pace({ epochs, stepsPerEpoch, fromStep, share, began })
  const seen: { at: number; foreseen: number | undefined }[] = []
  let now = began
  let epochBegan = began
  let speed = 1
  const steps = epochs * stepsPerEpoch
  const look = (step: number) => {
    seen.push({ at: now, foreseen: pace.secondsLeft(now, seesSteps ? step : undefined) })
  }
  for (let step = fromStep; step < steps; step++) {
    if (step === twoFrom) {
      speed = speedOn(2)
      pace.onThreads(2, now)
    }
    now += stepSeconds(step / steps) / speed
    look(step + 1)
    if ((step + 1) % stepsPerEpoch > 0) continue
    for (let part = 0; part < 4; part++) {
      now += validationSeconds / 4 / speed
      look(step + 1)
    }
    pace.onEpoch({ epoch: (step + 1) / stepsPerEpoch, seconds: now - epochBegan }, now)
    epochBegan = now
  }
  return seen
    .filter(({ at }) => at - began >= 0.1 * (now - began))
    .map(({ at, foreseen }) => ({ left: now - at, foreseen }))
}

/** The largest error, as a part of what was left; what is nearly over is left out. */
function worst(looks: ReturnType<typeof simulate>): number {
  const longest = Math.max(...looks.map(({ left }) => left))
  const errors = looks
    .filter(({ left }) => left > 0.02 * longest)
    .map(({ left, foreseen = Infinity }) => Math.abs(foreseen - left) / left)
  return Math.max(...errors)
}

describe('the time that is left, after the first tenth', () => {
  it('is right where all epochs are alike', () => {
    expect(worst(simulate({ stepSeconds: () => 0.02 }))).toBeLessThan(0.02)
    expect(worst(simulate({ epochs: 1, stepsPerEpoch: 1000, stepSeconds: () => 0.02 }))).toBeLessThan(0.02)
  })

  it('is right where the validation takes most of an epoch, whatever it was taken for', () => {
    for (const share of [1, 0.9, 0.3]) {
      const looks = simulate({ epochs: 20, stepSeconds: () => 0.01, validationSeconds: 1.5, share })
      expect(worst(looks)).toBeLessThan(0.2)
    }
  })

  it('is right in the only epoch where its validation is a known part', () => {
    const looks = simulate({
      epochs: 1,
      stepsPerEpoch: 400,
      stepSeconds: () => 0.01,
      validationSeconds: 1,
      share: 0.8,
    })
    expect(worst(looks)).toBeLessThan(0.05)
  })

  it('is right after a resume, at the end or in the middle of an epoch, whatever the pace was before', () => {
    for (const fromStep of [200, 225, 249]) {
      for (const validationSeconds of [0, 0.25]) {
        const share = 1 / (1 + validationSeconds)
        expect(worst(simulate({ fromStep, stepSeconds: () => 0.02, validationSeconds, share }))).toBeLessThan(0.1)
      }
    }
  })

  it('is not told by the last steps of an epoch that was begun elsewhere', () => {
    const pace = new Pace({ epochs: 10, stepsPerEpoch: 100, fromStep: 298, began: 0 })
    pace.onEpoch({ epoch: 3, seconds: 0.5 }, 0.5)
    expect(pace.secondsLeft(0.5)).toBeUndefined()
    expect(pace.secondsLeft(1, 310)).toBeCloseTo(5 * 6.9)
    expect(pace.secondsLeft(2, 330)).toBeCloseTo(5 * 6.7)
    pace.onEpoch({ epoch: 4, seconds: 5 }, 5.5)
    expect(pace.secondsLeft(5.5, 400)).toBeCloseTo(5 * 6)
  })

  it('forgets a slow start within some epochs', () => {
    const slow = simulate({ epochs: 40, stepSeconds: (part) => (part < 0.005 ? 0.1 : 0.02) })
    expect(worst(slow)).toBeLessThan(0.2)
  })

  it('is right at once where another thread has joined', () => {
    for (const twoFrom of [40, 130, 425]) {
      const looks = simulate({ stepSeconds: () => 0.02, twoFrom })
      const joined = looks.filter(({ left }) => left < (0.999 * (500 - twoFrom) * 0.02) / speedOn(2))
      expect(joined.length).toBeGreaterThan(50)
      expect(worst(joined)).toBeLessThan(0.05)
    }
  })

  it('is right by epochs alone', () => {
    const looks = simulate({ epochs: 20, stepSeconds: () => 0.02, validationSeconds: 0.1, seesSteps: false })
    expect(worst(looks)).toBeLessThan(0.05)
  })

  it('takes no more memory for many epochs, and the recent half of them counts', () => {
    const looks = simulate({ epochs: 4000, stepsPerEpoch: 2, stepSeconds: (part) => (part < 0.3 ? 0.1 : 0.02) })
    const late = looks.filter((_, at) => at > 0.75 * looks.length)
    expect(worst(late)).toBeLessThan(0.2)
  })
})

it('says nothing while nothing tells', () => {
  const pace = new Pace({ epochs: 2, stepsPerEpoch: 10, fromStep: 10, began: 0 })
  expect(pace.secondsLeft(50)).toBeUndefined()
  expect(pace.secondsLeft(100, 10)).toBeUndefined()
  expect(pace.stepsPerSecond()).toBeNaN()
  // What was before the first look was no training.
  expect(pace.secondsLeft(102, 12)).toBeCloseTo(8)
  expect(pace.stepsPerSecond()).toBeCloseTo(1)
})

it('says nothing by steps that were seen for a moment', () => {
  const pace = new Pace({ epochs: 2, stepsPerEpoch: 10_000, fromStep: 0, began: 0 })
  expect(pace.secondsLeft(1, 100)).toBeUndefined()
  // One step in the time of ten: a look in the middle of things.
  expect(pace.secondsLeft(1.001, 101)).toBeUndefined()
  expect(pace.secondsLeft(1.1, 1100)).toBeCloseTo(1.89)
})

describe('where it is by the clock', () => {
  const begin = (fromStep = 0) => new Pace({ epochs: 3, stepsPerEpoch: 100, fromStep, share: 0.8, began: 0 })

  it('is where it began until something tells of its pace', () => {
    expect(begin(120).stepAt(50)).toBe(120)
    // That of others of its kind.
    expect(begin().stepAt(5, 20)).toBe(31)
  })

  it('goes on from the last epoch, through its validation, and not into the next', () => {
    const pace = begin()
    pace.onEpoch({ epoch: 1, seconds: 10 }, 10)
    expect([10, 13.99, 18, 19, 25].map((now) => pace.stepAt(now))).toEqual([100, 149, 199, 199, 199])
    pace.onEpoch({ epoch: 2, seconds: 10 }, 20)
    expect(pace.stepAt(20)).toBe(200)
    pace.onEpoch({ epoch: 3, seconds: 10 }, 30)
    expect(pace.stepAt(40)).toBe(300)
  })

  it('goes on from a step that was told of', () => {
    const pace = begin()
    pace.onStep(0, 0)
    pace.onStep(40, 4)
    expect(pace.stepAt(4)).toBe(40)
    expect(pace.stepAt(6)).toBe(60)
    pace.onStep(30, 7)
    expect(pace.stepAt(6)).toBe(60)
  })
})

it('is zero after the last epoch', () => {
  const pace = new Pace({ epochs: 1, stepsPerEpoch: 10, fromStep: 0, began: 0 })
  pace.onEpoch({ epoch: 1, seconds: 5 }, 5)
  expect(pace.secondsLeft(6, 10)).toBe(0)
})
