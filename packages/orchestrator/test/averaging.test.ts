/** Replicas whose weights are averaged: the same bits on any number of threads, whatever befalls them. */
import { adam, clipByGlobalNorm } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { mnist } from '@gradpool/datasets'
import { faultyEngine, type Fault } from '@gradpool/engine-contract'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import { autoencode, classify, defineExperiment, planExperiment, withOverrides } from '@gradpool/experiments'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunEvent, RunResult } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { verifyRun } from '../src/verify-run.js'

/** Of each kind of fault; more where there is time for them. The three kinds together hit each of three threads. */
const NUM_FAULTS = Number(process.env.GRADPOOL_FAULTS ?? 2)
const KINDS = ['exit', 'throw', 'loop'] as const

const config = defineExperiment({
  name: 'averaged',
  data: mnist(),
  train: {
    optimizer: adam({ learningRate: 0.01, clip: clipByGlobalNorm(1) }),
    batchSize: 3,
    epochs: 4,
    averageEvery: 2,
    averageParts: [4, 2, 3],
  },
  stages: [
    autoencode({ encoder: [8], decoder: [16] }),
    {
      ...classify({ hidden: [16], encoder: 'fineTuned' }),
      train: { averageEvery: 100, averageParts: 4 },
    },
  ],
})

const engines = [
  ['wasm', wasmEngine],
  ...(nativeInstructionSets().length > 0 ? [['native', nativeEngine] as const] : []),
] as const

type Options = Partial<RunOptions> & { readonly set?: readonly string[] }

function plansOf(set: readonly string[] = []) {
  return [0, 1].map((seed) => {
    return planExperiment(withOverrides(config, set), { dataset: rowsDataset(), seed })
  })
}

async function run(engine: Engine, { set, ...options }: Options = {}): Promise<RunResult> {
  const directory = options.directory ?? (await temporaryFolder())
  const settings = { workers: 1, ...options, engine, directory }
  return (await runExperiments(plansOf(set), settings)).result
}

const bitsOf = ({ experiments }: RunResult) =>
  experiments.map(({ status, weightsHash, accuracy, stages }) => ({
    status,
    weightsHash,
    accuracy,
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _seconds, ...row }) => row)),
  }))

describe.each(engines)('%s', (_, makeEngine) => {
  async function makeSmall(): Promise<Engine> {
    const engine = await makeEngine({ memoryBytes: 2 ** 26, barrierTimeoutMs: 5000 })
    onTestFinished(() => engine.dispose())
    return engine
  }

  let alone: Promise<ReturnType<typeof bitsOf>> | undefined

  /** What one worker trains, once. */
  function bitsAlone() {
    alone ??= makeSmall().then(async (engine) => bitsOf(await run(engine)))
    return alone
  }

  it('is bit-identical on 1, 2, 3 and 8 workers', async () => {
    const engine = await makeSmall()
    const alone = await bitsAlone()
    expect(alone.map(({ status }) => status)).toEqual(['done', 'done'])
    const lossOf = (epoch: number) => Number(alone[0]?.epochs[0]?.[epoch]?.loss)
    expect(lossOf(3)).toBeLessThan(lossOf(0))
    for (const workers of [2, 3, 8]) {
      const threads = new Set<number>()
      const onEvent = (event: RunEvent) => {
        if (event.type === 'threads') threads.add(event.threads)
      }
      expect(bitsOf(await run(engine, { workers, onEvent }))).toEqual(alone)
      if (workers > 2) expect(Math.max(...threads)).toBeGreaterThan(1)
    }
  })

  it.each(KINDS)(
    'comes to them when a thread fails: %s',
    async (kind) => {
      const alone = await bitsAlone()
      for (let i = 0; i < NUM_FAULTS; i++) {
        const faults: Fault[] = [{ kind, thread: (i + KINDS.indexOf(kind)) % 3, steps: (i * 7) % 2 }]
        const warnings: string[] = []
        const result = await run(faultyEngine(await makeSmall(), faults), {
          workers: 6,
          stallSeconds: 1.5,
          onEvent: (event) => {
            if (event.type === 'warning') warnings.push(event.message)
          },
        })
        expect(faults).toEqual([])
        expect(warnings.join()).toMatch(/thread/)
        expect(bitsOf(result)).toEqual(alone)
      }
    },
    30_000 + 12_000 * NUM_FAULTS,
  )

  it('can be verified', async () => {
    const engine = await makeSmall()
    const { run: directory } = await run(engine, { workers: 2 })
    const verdicts = []
    for await (const { verdict } of verifyRun(directory, plansOf(), engine)) verdicts.push(verdict)
    expect(verdicts).toEqual(['same', 'same', 'same', 'same'])
  })

  it('says in which step a loss was not finite', async () => {
    const engine = await makeSmall()
    const set = ['train.optimizer={"kind":"sgd","learningRate":1e30}']
    const { experiments } = await run(engine, { set })
    expect(experiments[0]?.error).toMatch(/^autoencode: the loss is not a finite number at step \d+ \(epoch 1\)/)
  })
})

it('goes on where it was interrupted, in the middle of an epoch, too', async () => {
  const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
  onTestFinished(() => engine.dispose())
  const set = ['train.epochs=60', 'stages[1].train.averageEvery=1']
  const whole = bitsOf(await run(engine, { set }))
  const stopped = (controller: AbortController, afterEpochs: number) => ({
    signal: controller.signal,
    onEvent({ type }: RunEvent) {
      if (type === 'epoch' && --afterEpochs === 0) setTimeout(() => controller.abort(), 1)
    },
  })
  const directory = await temporaryFolder()
  let result = await run(engine, { set, directory, ...stopped(new AbortController(), 20) })
  let interruptions = 0
  for (; result.experiments.some(({ status }) => status === 'interrupted'); interruptions++) {
    const workers = 1 + (interruptions % 3)
    result = await run(engine, {
      set,
      workers,
      resume: result.run,
      checkpointSeconds: 0.01,
      ...stopped(new AbortController(), 40),
    })
  }
  expect(interruptions).toBeGreaterThan(2)
  expect(bitsOf(result)).toEqual(whole)
})
