/** Several threads on one training: the same bits, whatever their number and whatever befalls them. */
import { adam, clipByGlobalNorm } from '@gradpool/core'
import { type Engine } from '@gradpool/core/engine'
import { mnist } from '@gradpool/datasets'
import { faultyEngine, type Fault } from '@gradpool/engine-contract'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import { autoencode, classify, defineExperiment, planExperiment } from '@gradpool/experiments'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunEvent, RunResult } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

/** Of each kind of fault; more where there is time for them. The three kinds together hit each of three threads. */
const NUM_FAULTS = Number(process.env.GRADPOOL_FAULTS ?? 2)
const KINDS = ['exit', 'throw', 'loop'] as const
/** A thread that gets no core for so long on a busy machine would be taken for one that hangs. */
const STALL_SECONDS = 2
const EPOCHS = 4

const config = defineExperiment({
  name: 'shared',
  data: mnist(),
  train: {
    optimizer: adam({ learningRate: 0.01, clip: clipByGlobalNorm(1) }),
    batchSize: 40,
    microBatches: 4,
    epochs: EPOCHS,
  },
  stages: [
    // Wide enough for their steps to be shared.
    autoencode({ encoder: [2048], decoder: [16] }),
    classify({ hidden: [16], encoder: 'fineTuned' }),
  ],
})

const engines = [
  ['wasm', wasmEngine],
  ...(nativeInstructionSets().length > 0 ? [['native', nativeEngine] as const] : []),
] as const

describe.each(engines)('%s', (_, makeEngine) => {
  async function makeSmall(): Promise<Engine> {
    const engine = await makeEngine({ memoryBytes: 2 ** 26, barrierTimeoutMs: 1000 })
    onTestFinished(() => engine.dispose())
    return engine
  }

  async function run(
    engine: Engine,
    options: Pick<RunOptions, 'workers' | 'onEvent' | 'stallSeconds'>,
  ): Promise<RunResult> {
    const plans = [0, 1].map((seed) => planExperiment(config, { dataset: rowsDataset(), seed }))
    const directory = await temporaryFolder()
    return (await runExperiments(plans, { ...options, engine, directory })).result
  }

  const bitsOf = ({ experiments }: RunResult) =>
    experiments.map(({ status, weightsHash, accuracy, stages }) => ({
      status,
      weightsHash,
      accuracy,
      epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _seconds, ...row }) => row)),
    }))

  let alone: Promise<ReturnType<typeof bitsOf>> | undefined

  /** What one worker trains, once. */
  function bitsAlone() {
    alone ??= makeSmall().then(async (engine) => bitsOf(await run(engine, { workers: 1 })))
    return alone
  }

  it('is bit-identical on 1, 2, 3 and 8 workers', async () => {
    const engine = await makeSmall()
    const alone = await bitsAlone()
    expect(alone.map(({ status }) => status)).toEqual(['done', 'done'])
    for (const workers of [2, 3, 8]) {
      const threads = new Set<number>()
      const onEvent = (event: RunEvent) => {
        if (event.type === 'threads') threads.add(event.threads)
      }
      expect(bitsOf(await run(engine, { workers, onEvent }))).toEqual(alone)
      // Two stages at a time have one thread each of two, and four each of eight.
      if (workers > 2) expect(Math.max(...threads)).toBeGreaterThan(1)
    }
  })

  it.each(KINDS)(
    'comes to them when a thread fails: %s',
    async (kind) => {
      const alone = await bitsAlone()
      for (let i = 0; i < NUM_FAULTS; i++) {
        const faults: Fault[] = [{ kind, thread: (i + KINDS.indexOf(kind)) % 3, steps: (i * 7) % 5 }]
        const warnings: string[] = []
        const result = await run(faultyEngine(await makeSmall(), faults), {
          workers: 6,
          stallSeconds: STALL_SECONDS,
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

  it('fails by name when threads fail again and again', async () => {
    const faults = Array.from({ length: 50 }, () => ({ kind: 'exit', thread: 0, steps: 1 }) as const)
    const { experiments } = await run(faultyEngine(await makeSmall(), [...faults]), { workers: 8 })
    expect(experiments.map(({ status }) => status)).toEqual(['failed', 'failed'])
    expect(experiments[0]?.error).toMatch(/^autoencode: .*thread/)
  })
})
