/** Stages that train as a stack come to the bits that each comes to alone, whatever befalls them. */
import {
  add,
  log,
  matmul,
  mean,
  mul,
  normal,
  parameter,
  square,
  stage,
  type Engine,
  type Stage,
} from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import {
  autoencode,
  classify,
  defineExperiment,
  planExperiment,
  withOverrides,
  type ExperimentPlan,
} from '@gradpool/experiments'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunEvent, RunResult } from '../src/runs/run-result.js'
import { faultyEngine, type Fault } from '../src/testing/faulty-engine.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const EPOCHS = 6
const SEEDS = [0, 1, 2, 3, 4]

/** Each seed has an order of its own. */
const ownOrders = defineExperiment({
  name: 'seeds',
  data: mnist(),
  train: { batchSize: 6, epochs: EPOCHS },
  stages: [
    autoencode({ encoder: [8], decoder: [16] }),
    classify({ head: [12], encoder: 'fineTuned' }),
  ],
})

const config = withOverrides(ownOrders, ['train.orderSeed=3'])

const engines = [
  ['wasm', wasmEngine],
  ...(nativeInstructionSets().length > 0 ? [['native', nativeEngine] as const] : []),
] as const

/** All that must be equal. */
const bitsOf = ({ experiments }: Pick<RunResult, 'experiments'>) =>
  experiments.map(({ status, error, weights, accuracy, stages }) => ({
    ...{ status, error, weights, accuracy },
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _seconds, ...row }) => row)),
  }))

describe.each(engines)('%s', (_, makeEngine) => {
  async function makeSmall(): Promise<Engine> {
    const engine = await makeEngine({ memoryBytes: 2 ** 26 })
    onTestFinished(() => engine.dispose())
    return engine
  }

  const plansOf = (overrides: readonly string[] = [], seeds = SEEDS): ExperimentPlan[] => {
    const dataset = rowsDataset()
    return seeds.map((seed) => planExperiment(withOverrides(config, overrides), { dataset, seed }))
  }

  type Options = Partial<RunOptions>

  async function run(plans: readonly ExperimentPlan[], options: Options = {}) {
    const events: RunEvent[] = []
    const started = await runExperiments(plans, {
      workers: 1,
      engine: options.engine ?? (await makeSmall()),
      ...(options.resume === undefined && { directory: await temporaryFolder() }),
      ...options,
      onEvent(event) {
        events.push(event)
        options.onEvent?.(event)
      },
    })
    const result = await started.result
    const stacks = events.flatMap((event) => (event.type === 'stacked' ? [event.stages] : []))
    return { directory: started.directory, result, events, stacks }
  }

  /** Each experiment in a run of its own, where there is nothing to stack. */
  async function alone(plans: readonly ExperimentPlan[]) {
    const experiments = []
    for (const plan of plans) {
      const { result, stacks } = await run([plan], { workers: 2 })
      expect(stacks).toEqual([])
      experiments.push(...result.experiments)
    }
    return bitsOf({ experiments })
  }

  let once: ReturnType<typeof alone> | undefined
  /** Those of `plansOf()`. */
  const bitsAlone = () => (once ??= alone(plansOf()))

  it('trains seeds of one order as a stack, with the same bits on 1, 2 and 3 workers', async () => {
    const wanted = await bitsAlone()
    expect(wanted.map(({ status }) => status)).toEqual(SEEDS.map(() => 'done'))
    for (const [workers, size] of [
      [1, 5],
      [2, 3],
      [3, 2],
    ] as const) {
      const { result, stacks } = await run(plansOf(), { workers })
      expect(bitsOf(result)).toEqual(wanted)
      // Which of them is compiled first, and who is ready for the next stage together, is a matter of time.
      const first = stacks.filter(([stage]) => stage?.name === 'autoencode')
      expect(Math.max(...first.map(({ length }) => length))).toBe(size)
      expect(new Set(stacks.flat().map(({ name }) => name))).toEqual(
        new Set(['autoencode', 'classify']),
      )
    }
  })

  it('trains learning rates of one seed as a stack', async () => {
    const dataset = rowsDataset()
    const plans = () =>
      [0.001, 0.002, 0.01].map((learningRate) =>
        planExperiment(
          withOverrides({ ...ownOrders, name: `rate-${learningRate}` }, [
            `train.optimizer.learningRate=${learningRate}`,
          ]),
          { dataset, seed: 7 },
        ),
      )
    const { result, stacks } = await run(plans())
    expect(stacks.map(({ length }) => length)).toEqual([3, 3])
    expect(bitsOf(result)).toEqual(await alone(plans()))
  })

  it('does not stack where batches differ, layers are wide, or threads are enough', async () => {
    const dataset = rowsDataset()
    const own = SEEDS.map((seed) => planExperiment(ownOrders, { dataset, seed }))
    expect((await run(own)).stacks).toEqual([])
    const wide = ['stages[0].encoder=[32]', 'stages[1].head=[16]']
    expect((await run(plansOf(wide))).stacks.flat().map(({ name }) => name)).not.toContain(
      'autoencode',
    )
    expect((await run(plansOf(), { workers: 5 })).stacks).toEqual([])
    expect((await run(plansOf(['train.shards=2']))).stacks).toEqual([])
  })

  it('lets a member stop early, and keep its best states', async () => {
    const overrides = [
      'train.epochs=30',
      'train.keep="best"',
      'train.earlyStopping={"patience":2}',
      'train.optimizer.learningRate=0.01',
    ]
    const wanted = await alone(plansOf(overrides))
    const lengths = wanted.map(({ epochs }) => epochs[0]?.length)
    expect(new Set(lengths).size).toBeGreaterThan(1)
    const { result, stacks } = await run(plansOf(overrides), { workers: 2 })
    expect(stacks.length).toBeGreaterThan(1)
    expect(bitsOf(result)).toEqual(wanted)
  })

  it('fails the member whose loss is not finite, with its sentence, and no other', async () => {
    const plans = () => {
      const dataset = rowsDataset()
      return SEEDS.map((seed) =>
        planExperiment(
          defineExperiment({
            ...{ name: 'falls', data: mnist() },
            train: {
              batchSize: 6,
              epochs: 3,
              orderSeed: 1,
              optimizer: { kind: 'sgd', learningRate: 0.02 },
            },
            stages: [{ name: 'falling', model: falling }],
          }),
          { dataset, seed },
        ),
      )
    }
    const wanted = await alone(plans())
    const failures = wanted.filter(({ status }) => status === 'failed')
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.length).toBeLessThan(SEEDS.length - 1)
    expect(failures[0]?.error).toMatch(/not a finite number at step \d+ .*the last finite loss was/)
    const { result, stacks } = await run(plans())
    expect(stacks[0]).toHaveLength(SEEDS.length)
    expect(bitsOf(result)).toEqual(wanted)
  })

  it.each([
    ['stacked', 1],
    ['one by one', 5],
  ] as const)('goes on after an interruption, %s', async (how, workers) => {
    const wanted = await bitsAlone()
    for (const epochs of [1, 14]) {
      const controller = new AbortController()
      let left = epochs
      const first = await run(plansOf(), {
        signal: controller.signal,
        onEvent({ type }) {
          if (type === 'epoch' && --left === 0) controller.abort()
        },
      })
      expect(first.result.experiments.some(({ status }) => status === 'interrupted')).toBe(true)
      const second = await run(plansOf(), { resume: first.directory, workers })
      expect(bitsOf(second.result)).toEqual(wanted)
      expect(second.stacks.length > 0).toBe(how === 'stacked')
    }
  })

  it('goes on from checkpoints in the middle of epochs, of different steps', async () => {
    const wanted = await bitsAlone()
    const { result, stacks } = await run(plansOf(), { checkpointSeconds: 0.001 })
    expect(stacks[0]).toHaveLength(SEEDS.length)
    expect(bitsOf(result)).toEqual(wanted)
  })

  it.each(['exit', 'throw', 'loop'] as const)(
    'goes on one by one, from checkpoints, when the thread fails: %s',
    async (kind) => {
      const wanted = await bitsAlone()
      for (const afterStacked of [0, 4]) {
        const faults: Fault[] = [{ kind, thread: 0, steps: 3, afterStacked }]
        const engine = faultyEngine(await makeSmall(), faults)
        const { result, events } = await run(plansOf(), { engine, stallSeconds: 0.4, workers: 1 })
        expect(faults).toEqual([])
        expect(bitsOf(result)).toEqual(wanted)
        const warnings = events.flatMap((event) =>
          event.type === 'warning' ? [event.message] : [],
        )
        expect(warnings).toHaveLength(SEEDS.length)
      }
    },
  )
})

/** log(weight) is NaN once the weight is negative; how soon that is, depends on where it began. */
const falling: Stage = stage({
  params: { w: parameter([16, 2], normal(0.05)), level: parameter([], normal(0.2, 0.5)) },
  step({ w, level }, { image }) {
    const outputs = matmul(mul(image, 1 / 255), w)
    return { loss: add(mean(square(outputs)), mul(0.1, log(level))) }
  },
})
