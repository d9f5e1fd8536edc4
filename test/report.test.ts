// `gradpool run report`: the document it prints, and the promise that the same experiment and seed give the same bits.
import { existsSync } from 'node:fs'
import { type RunResult } from '@gradpool/orchestrator'
import { beforeAll, expect, test } from 'vitest'
import { bitsOf, runJson } from './run-document.js'
import { temporaryFolder } from './gradpool.js'

const reported = {
  mnist_mlp_all: 0.9,
  mnist_mlp_1p: 0.684,
  mnist_auto_1: 0.746,
  mnist_auto_fix: 0.749,
  mnist_auto_2: 0.796,
  mnist_auto_3: 0.187,
}
const oneEpoch = ['report', '--epochs', '1']
const sha256 = /^[0-9a-f]{64}$/

let cwd: string
let document: RunResult

beforeAll(async () => {
  const folder = await temporaryFolder()
  cwd = folder.path
  document = await runJson([...oneEpoch, '--workers', '2'], { cwd })
  return folder.remove
})

test('the document tells of the run', () => {
  expect(document.workers).toBe(2)
  expect(['native', 'wasm']).toContain(document.engine)
  expect(document.seconds).toBeGreaterThan(0)
  expect(existsSync(`${cwd}/${document.run}/run.json`) || existsSync(document.run)).toBe(true)
})

test('the document has the six experiments and everything that is promised of each', () => {
  const { experiments } = document
  expect(experiments.map(({ name, reported }) => [name, reported])).toEqual(Object.entries(reported))
  for (const { name, seed, accuracy, seconds, weightsHash, stages } of experiments) {
    expect(seed).toBe(0)
    expect(accuracy).toBeGreaterThan(0.05)
    expect(accuracy).toBeLessThanOrEqual(1)
    expect(seconds).toBeGreaterThan(0)
    expect(weightsHash).toMatch(sha256)
    const classifies = name.startsWith('mnist_mlp')
    expect(stages.map((stage) => stage.name)).toEqual(classifies ? ['classify'] : ['autoencode', 'classify'])
    for (const stage of stages) {
      expect(stage.hash).toMatch(sha256)
      expect(stage.epochs).toHaveLength(1)
      const [row] = stage.epochs
      expect(row?.epoch).toBe(1)
      expect(row?.seconds).toBeGreaterThan(0)
      for (const value of [row?.loss, row?.accuracy, row?.validation?.accuracy]) {
        expect(value).toSatisfy(Number.isFinite)
      }
    }
  }
})

test('the two experiments with the same autoencoder share one stage', () => {
  const shared = document.experiments.flatMap(({ name, stages }) =>
    stages.filter((stage) => stage.shared).map(({ hash }) => ({ name, hash })),
  )
  expect(shared.map(({ name }) => name)).toEqual(['mnist_auto_1', 'mnist_auto_fix'])
  expect(new Set(shared.map(({ hash }) => hash)).size).toBe(1)
})

test.each(['1', '4'])('%s workers give the bits of 2', async (workers) => {
  const again = await runJson([...oneEpoch, '--workers', workers], { cwd })
  expect(again.workers).toBe(Number(workers))
  expect(bitsOf(again)).toEqual(bitsOf(document))
})

test('seed 0 is the seed of a run that names none, and seed 1 is another', async () => {
  const args = ['mnist_mlp_1p', '--epochs', '1', '--seed', '1,0']
  const { experiments } = await runJson(args, { cwd })
  expect(experiments.map(({ seed }) => seed)).toEqual([1, 0])
  const [one, zero] = experiments.map(({ weightsHash }) => weightsHash)
  const unnamed = document.experiments.find(({ name }) => name === 'mnist_mlp_1p')
  expect(zero).toBe(unnamed?.weightsHash)
  expect(one).not.toBe(zero)
})
