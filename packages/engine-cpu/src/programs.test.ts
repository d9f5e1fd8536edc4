/**
 * Programs agree with the reference evaluator, whatever the planner fuses, reorders or writes in place.
 */
import { type Engine } from '@gradpool/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { wasmEngine } from './index.js'
import { expectSameStep, splitOf } from './testing/engine-contract.js'
import {
  choices,
  data,
  f32,
  fieldsOf,
  OP_CASES,
  randomGraph,
  randomTraining,
} from './testing/programs.js'

let engine: Engine
beforeAll(async () => {
  engine = await wasmEngine({ memoryBytes: 2 ** 28 })
})
afterAll(() => engine.dispose())

describe('each op', () => {
  test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
    await expectSameStep(engine, data, (trace) => trace.result('value', build(fieldsOf(trace))))
  })
})

describe('random Programs', () => {
  test('forward', async () => {
    const xy = splitOf({ x: f32([5], 5, 1), y: f32([5], 5, 2) }, 5)
    await fc.assert(
      fc.asyncProperty(choices, async (graph) => {
        await expectSameStep(engine, xy, (trace) => {
          const roots = [trace.batch('x', 'f32', [5, 5]), trace.batch('y', 'f32', [5, 5])]
          const tensors = randomGraph(roots, graph).slice(-3)
          for (const [index, tensor] of tensors.entries()) trace.result(`r${index}`, tensor)
        })
      }),
      { numRuns: 150, seed: 1 },
    )
  })

  test('with gradients and states updated in place', async () => {
    const x = splitOf({ x: f32([5], 5, 1) }, 5)
    await fc.assert(
      fc.asyncProperty(choices, async (graph) => {
        await expectSameStep(engine, x, randomTraining(5, graph))
      }),
      { numRuns: 150, seed: 2 },
    )
  })
})
