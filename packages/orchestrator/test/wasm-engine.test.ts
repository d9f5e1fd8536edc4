/** The whole way with the real engine, on data of a few hundred pixels. */
import { wasmEngine } from '@gradpool/engine-cpu'
import { mnist } from '@gradpool/datasets'
import { autoencode, classify, defineExperiment, planExperiment, withOverrides } from '@gradpool/experiments'
import { decodeSafetensors, weightsHash } from '@gradpool/storage'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runExperiments, type RunOptions } from '../src/run-experiments.js'
import type { RunResult, Sample } from '../src/runs/run-result.js'
import { rowsDataset } from '../src/testing/rows-dataset.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const pretrained = [autoencode({ encoder: [8], decoder: [16] }), classify({ hidden: [16], encoder: 'fineTuned' })]
const frozen = pretrained.with(1, classify({ hidden: [16], encoder: 'frozen' }))
const configs = [
  { name: 'alone', stages: [classify({ hidden: [16] })] },
  { name: 'pretrained', stages: pretrained },
  { name: 'frozen', stages: frozen },
].map((experiment) => defineExperiment({ ...experiment, data: mnist(), train: { batchSize: 6, epochs: 3 } }))

async function run(
  overridesOf: (name: string) => readonly string[],
  options: Pick<RunOptions, 'workers' | 'onEvent'>,
): Promise<RunResult> {
  const engine = await wasmEngine({ memoryBytes: 64 * 1024 * 1024 })
  onTestFinished(() => engine.dispose())
  const dataset = rowsDataset()
  const plans = configs.map((config) =>
    planExperiment(withOverrides(config, overridesOf(config.name)), { dataset, seed: 0 }),
  )
  const directory = await temporaryFolder()
  return (await runExperiments(plans, { ...options, engine, directory })).result
}

it('is bit-identical on 1, 2 and 4 workers', async () => {
  const all = []
  for (const workers of [1, 2, 4]) {
    const { experiments } = await run(() => [], { workers })
    expect(experiments.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    all.push(
      experiments.map(({ weightsHash, accuracy, stages }) => ({
        weightsHash,
        accuracy,
        epochs: stages.map(({ epochs }) => epochs.map(({ seconds: _, ...row }) => row)),
      })),
    )
  }
  expect(all[1]).toEqual(all[0])
  expect(all[2]).toEqual(all[0])
})

it('learns, and tells of samples', async () => {
  const samples = new Map<string, readonly Sample[]>()
  const { experiments } = await run(() => ['train.epochs=40', 'train.optimizer.learningRate=0.01'], {
    workers: 2,
    onEvent(event) {
      if (event.type === 'stageDone') samples.set(event.stage.hash, event.samples)
    },
  })
  for (const { accuracy, stages } of experiments) {
    expect(accuracy).toBeGreaterThan(0.9)
    for (const { hash } of stages) expect(samples.get(hash)).toHaveLength(3)
  }
  const [reconstructed, classified] = experiments[1]?.stages.map(({ hash }) => samples.get(hash)) ?? []
  for (const { image, reconstruction } of reconstructed ?? []) {
    const brightest = (pixels: readonly number[] = []) => pixels.indexOf(Math.max(...pixels)) >> 2
    expect(brightest(reconstruction)).toBe(brightest(image))
  }
  for (const { truth, estimate } of classified ?? []) expect(estimate).toBe(truth)
})

it('leaves a frozen encoder as the autoencoder made it, and names the weights that it writes', async () => {
  const { run: directory, experiments } = await run(() => [], { workers: 2 })
  const frozen = experiments[2]
  const [before, after] = await Promise.all(
    (frozen?.stages ?? []).map(async ({ hash }) => {
      const file = join(directory, 'stages', hash, 'model.gradpool')
      return decodeSafetensors(await readFile(file), file).tensors
    }),
  )
  expect(after?.get('encoder.0.weight')).toEqual(before?.get('encoder.0.weight'))
  expect(after?.get('encoder.0.weight')?.shape).toEqual([16, 8])
  const states = [...(after ?? [])].map(([name, { values }]) => [name, values] as const)
  expect(weightsHash(Object.fromEntries(states))).toBe(frozen?.weightsHash)
})

it('fails a stage whose loss explodes, by step, and no other', async () => {
  const explode = 'stages[0].train={"optimizer":{"kind":"sgd","learningRate":1e30}}'
  const { experiments } = await run((name) => (name === 'pretrained' ? [explode] : []), {
    workers: 2,
  })
  expect(experiments.map(({ status }) => status)).toEqual(['done', 'failed', 'done'])
  expect(experiments[1]?.error).toMatch(
    /^autoencode: the loss is not a finite number at step \d+ \(epoch 1\); the last finite loss was \d/,
  )
})
