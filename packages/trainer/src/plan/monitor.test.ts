import { Program, UserError, type BatchProgram, type MetricSpec } from '@gradpool/core'
import { expect, it } from 'vitest'
import { monitorFor } from './monitor.js'

function programOf(
  ...metrics: (readonly [name: string, direction?: 'min' | 'max'])[]
): BatchProgram {
  const specs = metrics.map(([name, direction]): MetricSpec => {
    return { name, kind: 'mean', results: { value: name }, ...(direction && { direction }) }
  })
  const program = new Program({ nodes: [], inputs: [], updates: [], results: [] })
  return { ...{ batchSize: 1, numExamples: 1, shuffle: false, program }, metrics: specs }
}

const plain = programOf()
const judged = programOf(['accuracy', 'max'], ['spread'])

it('goes by the accuracy over the validation examples, or by the loss where there is none', () => {
  expect(monitorFor({}, judged, judged)).toEqual({ name: 'validation.accuracy', mode: 'max' })
  expect(monitorFor({}, plain, plain)).toEqual({ name: 'validation.loss', mode: 'min' })
  expect(monitorFor({}, judged, undefined)).toBeUndefined()
})

it('goes by any metric that is named', () => {
  expect(monitorFor({ name: 'loss' }, judged, undefined)).toEqual({ name: 'loss', mode: 'min' })
  const upwards = { name: 'validation.spread', mode: 'max' } as const
  expect(monitorFor(upwards, judged, judged)).toEqual(upwards)
})

it('refuses a metric that no row has, and one of which nothing says what is better', () => {
  expect(() => monitorFor({ name: 'validation.loss' }, judged, undefined)).toThrow(
    new UserError(
      "no epoch has a metric 'validation.loss' to monitor; it has loss, accuracy, spread",
    ),
  )
  expect(() => monitorFor({ name: 'spread' }, judged, judged)).toThrow(
    new UserError("whether less or more of 'spread' is better: say mode 'min' or 'max'"),
  )
})
