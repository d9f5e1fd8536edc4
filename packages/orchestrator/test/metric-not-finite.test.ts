import { expect, it } from 'vitest'
import { readRun } from '../src/runs/read-run.js'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'

it('is told of by one warning for each metric of a stage', async () => {
  const plans = [experimentOf('one', stageOf('classify', { epochs: 3 }))]
  // Training is at step 5, 10, 15; validation at 1, 2, 3; the test at 1.
  const accuracy = (step: number) => (step === 2 ? Infinity : step >= 10 ? NaN : 0.25)
  const { result, events } = await runPlans(plans, { accuracy })
  const [experiment] = result.experiments
  expect(experiment).toMatchObject({ status: 'done', accuracy: 0.25 })
  expect(experiment?.stages[0]?.epochs).toMatchObject([
    { accuracy: 0.25, validation: { accuracy: 0.25 } },
    { accuracy: NaN, validation: { accuracy: Infinity } },
    { accuracy: NaN, validation: { accuracy: 0.25 } },
  ])
  const notFinite = 'is not a finite number in epoch 2'
  expect(events.filter(({ type }) => type === 'warning')).toEqual([
    { type: 'warning', message: `classify: the training accuracy ${notFinite}` },
    { type: 'warning', message: `classify: the validation accuracy ${notFinite}` },
  ])
  const read = (await readRun(result.run)).result
  expect(JSON.stringify(read)).toBe(JSON.stringify(result))
  expect(read?.experiments[0]?.stages[0]?.epochs[1]?.accuracy).toBeNaN()
})

it('is told of for the test too', async () => {
  const plans = [experimentOf('one', stageOf('classify', { epochs: 2 }))]
  const { result, events } = await runPlans(plans, {
    accuracy: (step) => (step === 1 ? NaN : 0.25),
  })
  expect(result.experiments).toMatchObject([{ status: 'done', accuracy: null }])
  expect(events).toContainEqual({
    type: 'warning',
    message: 'classify: the test accuracy is not a finite number in epoch 2',
  })
})
