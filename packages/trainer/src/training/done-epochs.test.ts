import { expect, it } from 'vitest'
import { DoneEpochs } from './done-epochs.js'

const monitor = { name: 'validation.accuracy', mode: 'max' } as const

function done(plan: ConstructorParameters<typeof DoneEpochs>[0], validations: readonly (number | null)[]): DoneEpochs {
  const epochs = new DoneEpochs(plan)
  validations.forEach((validation, i) => {
    epochs.add({
      epoch: i + 1,
      seconds: 0,
      loss: 1,
      validation: { loss: 1, accuracy: validation ?? NaN },
    })
  })
  return epochs
}

it.each([
  [[], 0],
  [[null, null], 0],
  [[0.1, 0.3, 0.3, 0.2], 2],
  [[null, -1, null], 2],
])('the best epoch of %j is %s', (validations, best) => {
  expect(done({ epochs: 10, monitor }, validations).best).toBe(best)
})

it.each([
  ['min', 3],
  ['max', 2],
] as const)('the best epoch is that of the %s', (mode, best) => {
  const plan = { epochs: 10, monitor: { name: 'validation.accuracy', mode } }
  expect(done(plan, [0.2, 0.3, 0.1, 0.1]).best).toBe(best)
})

it('no epoch is the best where nothing is monitored', () => {
  expect(done({ epochs: 10 }, [0.1, 0.2]).best).toBe(0)
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
])('%j with patience %d and minDelta %d are enough: %s', (validations, patience, minDelta, are) => {
  const plan = { epochs: 10, earlyStopping: { monitor, patience, minDelta } }
  expect(done(plan, validations).areEnough).toBe(are)
})
