/**
 * Losses, their options and row weights against PyTorch (tools/oracles/losses_torch.json), and where they are edged.
 */
import { readFileSync } from 'node:fs'
import { constant, type Tensor } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { compute, gradients, type Operand } from '../testing/compute.js'
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
import { negativeElbo } from './negative-elbo.js'
import { poissonLoss } from './poisson-loss.js'
import { quantileLoss } from './quantile-loss.js'
import { type RowOptions } from './rows.js'
import { tripletLoss } from './triplet-loss.js'

interface Expected {
  readonly value: number
  readonly gradients: readonly (readonly number[])[]
}

interface Oracle {
  readonly cases: readonly {
    readonly loss: string
    readonly options: Readonly<Record<string, number>>
    readonly operands: readonly Operand[]
    readonly weights: readonly number[]
    readonly plain: Expected
    readonly weighted: Expected
    /** Weights of elements; absent for losses of whole rows. */
    readonly mask?: Operand
    readonly masked?: Expected
  }[]
}

type Loss = (options: RowOptions & Readonly<Record<string, unknown>>, ...operands: readonly Tensor[]) => Tensor
type OfTwo<Options> = (a: Tensor, b: Tensor, options: Options) => Tensor
type OfThree<Options> = (a: Tensor, b: Tensor, c: Tensor, options: Options) => Tensor

function of<Options extends RowOptions>(loss: OfTwo<Options | RowOptions>): Loss {
  return (options, a, b) => loss(given(a), given(b), options)
}

function ofThree<Options extends RowOptions>(loss: OfThree<Options | RowOptions>): Loss {
  return (options, a, b, c) => loss(given(a), given(b), given(c), options)
}

function ofFour(loss: typeof negativeElbo): Loss {
  return (options, a, b, c, d) => loss(given(a), given(b), given(c), given(d), options)
}

function given(operand: Tensor | undefined): Tensor {
  if (operand === undefined) throw new Error('an operand is missing')
  return operand
}

const losses: Readonly<Record<string, Loss>> = {
  binaryCrossEntropy: of(binaryCrossEntropy),
  cosineDistance: of(cosineDistance),
  crossEntropy: of(crossEntropy),
  focalLoss: of(focalLoss),
  gaussianNegativeLogLikelihood: ofThree(gaussianNegativeLogLikelihood),
  hinge: of(hinge),
  huber: of(huber),
  infoNce: of(infoNce),
  klDivergence: of(klDivergence),
  logCosh: of(logCosh),
  meanSquaredError: of(meanSquaredError),
  negativeElbo: ofFour(negativeElbo),
  poissonLoss: of(poissonLoss),
  quantileLoss: of(quantileLoss),
  tripletLoss: ofThree(tripletLoss),
}

function lossOf(name: string): Loss {
  const loss = losses[name]
  if (!loss) throw new Error(`no loss for the case ${name}`)
  return loss
}

const oracleFile = new URL('../../../../tools/oracles/losses_torch.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(oracleFile, 'utf8')) as Oracle

test('every loss has a case', () => {
  expect([...new Set(cases.map(({ loss }) => loss))].sort()).toEqual(Object.keys(losses).sort())
})

describe.each(cases)('$loss $options', ({ loss: name, options, operands, weights, plain, weighted, mask, masked }) => {
  const loss = lossOf(name)
  const forms = [
    { form: 'plain', expected: plain, build: (...x: readonly Tensor[]) => loss(options, ...x) },
    {
      form: 'weighted',
      expected: weighted,
      build: (...x: readonly Tensor[]) => loss({ ...options, weights: constant(weights) }, ...x),
    },
    ...(mask && masked
      ? [
          {
            form: 'masked',
            expected: masked,
            build: (...x: readonly Tensor[]) => {
              const each = constant(Float32Array.from(mask.values), mask.shape)
              return loss({ ...options, weights: each }, ...x)
            },
          },
        ]
      : []),
  ]

  test.each(forms)('$form, the value and the gradients are PyTorch’s', ({ expected, build }) => {
    expect(compute(operands, build)[0]).toBeCloseTo(expected.value, 6)
    const actual = gradients(operands, build, expected.gradients.length)
    expected.gradients.forEach((gradient, operand) => {
      expect(actual[operand]).toHaveLength(gradient.length)
      gradient.forEach((value, i) => expect(actual[operand]?.[i]).toBeCloseTo(value, 6))
    })
  })

  // In `infoNce`, it is still a negative of the others.
  test.runIf(name !== 'infoNce')('a row of weight 0 has no part in it', () => {
    const none = weights.indexOf(0)
    const build = (...x: readonly Tensor[]) => loss({ ...options, weights: constant(weights) }, ...x)
    const replaced = operands.map((operand) => {
      const size = operand.values.length / weights.length
      return { ...operand, values: operand.values.map((v, i) => (Math.floor(i / size) === none ? 1 : v)) }
    })
    expect(compute(replaced, build)).toEqual(compute(operands, build))
  })

  test('is 0 where all weights are 0', () => {
    const build = (...x: readonly Tensor[]) => loss({ ...options, weights: constant(0, [weights.length]) }, ...x)
    expect(compute(operands, build).map(Math.abs)).toEqual([0])
    const [gradient = []] = gradients(operands, build)
    expect(gradient.map(Math.abs)).toEqual(gradient.map(() => 0))
  })

  test('refuses weights that are not one a row', () => {
    const build = (...x: readonly Tensor[]) => loss({ ...options, weights: constant(1, [weights.length, 1]) }, ...x)
    expect(() => compute(operands, build)).toThrow(
      `${name}: weights must be [${weights.length}], one number a row${
        mask ? `, or [${mask.shape.join(', ')}], one an element` : ''
      }, not f32[${weights.length}, 1]`,
    )
  })

  // A Poisson rate, or a variance, of e^1000 is no number.
  test.runIf(!['poissonLoss', 'negativeElbo'].includes(name))(
    'is finite, with its gradients, for outputs of ±1000',
    () => {
      const large = (values: readonly number[]) => values.map((v) => (v > 0 ? 1000 : -1000))
      const extreme = operands.map((x, i) => (i < plain.gradients.length ? { ...x, values: large(x.values) } : x))
      const build = (...x: readonly Tensor[]) => loss(options, ...x)
      expect(compute(extreme, build).every(Number.isFinite)).toBe(true)
      const all = gradients(extreme, build, plain.gradients.length).flat()
      expect(all.every(Number.isFinite)).toBe(true)
    },
  )
})

const rows = (...values: number[]): Operand => ({ shape: [1, values.length], values })
const labels = (...values: number[]): Operand => ({ shape: [values.length], values, dtype: 'i32' })

describe('labels that are none of the classes', () => {
  const smoothed = (x: Tensor, y: Tensor) => crossEntropy(x, y, { labelSmoothing: 0.1 })

  test.each([
    ['crossEntropy with labelSmoothing', smoothed],
    ['hinge', (x: Tensor, y: Tensor) => hinge(x, y)],
  ])('make %s NaN', (_, loss) => {
    expect(compute([rows(1, 2, 3), labels(3)], loss)).toEqual([NaN])
  })

  test('do not count in a row of weight 0', () => {
    const operands = [{ shape: [2, 2], values: [1, 1, 5, 7] }, labels(0, 9)]
    const loss = (x: Tensor, y: Tensor) => crossEntropy(x, y, { weights: constant([2, 0]) })
    expect(compute(operands, loss)[0]).toBeCloseTo(Math.LN2, 12)
    expect(gradients(operands, loss)[0]?.map(Math.abs)).toEqual([0.5, 0.5, 0, 0])
  })
})

describe('at the edges', () => {
  test('hinge takes distributions by their largest', () => {
    const loss = (x: Tensor, y: Tensor) => hinge(x, y)
    expect(compute([rows(0, 2, 1.5), rows(0, 1, 0)], loss)).toEqual(compute([rows(0, 2, 1.5), labels(1)], loss))
  })

  test('klDivergence of a target of 0 is 0, where the output is -∞, too', () => {
    const operands = [rows(-Infinity, 0), rows(0, 1)]
    expect(compute(operands, (x, y) => klDivergence(given(x), given(y))).map(Math.abs)).toEqual([0])
    const all = gradients(operands, (x, y) => klDivergence(given(x), given(y)), 2).flat()
    expect(all.every(Number.isFinite)).toBe(true)
  })

  test('zeros have no direction: a cosine of 0, and no gradient', () => {
    const operands = [rows(0, 0), rows(3, 4)]
    const loss = (x: Tensor, y: Tensor) => cosineDistance(x, y)
    expect(compute(operands, loss)).toEqual([1])
    expect(gradients(operands, loss, 2).flat().map(Math.abs)).toEqual([0, 0, 0, 0])
  })

  test('points of a triplet that are one have no gradient', () => {
    const loss = (a: Tensor, p: Tensor, n: Tensor) => tripletLoss(a, p, n)
    const all = gradients([rows(1, 2), rows(1, 2), rows(1, 2)], loss, 3).flat()
    expect(all.map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('a variance below epsilon counts as epsilon, and has a gradient', () => {
    const operands = [rows(0), rows(-50), rows(1)]
    const loss = (m: Tensor, v: Tensor, y: Tensor) => gaussianNegativeLogLikelihood(m, v, y, { epsilon: 0.25 })
    expect(compute(operands, loss)[0]).toBeCloseTo((Math.log(0.25) + 4) / 2, 6)
    expect(gradients(operands, loss, 2).flat()).toEqual([expect.closeTo(-4, 6), expect.closeTo((1 - 4) / 2, 6)])
  })

  test.each([40, 1000])('focalLoss of a wrong logit of %i is alpha times it, and of a right one 0 nearly', (z) => {
    const loss = (x: Tensor, y: Tensor) => focalLoss(x, y)
    expect(compute([rows(-z), rows(1)], loss)[0]).toBeCloseTo(z / 4, 10)
    expect(gradients([rows(-z), rows(1)], loss)[0]?.[0]).toBeCloseTo(-0.25, 10)
    expect(compute([rows(z), rows(1)], loss)[0]).toBeLessThan(1e-40)
  })

  test('logCosh is d² / 2 nearly for small errors', () => {
    const [value = NaN] = compute([rows(1e-4), rows(0)], (x, y) => logCosh(given(x), given(y)))
    expect(value / 5e-9).toBeCloseTo(1, 6)
  })
})
