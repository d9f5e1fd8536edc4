// Rounds of local averaging whose replicas are trained elsewhere have the bits of those that are trained here.
import { adam, sgd } from '@gradpool/core'
import type { StateValues } from '@gradpool/core/engine'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { weightsHash } from '@gradpool/storage'
import { expect, it, onTestFinished } from 'vitest'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { chooseEngine } from '../choose-engine.js'
import { planFit, type AnyFitOptions } from '../fit/plan-fit.js'
import type { TrainingPlan } from '../plan/training-plan.js'
import { tracedPrograms } from '../programs.js'
import { examples, threeClasses } from '../testing/three-classes.js'
import { enginePool } from '../threads/engine-pool.js'
import { ThreadBudget } from '../threads/thread-budget.js'
import { Training } from '../training/training.js'
import { SegmentTrainer, type RunSegments } from './segment.js'

const isNativeBuilt = nativeInstructionSets().length > 0
const workers = 2

async function planOf(more: Partial<AnyFitOptions<never>> = {}): Promise<TrainingPlan> {
  const options = { data: examples(203), validation: 0.2, batchSize: 16, epochs: 5, optimizer: adam(), averageEvery: 2 }
  const all = { ...options, averageParts: 3, ...more }
  const { plan } = await planFit(() => tracedPrograms(threeClasses, all), all, {
    warn: () => undefined,
    names: undefined,
  })
  return plan
}

async function machine(name: 'wasm' | 'native' = 'wasm') {
  const engine = await chooseEngine({ engine: name })
  const pool = enginePool(engine, workers, (message) => expect.fail(message))
  onTestFinished(async () => {
    await pool.close()
    await engine.dispose()
  })
  return { engine, pool, workers, budget: new ThreadBudget(workers) }
}

/** Another machine: whatever it is given and gives back goes by value. */
async function elsewhere({ averaging, seed }: TrainingPlan): Promise<RunSegments> {
  const there = await machine(isNativeBuilt ? 'native' : 'wasm')
  const trainers: SegmentTrainer[] = []
  for (const [replica, pass] of (averaging?.replicas ?? []).entries()) {
    trainers.push(await SegmentTrainer.compile({ ...there, pass, seed, replica }))
  }
  return async (segments) => {
    // Twice, and the last first: neither matters.
    for (const segment of [...segments].reverse()) await trainers[segment.replica]?.run(segment, 100)
    const made = await Promise.all(
      segments.map(async (segment) => trainers[segment.replica]?.run(structuredClone(segment), 100)),
    )
    return made.flatMap((result) => result ?? [])
  }
}

interface Asked {
  readonly runSegments?: RunSegments
  readonly from?: Checkpoint | undefined
  readonly onStart?: (training: Training) => void
}

async function trained(plan: TrainingPlan, { onStart, ...asked }: Asked = {}) {
  const told: string[] = []
  const saved: Checkpoint[] = []
  const training = new Training({
    ...(await machine()),
    plan,
    state: undefined,
    checkpointSeconds: 1000,
    stallSeconds: 100,
    save: (checkpoint) => Promise.resolve(void saved.push(checkpoint)),
    onThreads: () => undefined,
    onWarning: (message) => told.push(message),
    onEpoch: (_, __, read: () => StateValues) => told.push(weightsHash(read())),
    ...asked,
  })
  onStart?.(training)
  const { epochs, ...outcome } = await training.run()
  const rows = epochs.map(({ seconds: _, ...row }) => row)
  return { result: { ...outcome, seconds: undefined, rows, told }, saved }
}

it.each([
  ['of equal parts', {}],
  ['of unequal parts, some of whose segments have no step', { averageParts: [8, 4, 1], averageEvery: 1 }],
  ['with momentum, the best epoch kept', { optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), keep: 'best' }],
  ['one round an epoch', { averageEvery: 100 }],
] as const)('replicas trained elsewhere: the same bits, %s', async (_, more) => {
  const plan = await planOf(more)
  const here = await trained(plan)
  const there = await trained(plan, { runSegments: await elsewhere(plan) })
  expect(here.result).toMatchObject({ status: 'done' })
  expect(there.result).toEqual(here.result)
})

it('stops while it waits, and goes on from its checkpoint', async () => {
  const plan = await planOf()
  const whole = await trained(plan)
  const run = await elsewhere(plan)
  let rounds = 0
  let started: Training | undefined
  const runSegments: RunSegments = async (segments, signal) => {
    if (++rounds < 4) return run(segments, signal)
    setImmediate(() => started?.stop())
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('no longer waited for')))
    })
  }
  const onStart = (training: Training) => (started = training)
  const { result, saved } = await trained(plan, { runSegments, onStart })
  expect(result.status).toBe('interrupted')
  // Three rounds of two steps.
  expect(saved.at(-1)?.position.step).toBe(3 * 2)
  const resumed = await trained(plan, { runSegments: run, from: saved.at(-1) })
  expect(resumed.result.status).toBe('done')
  expect(resumed.result.rows).toEqual(whole.result.rows)
})

it('tells of a loss that is not finite as this process would', async () => {
  const plan = await planOf({ optimizer: sgd({ learningRate: 1e36 }) })
  const here = await trained(plan)
  expect(here.result).toMatchObject({ status: 'failed', error: expect.stringMatching(/loss .*step/) as string })
  expect((await trained(plan, { runSegments: await elsewhere(plan) })).result).toEqual(here.result)
})

it('fails with the sentence of what could not be done elsewhere', async () => {
  const runSegments = () => Promise.reject(new Error('the job was removed'))
  const { result } = await trained(await planOf(), { runSegments })
  expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('the job was removed') as string })
})
