/**
 * Random Programs, which an engine may fuse, reorder and overwrite as it likes, against the
 * reference evaluator.
 */
import type { Engine } from '@gradpool/core/engine'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { expectSameStep, splitOf } from './compare.js'
import { choices, f32, randomGraph, randomTraining } from './programs.js'

const TIMEOUT_MS = 120_000

export function describePrograms(engineOf: () => Engine, numRuns: number): void {
  describe('random Programs', { timeout: TIMEOUT_MS }, () => {
    test('forward', async () => {
      const xy = splitOf({ x: f32([5], 5, 1), y: f32([5], 5, 2) }, 5)
      await fc.assert(
        fc.asyncProperty(choices, async (graph) => {
          await expectSameStep(engineOf(), xy, (trace) => {
            const roots = [trace.batch('x', 'f32', [5, 5]), trace.batch('y', 'f32', [5, 5])]
            const tensors = randomGraph(roots, graph).slice(-3)
            for (const [index, tensor] of tensors.entries()) trace.result(`r${index}`, tensor)
          })
        }),
        { numRuns, seed: 1 },
      )
    })

    test('with gradients and states updated in place', async () => {
      const x = splitOf({ x: f32([5], 5, 1) }, 5)
      await fc.assert(
        fc.asyncProperty(choices, async (graph) => {
          await expectSameStep(engineOf(), x, randomTraining(5, graph))
        }),
        { numRuns, seed: 2 },
      )
    })
  })
}
