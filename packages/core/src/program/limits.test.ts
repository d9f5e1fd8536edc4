import { expect, test } from 'vitest'
import { constant, defineModel, mean, parameter, UserError, zeros, type Model } from '../index.js'
import { evaluation, traceProgram } from '../engine/index.js'

const long = 'x'.repeat(201)
const modelOf = (params: string, metric: string): Model =>
  defineModel({
    params: { [params]: parameter([2], zeros) },
    step: (bound) => ({ loss: mean(bound[params] ?? constant(0)), [metric]: constant(1) }),
  })
const tracing = (model: Model) => () => evaluation(model, { batchSize: 1, data: { fields: {}, numExamples: 1 } })

test.each<[string, () => unknown, string]>([
  ['a parameter', tracing(modelOf(long, 'm')), `a parameter "${'x'.repeat(40)}…" has a name of 201 characters`],
  ['a metric', tracing(modelOf('w', long)), `a metric "${'x'.repeat(40)}…" has a name of 201 characters`],
  ['a parameter of a taken name', tracing(modelOf('constructor', 'm')), 'has a name that every JavaScript object has'],
  [
    'a state',
    () => traceProgram((trace) => trace.state('x'.repeat(1001), [], zeros)),
    'has a name of 1001 characters, more than the 1000 allowed',
  ],
])('%s is refused by its name, of which the sentence has the beginning', (_, attempt, message) => {
  expect(attempt).toThrow(UserError)
  expect(attempt).toThrow(message)
})
