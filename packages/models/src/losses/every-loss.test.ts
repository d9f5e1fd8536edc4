/** What every loss promises: its direction, its shapes and the bounds of its options, in one table. */
import { constant, defineModel, type Shape, type Tensor } from '@gradpool/core'
import { evaluation } from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { compute, gradients, type Operand } from '../testing/compute.js'
import { wave } from '../testing/describe-layer.js'
import { binaryCrossEntropy } from './binary-cross-entropy.js'
import { cosineDistance } from './cosine-distance.js'
import { crossEntropy } from './cross-entropy.js'
import { focalLoss } from './focal-loss.js'
import { gaussianNegativeLogLikelihood } from './gaussian-negative-log-likelihood.js'
import { hinge } from './hinge.js'
import { huber } from './huber.js'
import { infoNce } from './info-nce.js'
import { klDivergence } from './kl-divergence.js'
import { logCosh } from './log-cosh.js'
import { meanSquaredError } from './mean-squared-error.js'
import { negativeElbo, sampleGaussian } from './negative-elbo.js'
import { poissonLoss } from './poisson-loss.js'
import { quantileLoss } from './quantile-loss.js'
import { redundancyLoss } from './redundancy-loss.js'
import { type RowOptions } from './rows.js'
import { tripletLoss } from './triplet-loss.js'

type Options = RowOptions & Readonly<Record<string, unknown>>
type Operands = readonly [a: Tensor, b: Tensor, c: Tensor, d: Tensor]
type Build = (operands: Operands, options?: Options) => Tensor

/** `operands` that it has; the mean is over all elements, over rows of any shape, or over rows that are vectors. */
interface Case {
  readonly name: string
  readonly operands: 2 | 3 | 4
  readonly over: 'elements' | 'rows' | 'vectors'
  readonly build: Build
}

const losses: readonly Case[] = [
  { name: 'binaryCrossEntropy', operands: 2, over: 'elements', build: ([a, b], o) => binaryCrossEntropy(a, b, o) },
  { name: 'focalLoss', operands: 2, over: 'elements', build: ([a, b], o) => focalLoss(a, b, o) },
  {
    name: 'gaussianNegativeLogLikelihood',
    operands: 3,
    over: 'elements',
    build: ([a, b, c], o) => gaussianNegativeLogLikelihood(a, b, c, o),
  },
  { name: 'huber', operands: 2, over: 'elements', build: ([a, b], o) => huber(a, b, o) },
  { name: 'logCosh', operands: 2, over: 'elements', build: ([a, b], o) => logCosh(a, b, o) },
  { name: 'meanSquaredError', operands: 2, over: 'elements', build: ([a, b], o) => meanSquaredError(a, b, o) },
  { name: 'poissonLoss', operands: 2, over: 'elements', build: ([a, b], o) => poissonLoss(a, b, o) },
  { name: 'quantileLoss', operands: 2, over: 'elements', build: ([a, b], o) => quantileLoss(a, b, o) },
  { name: 'klDivergence', operands: 2, over: 'rows', build: ([a, b], o) => klDivergence(a, b, o) },
  { name: 'negativeElbo', operands: 4, over: 'rows', build: ([a, b, c, d], o) => negativeElbo(a, b, c, d, o) },
  { name: 'cosineDistance', operands: 2, over: 'vectors', build: ([a, b], o) => cosineDistance(a, b, o) },
  { name: 'infoNce', operands: 2, over: 'vectors', build: ([a, b], o) => infoNce(a, b, o) },
  { name: 'redundancyLoss', operands: 2, over: 'vectors', build: ([a, b]) => redundancyLoss(a, b, 0.1) },
  { name: 'tripletLoss', operands: 3, over: 'vectors', build: ([a, b, c], o) => tripletLoss(a, b, c, o) },
]
const ofLabels: readonly Case[] = [
  { name: 'crossEntropy', operands: 2, over: 'vectors', build: ([a, b], o) => crossEntropy(a, b, o) },
  { name: 'hinge', operands: 2, over: 'vectors', build: ([a, b], o) => hinge(a, b, o) },
]
const all = [...losses, ...ofLabels]
const ofAnyShape = losses.filter(({ over }) => over !== 'vectors')

/** Numbers in [0.1, 0.9], which are probabilities, too. */
function operand(shape: Shape, seed: number): Operand {
  const size = shape.reduce((a, b) => a * b, 1)
  return { shape, values: wave(size, seed).map((x) => 0.5 + 0.4 * Math.tanh(x)) }
}

/** The values of a loss of operands of these shapes, each of the numbers of its place. */
function valueOf({ build }: Pick<Case, 'build'>, shapes: readonly Shape[], weights?: readonly number[]): number[] {
  return compute(
    shapes.map((shape, i) => operand(shape, i)),
    (...tensors) => build(four(tensors), weights && { weights: constant(weights) }),
  )
}

function four([a, b, c, d]: readonly Tensor[]): Operands {
  if (!a || !b) throw new Error('an operand is missing')
  return [a, b, c ?? b, d ?? b]
}

const alike = (count: number, shape: Shape) => Array.from({ length: count }, () => shape)

test.each(all)('$name is the better the smaller', ({ operands, build }) => {
  const names = ['a', 'b', 'c', 'd'].slice(0, operands)
  const model = defineModel({
    params: {},
    step: (_, batch: Readonly<Record<string, Tensor>>) => ({
      loss: constant(0),
      told: build(four(names.flatMap((name) => batch[name] ?? []))),
    }),
  })
  const fields = Object.fromEntries(names.map((name) => [name, { dtype: 'f32' as const, shape: [3] }]))
  const { metrics } = evaluation(model, { batchSize: 4, data: { fields, numExamples: 4 } })
  expect(metrics.find(({ name }) => name === 'told')?.direction).toBe('min')
})

describe.each(all)('$name of operands of other shapes', (loss) => {
  const { name, operands, over } = loss

  test.each(Array.from({ length: operands }, (_, i) => i))('refuses operand %i though it would broadcast', (odd) => {
    for (const shape of [
      [4, 1],
      [1, 3],
      [5, 3],
    ]) {
      const shapes = alike(operands, [4, 3]).with(odd, shape)
      expect(() => valueOf(loss, shapes)).toThrow(
        new RegExp(`^${name}: .*(they must have one shape|must have as many rows|labels must be class numbers)`),
      )
    }
  })

  test('takes the axes that it says', () => {
    if (over === 'vectors') {
      for (const shape of [[], [4], [4, 2, 3]]) {
        expect(() => valueOf(loss, alike(operands, shape))).toThrow(
          new RegExp(`^${name}: .* must be \\[batch, (features|classes)\\], not f32`),
        )
      }
      return
    }
    const flat = [valueOf(loss, alike(operands, [4, 6])), valueOf(loss, alike(operands, [4, 6]), [1, 0, 2, 3])]
    const cube = [valueOf(loss, alike(operands, [4, 2, 3])), valueOf(loss, alike(operands, [4, 2, 3]), [1, 0, 2, 3])]
    expect(cube.flat()).toEqual(flat.flat().map((value) => expect.closeTo(value, 12) as number))
    expect(valueOf(loss, alike(operands, [4]))).toEqual(valueOf(loss, alike(operands, [4, 1])))
  })
})

test.each(ofAnyShape)('$name of single numbers has no rows', (loss) => {
  const { name, operands, over } = loss
  const single = alike(operands, [])
  if (over === 'rows') {
    expect(() => valueOf(loss, single)).toThrow(
      new RegExp(`^${name}: .*(\\[batch, ...\\]|as many rows), not f32\\[\\]`),
    )
    return
  }
  expect(valueOf(loss, single)).toEqual(valueOf(loss, alike(operands, [1])))
  const weighted: Build = (x) => loss.build(x, { weights: constant(1) })
  expect(() => valueOf({ build: weighted }, single)).toThrow(
    `${name}: weights must be left out, as there are no rows, not f32[]`,
  )
})

test('sampleGaussian refuses log-variances that would broadcast', () => {
  const build: Build = ([means, logVariances]) => sampleGaussian(means, logVariances)
  expect(() =>
    valueOf({ build }, [
      [4, 3],
      [4, 1],
    ]),
  ).toThrow('sampleGaussian: the output is f32[4, 3]')
})

describe('options', () => {
  const named = (name: string) => all.find((loss) => loss.name === name)
  const build = (name: string, options: Options) => () => {
    const loss = named(name)
    if (!loss) throw new Error(`there is no loss ${name}`)
    return valueOf({ build: (x) => loss.build(x, options) }, alike(loss.operands, [4, 3]))
  }
  const just = 1e-9

  test.each([
    ['crossEntropy', 'labelSmoothing', 'at least 0 and below 1', [0, 1 - just], [-just, 1]],
    ['focalLoss', 'gamma', 'at least 0', [0, just], [-just]],
    ['focalLoss', 'alpha', 'within [0, 1]', [0, 1], [-just, 1 + just]],
    ['gaussianNegativeLogLikelihood', 'epsilon', 'positive', [just], [0, -1]],
    ['hinge', 'margin', 'positive', [just], [0, -1]],
    ['huber', 'delta', 'positive', [just], [0, -1]],
    ['infoNce', 'temperature', 'positive', [just], [0, -1]],
    ['negativeElbo', 'beta', 'at least 0', [0], [-just]],
    ['quantileLoss', 'quantile', 'above 0 and below 1', [just, 1 - just], [0, 1, -1, 2]],
    ['tripletLoss', 'margin', 'positive', [just], [0, -1]],
  ] as const)('%s takes %s %s', (name, option, must, taken, refused) => {
    for (const value of taken) expect(build(name, { [option]: value })()).toEqual([expect.any(Number)])
    for (const value of [...refused, NaN, Infinity, -Infinity]) {
      expect(build(name, { [option]: value })).toThrow(`${name}: ${option} must be ${must}, not ${value}`)
    }
  })
})

describe('near nothing', () => {
  const vectors = (...values: number[]): Operand => ({ shape: [values.length / 2, 2], values })

  test('tripletLoss tells distances of less than 1', () => {
    const operands = [vectors(0, 0), vectors(0.3, 0.4), vectors(0, 1e-3)]
    expect(compute(operands, (a, b, c) => tripletLoss(a, b, c))[0]).toBeCloseTo(0.5 - 1e-3 + 1, 12)
  })

  test.each([
    [1e-3, 0],
    [1e-7, 0],
    [1e-8, 1],
    [1e-9, 1],
  ])('a vector of length %d is at a cosine distance of %d from its direction', (length, distance) => {
    const operands = [vectors(length, 0), vectors(2, 0)]
    const build = (x: Tensor, y: Tensor) => cosineDistance(x, y)
    expect(compute(operands, build)[0]).toBeCloseTo(distance, 6)
    expect(gradients(operands, build)[0]?.map(Math.abs)).toEqual([0, 0])
  })

  test('klDivergence of a target of 0 has no gradient', () => {
    const operands = [vectors(-3, -0.5), vectors(0, 1)]
    const [byOutput = [], byTarget = []] = gradients(operands, (x, y) => klDivergence(x, y), 2)
    expect(byOutput.map(Math.abs)).toEqual([0, 1])
    expect(byTarget).toEqual([0, 1.5])
  })
})
