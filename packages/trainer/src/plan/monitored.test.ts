import { UserError } from '@gradpool/core'
import { type MetricSpec } from '@gradpool/core/engine'
import { expect, it } from 'vitest'
import { monitored } from './monitored.js'

const metrics = (
  [
    ['loss', 'min'],
    ['accuracy', 'max'],
    ['spread', undefined],
  ] as const
).map(([name, direction]): MetricSpec => {
  return { name, kind: 'mean', results: { value: name }, ...(direction && { direction }) }
})
const judged = { metrics, hasValidation: true }
const alone = { metrics, hasValidation: false }

it('goes by the loss over the validation examples, and by nothing where there are none', () => {
  const monitor = { name: 'validation.loss', mode: 'min' }
  expect(monitored({}, judged)).toEqual({ keep: 'last', monitor })
  expect(monitored({}, alone)).toEqual({ keep: 'last' })
  expect(monitored({ earlyStopping: { patience: 3 } }, judged)).toEqual({
    keep: 'last',
    monitor,
    earlyStopping: { monitor, patience: 3, minDelta: 0 },
  })
})

it('goes by any metric that is named', () => {
  expect(monitored({ monitor: 'loss' }, alone).monitor).toEqual({ name: 'loss', mode: 'min' })
  const upwards = { monitor: 'validation.spread', mode: 'max' } as const
  expect(monitored(upwards, judged).monitor).toEqual({ name: 'validation.spread', mode: 'max' })
})

it('refuses a metric that no row has, and one of which nothing says what is better', () => {
  expect(() => monitored({ monitor: 'validation.loss' }, alone)).toThrow(
    new UserError("monitor goes by 'validation.loss', but there are no validation examples"),
  )
  expect(() => monitored({ monitor: 'f1' }, judged)).toThrow(
    "monitor goes by 'f1', but the model has no metric 'f1'; it has loss, accuracy, spread",
  )
  expect(() => monitored({ monitor: 'spread' }, judged)).toThrow(
    "monitor goes by 'spread', which does not say whether less or more of it is better; give mode: 'min' or 'max'",
  )
})
