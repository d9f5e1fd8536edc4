import { expect, it } from 'vitest'
import { bestEpoch, isOver } from './best-epoch.js'
import type { EpochRow } from '../runs/run-result.js'

function rowsOf(...validations: (number | null)[]): EpochRow[] {
  return validations.map((validation, i) => {
    return { epoch: i + 1, cost: 1, accuracy: null, validation, seconds: 0 }
  })
}

it.each([
  [[], undefined],
  [[null, null], undefined],
  [[0.1, 0.3, 0.3, 0.2], 2],
  [[null, -1, null], 2],
])('the best epoch of %j is %s', (validations, best) => {
  expect(bestEpoch(rowsOf(...validations))).toBe(best)
})

it.each([
  [[0.1, 0.2], 2, 0, false],
  [[0.2, 0.1, 0.1], 2, 0, true],
  [[0.2, 0.1, 0.3, 0.3], 2, 0, false],
  [[0.1, 0.15, 0.19], 2, 0.1, true],
  // Progress counts from the last epoch that brought enough, so small steps add up.
  [[0.1, 0.15, 0.21], 2, 0.1, false],
  [[null, null], 2, 0, true],
  [Array.from({ length: 10 }, (_, i) => i), 2, 0, true],
])('%j with patience %d and minDelta %d is over: %s', (validations, patience, minDelta, over) => {
  const plan = { epochs: 10, earlyStopping: { patience, minDelta } }
  expect(isOver(plan, rowsOf(...validations))).toBe(over)
})
