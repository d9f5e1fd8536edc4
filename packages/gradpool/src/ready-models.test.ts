/** Ready models as users write them: for `fit`, and as the stages of an experiment. */
import { expect, expectTypeOf, it } from 'vitest'
import { autoencode, classify, defineExperiment, fit, mnist } from './index.js'

const narrow = autoencode({ encoder: [64, 4], decoder: [64, 784] })

/** Only compiled. */
export async function typed(): Promise<void> {
  const codes = await fit(narrow, { data: mnist() })
  const fitted = await fit(classify({ hidden: [10] }), { data: mnist() })
  expectTypeOf(await fitted.evaluate()).toExtend<{ loss: number; accuracy: number }>()
  const image = new Uint8Array(784)
  const { code, reconstruction } = await codes.predict({ image })
  expectTypeOf(code).toEqualTypeOf(reconstruction)
  const { estimate, logits } = await fitted.predict({ image })
  expectTypeOf(estimate).toEqualTypeOf(logits)
  // @ts-expect-error A classifier predicts no code.
  expectTypeOf((await fitted.predict({ image })).code)
  // @ts-expect-error There is no such metric.
  expectTypeOf(fitted.history[0]?.acuracy)
  // @ts-expect-error Widths are `hidden`.
  classify({ head: [10] })
}

it('are stages, by way of JSON too, and trained in their own way', () => {
  const onCode = classify({ hidden: [10], encoder: 'frozen' })
  const experiment = {
    name: 'narrow_code',
    data: mnist(),
    stages: [narrow, { ...onCode, train: { epochs: 3 } }],
  }
  const config = defineExperiment(experiment)
  expect(config.stages).toMatchObject([
    { kind: 'autoencode', encoder: [64, 4], decoder: [64, 784] },
    { kind: 'classify', hidden: [10], encoder: 'frozen', train: { epochs: 3 } },
  ])
  const text = JSON.stringify(experiment)
  expect(defineExperiment(JSON.parse(text) as typeof experiment)).toEqual(config)
})
