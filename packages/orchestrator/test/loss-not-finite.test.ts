import { expect, it } from 'vitest'
import { experimentOf, stageOf } from '../src/testing/plans.js'
import { runPlans } from '../src/testing/run-plans.js'

it('fails the stage with the step and the last finite loss', async () => {
  const plans = [experimentOf('one', stageOf('auto', { seed: 1, epochs: 3 })), experimentOf('two', stageOf('classify'))]
  const { result } = await runPlans(plans, { mishaps: { 1: { kind: 'nan', step: 7 } } })
  expect(result.experiments).toMatchObject([
    {
      status: 'failed',
      error:
        "auto: the loss is not a finite number at step 8 (epoch 2); the last finite loss was 0.142857; all states were finite before it, the largest value was 64.3 in 'w'; a smaller learning rate may help",
      stages: [{ epochs: [{ epoch: 1 }] }],
    },
    { status: 'done' },
  ])
})

it('says so when it never was finite', async () => {
  const plans = [experimentOf('one', stageOf('auto', { seed: 1 }))]
  const { result } = await runPlans(plans, { mishaps: { 1: { kind: 'nan', step: 0 } } })
  expect(result.experiments[0]?.error).toContain('at step 1 (epoch 1); it was not finite before either')
})
