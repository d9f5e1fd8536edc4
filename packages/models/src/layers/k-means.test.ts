/** K-means and soft clusters: tools/oracles/clustering.json has scikit-learn's and PyTorch's figures, in float64. */
import { readFileSync } from 'node:fs'
import { adam, type Batch, defineModel, log, mean, type Tensor } from '@gradpool/core'
import { evaluate, initialState, train } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { klDivergence } from '../losses/kl-divergence.js'
import { compute, gradients } from '../testing/compute.js'
import { kMeans, type KMeansOptions, squaredDistances } from './k-means.js'
import { clusterTarget, softClusters } from './soft-clusters.js'

type Matrix = readonly (readonly number[])[]
interface Oracle {
  readonly lloyd: {
    readonly rows: Matrix
    readonly first: Matrix
    readonly after: readonly { readonly iterations: number; readonly centers: Matrix; readonly error: number }[]
  }
  readonly deep: Readonly<
    Record<'codes' | 'centers' | 'soft' | 'target' | 'codesGradient' | 'centersGradient', Matrix>
  > & {
    readonly loss: number
  }
}

const file = new URL('../../../../tools/oracles/clustering.json', import.meta.url)
const { lloyd, deep } = JSON.parse(readFileSync(file, 'utf8')) as Oracle

/** Steps of k-means of these rows, each a batch, from these states. */
function learn(
  rows: Matrix,
  options: KMeansOptions & { clusters: number; steps: number; state?: States; seed?: number },
) {
  const { clusters, steps, seed = 0 } = options
  const features = rows[0]?.length ?? 0
  const model = defineModel({
    params: { clusters: kMeans(clusters, features, options) },
    step: (bound, { x }: Batch<'x'>) => ({ loss: mean(bound.clusters(x)) }),
  })
  const data = { fields: { x: { dtype: 'f32', shape: [features] } }, numExamples: rows.length } as const
  const { program } = train(model, { batchSize: rows.length, data, optimizer: adam() })
  let state: States = { ...initialState(program, seed), ...options.state }
  const batch = { x: rows.flat() }
  for (let step = 0; step < steps; step++)
    state = { ...state, ...evaluate(program, { state, batch, step, seed }).state }
  return (name: string) => Array.from(state[`clusters.${name}`] ?? [])
}
type States = Readonly<Record<string, ArrayLike<number>>>

function expectClose(found: ArrayLike<number>, wanted: readonly number[], digits = 5) {
  expect(found).toHaveLength(wanted.length)
  wanted.forEach((value, i) => {
    expect(found[i], `number ${i}`).toBeCloseTo(value, digits)
  })
}

describe('k-means', () => {
  const { rows, first } = lloyd
  const state = {
    'clusters.centers': first.flat(),
    'clusters.runs': first.flat(),
    'clusters.counts': first.map(() => 1),
  }

  test.each(lloyd.after)(
    'is Lloyd’s where nothing is remembered: $iterations iterations',
    ({ iterations, centers }) => {
      const found = learn(rows, { clusters: 4, steps: iterations, memory: 0, state })
      expectClose(found('centers'), centers.flat())
      expectClose(found('runs'), centers.flat())
    },
  )

  test('moves centres by the weight of what they remember', () => {
    const [one = [], two = []] = rows
    const found = learn([one, two], {
      clusters: 1,
      steps: 1,
      memory: 0.5,
      state: {
        'clusters.runs': [1, 2, 3],
        'clusters.counts': [4],
      },
    })
    // 0.5 · 4 of the centre, and the two rows.
    expectClose(
      found('centers'),
      [1, 2, 3].map((center, i) => (2 * center + (one[i] ?? NaN) + (two[i] ?? NaN)) / 4),
    )
    expectClose(found('counts'), [4])
  })

  test('seeds one cluster in each step, each with a row', () => {
    for (const steps of [1, 2, 4]) {
      const found = learn(rows, { clusters: 4, steps, restarts: 3, memory: 0.99 })
      const counts = found('counts')
      expect(counts).toHaveLength(12)
      expect(counts.filter((count) => count > 0)).toHaveLength(3 * steps)
      expect(counts.filter((count) => count === 1)).toHaveLength(3)
      const runs = found('runs')
      const seeds = counts.flatMap((count, i) => (count === 1 ? [runs.slice(3 * i, 3 * i + 3)] : []))
      for (const seed of seeds) expect(rows).toContainEqual(seed)
    }
  })

  test('draws seeds by the squared distance from the nearest centre', () => {
    // One centre is there, at 0: rows at 1 and 3 are drawn as 1 to 9.
    const restarts = 2000
    const one = {
      'clusters.runs': new Float32Array(2 * restarts),
      'clusters.counts': Float32Array.from({ length: 2 * restarts }, (_, i) => (i % 2 === 0 ? 100 : 0)),
    }
    const runs = learn([[0], [1], [3]], { clusters: 2, restarts, steps: 1, state: one })('runs')
    const seeds = runs.filter((_, i) => i % 2 === 1)
    const share = seeds.filter((seed) => seed === 3).length / restarts
    expect(seeds).not.toContain(0)
    expect(Math.abs(share - 0.9)).toBeLessThan(0.02) // Three deviations.
  })

  test('gives a cluster that has lost its rows a seed', () => {
    const lost = { ...state, 'clusters.counts': [1, 1, 0.4, 1] }
    const runs = learn(rows, { clusters: 4, steps: 1, state: lost })('runs')
    expect(rows).toContainEqual(runs.slice(6, 9))
  })

  test('takes the centres of the best restart', () => {
    const found = learn(rows, { clusters: 4, steps: 15, restarts: 3, memory: 0.5 })
    const errors = found('errors')
    const best = errors.indexOf(Math.min(...errors))
    expect(new Set(errors).size).toBeGreaterThan(1)
    expect(found('centers')).toEqual(found('runs').slice(12 * best, 12 * best + 12))
  })

  test('is no farther from any row than a centre that is there, before all are', () => {
    const centers = learn(rows, { clusters: 4, steps: 1 })('centers')
    expect(centers.slice(3)).toEqual([...centers.slice(0, 3), ...centers.slice(0, 3), ...centers.slice(0, 3)])
  })

  test('refuses what is out of range', () => {
    expect(() => kMeans(0, 3)).toThrow('kMeans: clusters must be a whole number of at least 1, not 0')
    expect(() => kMeans(2, 3, { restarts: 1.5 })).toThrow('kMeans: restarts must be')
    expect(() => kMeans(2, 3, { memory: 1 })).toThrow('kMeans: memory must be at least 0 and below 1, not 1')
    expect(() => kMeans(2, 3, { memory: -0.1 })).toThrow('kMeans: memory')
  })
})

describe('soft clusters', () => {
  const operands = [
    { shape: [12, 3], values: deep.codes.flat() },
    { shape: [4, 3], values: deep.centers.flat() },
  ]

  test('and their target are those of deep embedded clustering', () => {
    const soft = compute(operands, (codes, centers) => softClusters(squaredDistances(codes, centers)))
    expectClose(soft, deep.soft.flat())
    const target = compute(operands, (codes, centers) => clusterTarget(softClusters(squaredDistances(codes, centers))))
    expectClose(target, deep.target.flat())
  })

  test('have the loss and the gradients of PyTorch', () => {
    const loss = (codes: Tensor, centers: Tensor) => {
      const soft = softClusters(squaredDistances(codes, centers))
      return klDivergence(log(soft), clusterTarget(soft))
    }
    expectClose(compute(operands, loss), [deep.loss])
    const [ofCodes = [], ofCenters = []] = gradients(operands, loss, 2)
    expectClose(ofCodes, deep.codesGradient.flat())
    expectClose(ofCenters, deep.centersGradient.flat())
  })
})
