/** What the random calculations cover, and that the comparison with JAX can fail. */
import { convolution, OPS, tapsInside, type OpName, type WindowAxis } from '@gradpool/core/engine'
import { expect, test, describe } from 'vitest'
import { referenceEngine } from './reference-engine.js'
import { MUTATIONS, mutant } from './testing/mutant.js'
import { toleranceOf } from './oracle/describe-oracle.js'
import { calculationOf, expectOracle, oracleCases } from './oracle.js'
import { KIND_NAMES } from './oracle/random-calculation.js'

const cases = oracleCases()
const nodes = cases.flatMap(({ calculation: { program } }) => program.nodes)
const steps = cases.flatMap(({ calculation: { recipe } }) => recipe.steps)

/** Inputs are no computation; random numbers are keyed by Gradpool alone. */
const ops = Object.keys(OPS).filter((op): op is OpName => op in OPS && op !== 'input' && op !== 'random')

describe('the calculations', () => {
  test('are 500, a quarter of them with gradients of gradients', () => {
    expect(cases).toHaveLength(500)
    expect(cases.filter(({ calculation: { recipe } }) => recipe.order === 2).length).toBeGreaterThan(100)
  })

  test.each(KIND_NAMES)('have “%s” in several', (kind) => {
    expect(cases.filter(({ calculation: { kinds } }) => kinds.includes(kind)).length).toBeGreaterThanOrEqual(5)
  })

  test.each(ops)('have the primitive op %s', (op) => {
    expect(nodes.some((node) => node.op === op)).toBe(true)
  })

  test.each(['sum', 'matmul', 'convFilter'] as const)('have a %s in segments', (op) => {
    expect(nodes.some((node) => node.op === op && 'segments' in node.attributes)).toBe(true)
  })

  test('have scalars, and extents of 1 and of primes', () => {
    const shapes = steps.map(({ shape }) => shape)
    expect(shapes.some(({ length }) => length === 0)).toBe(true)
    for (const extent of [1, 2, 3, 5, 7, 11]) expect(shapes.some((shape) => shape.includes(extent))).toBe(true)
  })

  test('have strides beyond the input, and windows that see nothing of it', () => {
    const axes = cases.flatMap(({ calculation: { program } }) =>
      program.nodes.flatMap(({ op, inputs: [x, filter], attributes, shape }) => {
        if (op !== 'conv' || x === undefined || filter === undefined) return []
        return convolution(attributes, program.node(x).shape, program.node(filter).shape, shape).axes
      }),
    )
    expect(axes.some(({ stride, input }) => stride > input)).toBe(true)
    const isBlind = (axis: WindowAxis) =>
      Array.from({ length: axis.output }, (_, o) => tapsInside(axis, o)).some(({ first, end }) => first === end)
    expect(axes.some(isBlind)).toBe(true)
  })

  test('have gradients that are not all zeros', () => {
    const flat = cases.filter(({ expected }) => {
      return Object.entries(expected).every(
        ([name, numbers]) => !name.startsWith('by ') || numbers.every((x) => x === 0),
      )
    })
    expect(flat.length).toBeLessThan(cases.length / 5)
  })
})

describe.each(Object.entries(MUTATIONS))('an op that %s is noticed', (_, mutate) => {
  test.each(ops)('%s', async (op) => {
    const engine = mutant(await referenceEngine(), op, mutate)
    const failures: unknown[] = []
    for (const each of cases) {
      if (!each.calculation.program.nodes.some((node) => node.op === op)) continue
      await expectOracle(engine, each, toleranceOf(engine, each)).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) break
    }
    expect(failures).toHaveLength(1)
  })
})

test('figures of another calculation are noticed', () => {
  expect(() => calculationOf(0, '0123456789ab')).toThrow('calculation 0 is no longer the one that JAX evaluated')
})

test('a figure of JAX that differs in the sixth digit is noticed', async () => {
  const engine = await referenceEngine()
  const each = cases.find(({ expected }) => (expected['value 0']?.length ?? 0) > 3)
  if (!each) throw new Error('no case')
  const changed = { ...each.expected, 'value 0': (each.expected['value 0'] ?? []).map((x) => x * (1 + 2e-6)) }
  await expect(expectOracle(engine, { ...each, expected: changed }, toleranceOf(engine, each))).rejects.toThrow(
    /value 0/,
  )
})
