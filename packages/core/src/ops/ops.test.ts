/**
 * Every op, value and gradient, against tfjs and against central differences, over shapes that fast-check chooses.
 */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { gradientRules } from '../gradients/gradient-rules.js'
import { OPS, type OpName } from '../program/op-table.js'
import { Program } from '../program/program.js'
import {
  centralDifferences,
  gradientDifferences,
  gradientProgram,
  lossWeights,
  type Named,
  resultsAt,
  secondOrderProgram,
  valueProgram,
} from '../testing/differentiate.js'
import { type Example, type OpCase } from '../testing/examples.js'
import { OP_CASES } from '../testing/op-cases.js'

/** The same examples every time; raise the number to search further. */
const search = { seed: 1, numRuns: 12 }

beforeAll(async () => {
  tf.env().set('IS_NODE', false) // no advertisement on stderr
  await tf.setBackend('cpu') // another file in this process may have loaded TensorFlow
  const random = vi.spyOn(Math, 'random').mockImplementation(() => {
    throw new Error('Math.random must not reach a result')
  })
  return () => random.mockRestore()
})

describe.each(OP_CASES)('$name', ({ examples, hasGradient }) => {
  test('computes what tfjs does', () => {
    fc.assert(
      fc.property(examples, (example) => {
        const { value = [] } = resultsAt(valueProgram(example), example)
        expectClose({ value }, { value: oracleValue(example) }, 1e-5)
      }),
      search,
    )
  })

  test('goes through JSON', () => {
    fc.assert(
      fc.property(examples, (example) => {
        const program = secondOrderOrValue(example, hasGradient)
        const back = Program.fromJSON(JSON.parse(JSON.stringify(program)))
        expect(back.hash).toBe(program.hash)
      }),
      search,
    )
  })

  if (!hasGradient) {
    test('passes no gradient', () => {
      fc.assert(
        fc.property(examples, (example) => {
          const gradients = gradientsIn(resultsAt(gradientProgram(example), example))
          for (const values of Object.values(gradients)) {
            expect(values.every((value) => value === 0)).toBe(true)
          }
        }),
        search,
      )
    })
    return
  }

  test('has the gradient of central differences and of tfjs', () => {
    fc.assert(
      fc.property(examples, (example) => {
        const program = gradientProgram(example)
        const gradients = gradientsIn(resultsAt(program, example))
        expectClose(gradients, centralDifferences(program, example), 1e-6)
        expectClose(gradients, oracleGradients(example, lossWeights(program)), 1e-4)
      }),
      search,
    )
  })

  test('can be differentiated twice', () => {
    fc.assert(
      fc.property(examples, (example) => {
        const program = secondOrderProgram(example)
        const along = Object.entries(resultsAt(program, example)).filter(([name]) => name.startsWith('along'))
        expectClose(Object.fromEntries(along), gradientDifferences(program, example), 1e-5)
      }),
      search,
    )
  })
})

describe('the table of cases', () => {
  test('has every op', () => {
    expect([...opsOf(OP_CASES)].sort()).toEqual(Object.keys(OPS).sort())
  })

  test('has every op with a gradient in a case that checks gradients', () => {
    const checked = opsOf(OP_CASES.filter(({ hasGradient }) => hasGradient))
    const withRule = Object.entries(gradientRules).filter(([, rule]) => rule !== null)
    expect(withRule.map(([op]) => op).filter((op) => !checked.has(op))).toEqual([])
  })
})

/** The largest Program that the example makes. */
function secondOrderOrValue(example: Example, hasGradient: boolean): Program {
  return hasGradient ? secondOrderProgram(example) : valueProgram(example)
}

function gradientsIn(results: Named): Named {
  return Object.fromEntries(Object.entries(results).filter(([name]) => name.startsWith('x')))
}

/** The ops that the cases' Programs are made of. */
function opsOf(cases: readonly OpCase[]): Set<string> {
  const samples = cases.flatMap(({ examples }) => fc.sample(examples, search))
  return new Set<OpName>(samples.flatMap((example) => valueProgram(example).nodes.map(({ op }) => op)))
}

function oracleValue({ oracle, operands, expected }: Example): readonly number[] {
  if (!oracle) return expected ?? []
  return tf.tidy(() => [...oracle(...operands.map(oracleTensor)).dataSync()])
}

function oracleGradients({ oracle, operands }: Example, weights: readonly number[]): Named {
  if (!oracle) return {}
  return tf.tidy(() => {
    const tensors = operands.map(oracleTensor)
    const positions = operands.flatMap(({ dtype }, i) => (dtype === 'f32' ? [i] : []))
    const value = (...variables: tf.Tensor[]) =>
      oracle(...tensors.map((tensor, i) => variables[positions.indexOf(i)] ?? tensor))
    const variables = positions.flatMap((i) => tensors[i] ?? [])
    const { shape } = oracle(...tensors)
    const gradients = tf.grads(value)(variables, tf.tensor([...weights], shape, 'float32'))
    return Object.fromEntries(gradients.map((gradient, i) => [`x${positions[i]}`, [...gradient.dataSync()]]))
  })
}

function oracleTensor({ values, shape, dtype }: Example['operands'][number]): tf.Tensor {
  return tf.tensor([...values], [...shape], dtype === 'f32' ? 'float32' : 'int32')
}

/** Equal within `tolerance`, relative to the larger of 1 and the expected value. */
function expectClose(actual: Named, expected: Named, tolerance: number): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected))
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name]).toHaveLength(values.length)
    values.forEach((value, i) => {
      const found = actual[name]?.[i] ?? NaN
      const close = Math.abs(found - value) <= tolerance * Math.max(1, Math.abs(value))
      if (!close) expect.fail(`${name}[${i}] is ${found}, but should be ${value}`)
    })
  }
}
