/** Random calculations over all ops, values and gradients, against JAX. */
import type { Engine } from '@gradpool/core/engine'
import { test } from 'vitest'
import { expectOracle, oracleCases, type OracleCase } from '../oracle.js'

/** Of engines, which compute in f32: as much as roundings may move a result of a well-conditioned calculation. */
const ENGINE_TOLERANCE = 1e-5
/**
 * The reference evaluator computes in float64, as JAX did; its results are told in f32, the figures in eight digits.
 */
const REFERENCE_TOLERANCE = 2e-7
/** Where erf is: the 2 / √π of its gradient is a constant of the Program, and so f32. */
const REFERENCE_TOLERANCE_OF_ERF = 1e-6

const TIMEOUT_MS = 120_000

/** Relative to the largest magnitude of a result. It is one for all other ops: no calculation is ill-conditioned. */
export function toleranceOf({ numerics }: Engine, { calculation: { recipe } }: OracleCase): number {
  if (numerics !== 'reference') return ENGINE_TOLERANCE
  return recipe.steps.some(({ op }) => op === 'erf') ? REFERENCE_TOLERANCE_OF_ERF : REFERENCE_TOLERANCE
}

/** @param numPrograms the first of them; default: all */
export function describeOracle(engineOf: () => Engine, numPrograms?: number): void {
  test('random calculations have JAX’s values and gradients', { timeout: TIMEOUT_MS }, async () => {
    const engine = engineOf()
    for (const each of oracleCases().slice(0, numPrograms)) await expectOracle(engine, each, toleranceOf(engine, each))
  })
}
