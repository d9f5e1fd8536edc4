/** Optimizers of experiments: groups, averages, plateaus, rules and losses of the user's own, as plain data. */
import {
  abs,
  add,
  defineModel,
  div,
  exp,
  log1p,
  matmul,
  mean,
  mul,
  parameter,
  randomNormal,
  sub,
  updateRule,
} from '@gradpool/core'
import { mnist } from '@gradpool/datasets'
import { wasmEngine } from '@gradpool/engine-cpu'
import { classify, defineExperiment, planExperiment } from '@gradpool/experiments'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunEvent, RunResult } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { verifyRun } from '../src/verify-run.js'

const bySign = updateRule({
  slots: ['sum'],
  shared: ['count'],
  update: ({ shared, parameters }) => ({
    shared: { count: add(shared.count, 1) },
    parameters: parameters.map(({ weight, gradient, slots }) => ({
      weight: sub(weight, mul(0.001, div(gradient, add(abs(gradient), 1e-12)))),
      slots: { sum: add(mul(0.5, slots.sum), gradient) },
    })),
  }),
})

/** A generator and a discriminator of images. */
const pair = defineModel({
  params: { generator: parameter([2, 16], 'heNormal'), discriminator: parameter([16, 1], 'heNormal') },
  step({ generator, discriminator }, { image }) {
    const made = matmul(randomNormal([image.shape[0] ?? 1, 2], 'noise'), generator)
    const judge = (x: typeof made) => matmul(x, discriminator)
    const [ofReal, ofMade] = [judge(mul(image, 1 / 255)), judge(made)]
    const surprise = (logits: typeof made, sign: number) => mean(log1p(exp(mul(logits, -sign))))
    return { loss: { generator: surprise(ofMade, 1), discriminator: add(surprise(ofReal, 1), surprise(ofMade, -1)) } }
  },
})

const config = defineExperiment({
  name: 'composed',
  data: mnist(),
  train: {
    batchSize: 3,
    epochs: 30,
    ema: 0.9,
    optimizer: {
      kind: 'groups',
      groups: {
        '*.bias': { kind: 'nadam', learningRate: { kind: 'plateau', learningRate: 0.01, patience: 2 } },
        '*': { kind: 'muon', learningRate: { kind: 'oneCycle', learningRate: 0.01 } },
      },
    },
  },
  stages: [
    classify({ hidden: [8] }),
    { ...classify({ hidden: [4] }), train: { optimizer: bySign } },
    {
      name: 'pair',
      model: pair,
      train: {
        optimizer: { kind: 'groups', groups: { generator: { kind: 'adam' }, discriminator: { kind: 'lion' } } },
      },
    },
  ],
})

const plans = () => [planExperiment(config, { dataset: rowsDataset(), seed: 3 })]

async function run(options: Partial<RunOptions> = {}): Promise<RunResult> {
  const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
  onTestFinished(() => engine.dispose())
  const directory = await temporaryFolder()
  return (await runExperiments(plans(), { workers: 1, directory, ...options, engine })).result
}

const bitsOf = ({ experiments }: RunResult) =>
  experiments.map(({ error, status, weightsHash, stages }) => ({
    error,
    status,
    weightsHash,
    epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _seconds, ...row }) => row)),
  }))

describe('an experiment with composed optimizers', () => {
  it('is plain data but for what is a function', () => {
    const { optimizer, ema } = config.train
    expect(JSON.parse(JSON.stringify({ optimizer, ema }))).toEqual({ optimizer, ema })
  })

  it('tells each loss', async () => {
    const [result] = (await run()).experiments
    const row = result?.stages.at(-1)?.epochs.at(-1)
    expect(row?.loss).toBeCloseTo(Number(row?.generator) + Number(row?.discriminator), 5)
  })

  it('gives the same bits on any number of workers, and where it was interrupted and resumed', async () => {
    const whole = bitsOf(await run())
    expect(whole).toMatchObject([{ status: 'done' }])
    expect(bitsOf(await run({ workers: 2 }))).toEqual(whole)
    const directory = await temporaryFolder()
    const controller = new AbortController()
    let epochs = 0
    const onEvent = ({ type }: RunEvent) => {
      if (type === 'epoch' && ++epochs === 12) controller.abort()
    }
    const stopped = await run({ directory, onEvent, signal: controller.signal, checkpointSeconds: 0.01 })
    expect(stopped.experiments).toMatchObject([{ status: 'interrupted' }])
    expect(bitsOf(await run({ directory, resume: stopped.run, workers: 2 }))).toEqual(whole)
  })

  it('can be verified', async () => {
    const { run: directory } = await run()
    const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
    onTestFinished(() => engine.dispose())
    const verdicts = []
    for await (const { verdict } of verifyRun(directory, plans(), engine)) verdicts.push(verdict)
    expect(verdicts).toEqual(['same', 'same', 'same'])
  })
})
