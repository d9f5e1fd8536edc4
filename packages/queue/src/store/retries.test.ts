import { expect, test } from 'vitest'
import { TemporaryFailure, withRetries } from './retries.js'

const RULE = { tries: 3, firstMs: 1, mostMs: 2 }

function failing(times: number, error: Error): { action: () => Promise<string>; tried: () => number } {
  let tried = 0
  const action = () => (++tried > times ? Promise.resolve('done') : Promise.reject(error))
  return { action, tried: () => tried }
}

test('what fails for now is tried again, so often', async () => {
  const twice = failing(2, new TemporaryFailure('no answer'))
  expect(await withRetries(RULE, twice.action)).toBe('done')
  const always = failing(9, new TemporaryFailure('no answer'))
  await expect(withRetries(RULE, always.action)).rejects.toThrow('no answer')
  expect([twice.tried(), always.tried()]).toEqual([3, 3])
})

test('another failure is no reason to try again', async () => {
  const { action, tried } = failing(1, new Error('a defect'))
  await expect(withRetries(RULE, action)).rejects.toThrow('a defect')
  expect(tried()).toBe(1)
})

test('waits are longer each time, and bounded', async () => {
  const started = performance.now()
  const { action } = failing(4, new TemporaryFailure('no answer'))
  await withRetries({ tries: 5, firstMs: 20, mostMs: 40 }, action)
  // Half of 20, 40, 40 and 40 at least.
  expect(performance.now() - started).toBeGreaterThan(69)
})
