import { setTimeout } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { runExperiments } from '../src/run-experiments.js'
import { followRun } from '../src/runs/follow-run.js'
import { readRecord } from '../src/runs/read-run.js'
import type { RunEvent } from '../src/runs/run-result.js'
import { fakeEngine } from '../src/testing/fake-engine.js'
import { makeRun } from '../src/testing/made-runs.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const never = new AbortController().signal

async function begin({ epochs = 6, stepMs = 5 } = {}) {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const told: RunEvent[] = []
  const auto = stageOf('auto', { epochs, stepsPerEpoch: 10 })
  const plans = [experimentOf('one', auto, stageOf('head', { initFrom: auto }))]
  const run = await runExperiments(plans, {
    engine: fakeEngine({ stepMs }),
    workers: 1,
    directory: await temporaryFolder(),
    signal: abort.signal,
    onEvent: (event) => told.push(event),
  })
  return { run, told, abort }
}

it('tells of a run what the run itself tells, with those that train and the time that is left, and its result', async () => {
  const { run, told } = await begin()
  await setTimeout(80)
  const seen: RunEvent[] = []
  const onEvent = (event: RunEvent) => seen.push(event)
  const followed = await followRun(run.directory, await readRecord(run.directory), { onEvent, signal: never })
  const looks: (number | null)[] = []
  const timer = setInterval(() => {
    const [progress] = followed.progress()
    if (progress === undefined) return
    expect(progress.stage.experiments).toEqual(['one'])
    // Of either stage, whole epochs.
    expect(progress.step % (progress.steps / progress.epochs)).toBe(0)
    looks.push(followed.secondsLeft())
  }, 20)
  const result = await followed.ended
  clearInterval(timer)
  expect(result).toEqual(await run.result)
  expect(seen.map(({ type }) => type)).toEqual(told.map(({ type }) => type))
  expect(looks.some((seconds) => seconds !== null && seconds > 0)).toBe(true)
  expect(followed.progress()).toEqual([])
  expect(followed.secondsLeft()).toBe(0)
})

it('has an end of its own, which is none of the run', async () => {
  const { run, abort } = await begin({ epochs: 1000 })
  const looking = new AbortController()
  const followed = await followRun(run.directory, await readRecord(run.directory), {
    onEvent: () => undefined,
    signal: looking.signal,
  })
  looking.abort()
  expect(await followed.ended).toBeUndefined()
  await setTimeout(20)
  expect(run.progress()[0]?.stage.hash).toBe('auto')
  abort.abort()
  expect((await run.result).experiments[0]?.status).toBe('interrupted')
})

it('ends for a run that nobody works on: with its result, or without where it was cut off', async () => {
  const parent = await temporaryFolder()
  const follow = async (directory: string) => {
    const record = await readRecord(directory)
    const followed = await followRun(directory, record, { onEvent: () => undefined, signal: never })
    return followed.ended
  }
  const over = await follow(makeRun(parent, { name: 'over' }))
  expect(over?.experiments[0]?.status).toBe('done')
  expect(await follow(makeRun(parent, { name: 'cut', isOver: false }))).toBeUndefined()
}, 15_000)
