import { expect, it } from 'vitest'
import { runExperiments } from '../src/run-experiments.js'
import type { StageProgress } from '../src/runs/run-result.js'
import { fakeEngine } from '../src/testing/fake-engine.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

it('tells of running stages while they run, and of none afterwards', async () => {
  const plans = [experimentOf('one', stageOf('auto', { epochs: 4, stepsPerEpoch: 10 }))]
  const seen: StageProgress[] = []
  const left: (number | null)[] = []
  const run = await runExperiments(plans, {
    engine: fakeEngine({ stepMs: 2 }),
    workers: 1,
    directory: await temporaryFolder(),
  })
  const timer = setInterval(() => {
    seen.push(...run.progress())
    left.push(run.secondsLeft())
  }, 3)
  await run.result
  clearInterval(timer)
  expect(run.progress()).toEqual([])
  expect(run.secondsLeft()).toBe(0)
  expect(left.some((seconds) => seconds !== null && seconds > 0)).toBe(true)

  const moving = seen.filter(({ step }) => step > 0)
  expect(moving.length).toBeGreaterThan(1)
  for (const { stage, epoch, epochs, step, steps, last, stepsPerSecond, secondsLeft } of moving) {
    expect(stage).toMatchObject({ hash: 'auto', experiments: ['one'] })
    expect([epochs, steps]).toEqual([4, 40])
    expect(epoch).toBe(Math.min(Math.floor(step / 10) + 1, 4))
    expect(last.loss).toBeGreaterThan(0)
    // Steps that were seen for a moment tell no pace; an epoch does.
    if (Number.isNaN(stepsPerSecond)) expect([epoch, secondsLeft]).toEqual([1, null])
    else expect(stepsPerSecond).toBeGreaterThan(0)
    if (secondsLeft !== null) expect(secondsLeft).toBeGreaterThanOrEqual(0)
  }
  expect(moving.at(-1)?.stepsPerSecond).toBeGreaterThan(0)
})
