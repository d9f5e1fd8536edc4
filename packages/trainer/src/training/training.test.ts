/**
 * How many epochs a task of a thread has never changes what a training gives: neither the bits nor
 * where it ends, nor what it tells.
 */
import {
  adam,
  add,
  defineModel,
  less,
  mean,
  mul,
  parameter,
  reshape,
  sgd,
  sigmoid,
  sqrt,
  sum,
  type Model,
} from '@gradpool/core'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { auc, binaryCrossEntropy, crossEntropy, dense } from '@gradpool/models'
import { weightsHash } from '@gradpool/storage'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../checkpoints/checkpoint.js'
import { chooseEngine } from '../choose-engine.js'
import { planFit, type AnyFitOptions } from '../fit/plan-fit.js'
import { tracedPrograms } from '../programs.js'
import { examples, threeClasses } from '../testing/three-classes.js'
import { wideExamples } from '../testing/wide-examples.js'
import { enginePool } from '../threads/engine-pool.js'
import { ThreadBudget } from '../threads/thread-budget.js'
import { Training, type TrainingOptions } from './training.js'

const data = examples(203)
const options = { data, validation: 0.2, batchSize: 16, epochs: 40, optimizer: adam({ learningRate: 0.01 }) }
const isNativeBuilt = nativeInstructionSets().length > 0

/** Whose steps two threads share. */
const wide = {
  data: wideExamples(1000),
  batchSize: 128,
  model: defineModel({
    params: { hidden: dense(784, 256, { activation: 'relu' }), output: dense(256, 10) },
    step: ({ hidden, output }, { image, label }) => ({ loss: crossEntropy(output(hidden(image)), label) }),
  }),
}

/** Of one epoch each, and of as many as a task may have. */
const [short, long] = [0, Infinity]

interface Asked extends Partial<Pick<TrainingOptions, 'from' | 'checkpointSeconds' | 'taskSeconds' | 'records'>> {
  readonly engine?: 'wasm' | 'native'
  readonly workers?: number
  readonly onEpoch?: (training: Training, epoch: number) => void
  /** Of which a thread is ended while it does it, from 0. */
  readonly killed?: number
}

type Given = Partial<AnyFitOptions<never>> & { readonly model?: Model }

/** Trains on threads of its own, and tells all there is to know but the time. */
async function trained(more: Given, asked: Asked = {}) {
  const { engine: name = 'wasm', workers = 1, killed, onEpoch, ...given } = asked
  const { model = threeClasses, ...all } = { ...options, ...more }
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const { plan } = await planFit(() => tracedPrograms(model, all), all, { warn, names: undefined })
  const engine = await chooseEngine({ engine: name })
  const pool = enginePool(engine, workers, warn)
  let tasks = 0
  const told: (readonly [epoch: number, hash: string])[] = []
  const saved: Checkpoint[] = []
  const training = new Training({
    plan,
    engine,
    workers,
    state: undefined,
    budget: new ThreadBudget(workers),
    checkpointSeconds: 1000,
    stallSeconds: 100,
    pool: {
      ...pool,
      run(rounds, signal) {
        const isKilled = killed === tasks++
        return pool.run(rounds, isKilled ? AbortSignal.timeout(20) : signal)
      },
    },
    save: (checkpoint) => Promise.resolve(void saved.push(checkpoint)),
    onThreads: () => undefined,
    onWarning: (message) => warnings.push(message),
    onEpoch(row, _, read) {
      told.push([row.epoch, weightsHash(read())])
      onEpoch?.(training, row.epoch)
    },
    ...given,
  })
  const { epochs, ...outcome } = await training.run()
  await pool.close()
  await engine.dispose()
  const rows = epochs.map(({ seconds: _, ...row }) => row)
  return { result: { ...outcome, seconds: undefined, rows, told, warnings }, tasks, saved, epochs }
}

describe('a task', () => {
  it('has as many epochs as fit into it, after the first', async () => {
    // 1, 64, 64 and 1.
    expect((await trained({ epochs: 130 }, { taskSeconds: long })).tasks).toBe(4)
    expect((await trained({ epochs: 5 }, { taskSeconds: short })).tasks).toBe(5)
  })

  it('has one epoch where several threads share the steps', async () => {
    const alone = await trained({ ...wide, epochs: 3 }, { taskSeconds: long })
    const shared = await trained({ ...wide, epochs: 3 }, { taskSeconds: long, workers: 2 })
    expect(alone.tasks).toBe(2)
    // Two for each epoch, one for each thread.
    expect(shared.tasks).toBe(6)
    expect(shared.result).toEqual(alone.result)
  })
})

describe('a training in tasks of many epochs is one in tasks of one epoch', () => {
  const earlyStopping = { patience: 2, minDelta: 0.01 }
  const judged = defineModel({
    params: { output: dense(6, 1) },
    step({ output }, { image, label }) {
      const [score, truth] = [output(image), reshape(less(label, 1), [label.shape[0] ?? 1, 1])]
      return { loss: binaryCrossEntropy(score, truth), auc: auc(sigmoid(score), truth) }
    },
  })
  const trainings: Readonly<Record<string, { readonly more: Given; readonly asked?: Asked }>> = {
    'with validation': { more: {} },
    'without validation': { more: { validation: undefined } },
    'that keeps the best': { more: { keep: 'best', monitor: 'validation.accuracy' } },
    'without records': { more: {}, asked: { records: false } },
    'that ends early': { more: { earlyStopping } },
    'that ends early and keeps the best': { more: { earlyStopping, keep: 'best' } },
    'with a metric of all rows': { more: { model: judged } },
    'with local averaging': { more: { averageEvery: 4 } },
    'in native code': { more: {}, asked: { engine: isNativeBuilt ? 'native' : 'wasm' } },
  }

  it.each(Object.entries(trainings))('%s', async (_, { more, asked }) => {
    const wanted = await trained(more, { ...asked, taskSeconds: short })
    const { result, tasks } = await trained(more, { ...asked, taskSeconds: long })
    expect(result).toEqual(wanted.result)
    expect(result.status).toBe('done')
    expect(result.rows.length).toBeGreaterThan(3)
    if (more.averageEvery === undefined) expect(tasks).toBe(2)
  })

  it('where `onEpoch` ends it', async () => {
    const onEpoch = (training: Training, epoch: number) => {
      if (epoch === 5) training.endAfterEpoch()
    }
    const wanted = await trained({}, { taskSeconds: short, onEpoch })
    const { result } = await trained({}, { taskSeconds: long, onEpoch })
    expect(result).toEqual(wanted.result)
    expect(result.told.map(([epoch]) => epoch)).toEqual([1, 2, 3, 4, 5])
  })

  it('where it is stopped in `onEpoch`, and resumed', async () => {
    const onEpoch = (training: Training, epoch: number) => {
      if (epoch === 5) training.stop()
    }
    const [whole, wanted] = [await trained({}), await trained({}, { taskSeconds: short, onEpoch })]
    const { result, saved } = await trained({}, { taskSeconds: long, onEpoch })
    expect(result).toEqual(wanted.result)
    expect(result.told.map(([epoch]) => epoch)).toEqual([1, 2, 3, 4, 5])
    const from = saved.at(-1)
    const [position, wantedPosition] = [from?.position, wanted.saved.at(-1)?.position]
    expect([position?.step, position?.lastLoss]).toEqual([wantedPosition?.step, wantedPosition?.lastLoss])
    expect(from?.states).toEqual(wanted.saved.at(-1)?.states)
    const resumed = await trained({}, { taskSeconds: long, from })
    expect({ ...resumed.result, told: [] }).toEqual({ ...whole.result, told: [] })
    expect(resumed.result.told).toEqual(whole.result.told.slice(5))
  })

  it('where `onEpoch` throws, and it is resumed', async () => {
    const onEpoch = (_: Training, epoch: number) => {
      if (epoch === 5) throw new Error('no disk')
    }
    const whole = await trained({})
    const { result, saved } = await trained({}, { taskSeconds: long, onEpoch })
    expect(result).toMatchObject({ status: 'failed', error: 'training: unexpected error: no disk' })
    const resumed = await trained({}, { taskSeconds: long, from: saved.at(-1) })
    expect({ ...resumed.result, told: [] }).toEqual({ ...whole.result, told: [] })
  })

  it('where a loss is not finite', async () => {
    // The root of w falls until there is none.
    const failing = defineModel({
      params: { w: parameter([1], { kind: 'constant', value: 1 }) },
      step: ({ w }, { label }) => ({ loss: add(sum(sqrt(w)), mul(0, mean(label))) }),
    })
    const more = { model: failing, optimizer: sgd({ learningRate: 0.01 }) }
    const wanted = await trained(more, { taskSeconds: short })
    const { result, tasks } = await trained(more, { taskSeconds: long })
    expect(result).toEqual(wanted.result)
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('epoch 1') as string })
    expect(result.rows.length).toBeGreaterThan(8)
    expect(tasks).toBe(2)
  })

  it('where checkpoints interrupt the tasks, and from each of them', async () => {
    const whole = await trained({ epochs: 200 }, { taskSeconds: short })
    const { result, saved } = await trained({ epochs: 200 }, { taskSeconds: long, checkpointSeconds: 0.02 })
    expect(result).toEqual(whole.result)
    const inside = saved.filter(({ position }) => position.step % 11 > 0)
    for (const from of [...inside, ...saved].slice(0, 4)) {
      const resumed = await trained({ epochs: 200 }, { taskSeconds: long, from })
      expect({ ...resumed.result, told: [] }).toEqual({ ...whole.result, told: [] })
    }
  })

  it('where a thread is ended in the middle of a task, from the checkpoint before it', async () => {
    const given = { ...wide, epochs: 9 }
    const whole = await trained(given, { taskSeconds: long })
    const { result, saved, tasks } = await trained(given, { taskSeconds: long, killed: 1 })
    expect(result).toMatchObject({ status: 'failed', mayRetry: true })
    expect([tasks, result.rows.length, saved.length]).toEqual([2, 1, 1])
    const resumed = await trained(given, { taskSeconds: long, from: saved[0] })
    expect({ ...resumed.result, told: [] }).toEqual({ ...whole.result, told: [] })
  })
})

describe('an epoch', () => {
  it('has the seconds that it took, in a task with others, too', async () => {
    const started = performance.now()
    const { epochs } = await trained({ epochs: 60 }, { taskSeconds: long })
    const all = (performance.now() - started) / 1000
    expect(epochs.every(({ seconds }) => seconds > 0)).toBe(true)
    expect(epochs.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThan(all)
  })
})
