import { UserError } from '@gradpool/core'
import { expect, test } from 'vitest'
import { checkResult } from './check-result.js'
import { experimentOf, resultOf, rowOf } from './testing/fake-run.js'

const stage = { name: 'classify', hash: 'abc', shared: false, reused: false, epochs: [rowOf(1)] }
const good = () => resultOf([experimentOf('a', { stages: [stage] })])

test('a result passes, with null where a number was not finite', () => {
  expect(() => checkResult(good(), 'result.json')).not.toThrow()
  const epochs = [{ ...rowOf(1), cost: null }]
  const stages = [{ ...stage, epochs }]
  const experiments = [{ ...experimentOf('a'), stages }]
  expect(() => checkResult({ ...good(), experiments }, 'result.json')).not.toThrow()
})

test.each<[unknown, string]>([
  [null, "it has no proper field 'run'"],
  [[], "it has no proper field 'run'"],
  [{ ...good(), experiments: {} }, "it has no proper field 'experiments'"],
  [{ ...good(), experiments: [1] }, "experiments[0] has no proper field 'name'"],
  [
    { ...good(), experiments: [{ ...experimentOf('a'), accuracy: 'high' }] },
    "experiments[0] has no proper field 'accuracy'",
  ],
  [
    resultOf([experimentOf('a', { stages: [stage, { ...stage, hash: undefined as never }] })]),
    "stages[1] has no proper field 'hash'",
  ],
])('%#: damage is named', (value, sentence) => {
  expect(() => checkResult(value, 'some/result.json')).toThrow(UserError)
  expect(() => checkResult(value, 'some/result.json')).toThrow(`'some/result.json' is damaged: ${sentence}`)
})
