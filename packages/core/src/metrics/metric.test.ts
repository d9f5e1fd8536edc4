import { expect, test } from 'vitest'
import { UserError } from '../errors.js'
import { checkMetricName } from './metric.js'

const ofHistory = 'rows of the history have a field of that name'
const noDots = 'names have no dots, slashes or spaces'

test.each([
  ...['epoch', 'seconds', 'validation', 'test'].map((name) => [name, `"${name}": ${ofHistory}`]),
  ...['', 'a.b', '.a', 'a.', 'a/b', 'a b', 'a\n'].map((name) => [name, `"${name}": ${noDots}`]),
  ['constructor', 'a metric "constructor" has a name that every JavaScript object has already'],
  ['m'.repeat(201), `a metric "${'m'.repeat(40)}…" has a name of 201 characters, more than the 200 allowed`],
])('a metric is not named %j', (name, message) => {
  const check = () => {
    checkMetricName(name)
  }
  expect(check).toThrow(UserError)
  expect(check).toThrow(message)
})

test.each(['accuracy', 'Épreuve-1', 'm'.repeat(200)])('a metric may be named %j', (name) => {
  expect(() => {
    checkMetricName(name)
  }).not.toThrow()
})
