/** Augmentation as users have it: the same bits on every engine and any number of workers, and by way of JSON. */
import { describe, expect, it } from 'vitest'
import {
  accuracy,
  adam,
  type Augmentation,
  classify,
  crossEntropy,
  cutmix,
  defineExperiment,
  defineModel,
  dense,
  fit,
  flatten,
  type Model,
  mixup,
  randomData,
  regress,
} from './index.js'

const every: readonly Augmentation[] = [
  { kind: 'flip', vertical: 0.5 },
  { kind: 'crop', padding: 2 },
  { kind: 'affine', rotate: 20, zoom: 0.2, shear: 10, shift: 1 },
  { kind: 'elastic', alpha: 6, sigma: 2 },
  { kind: 'erase' },
  { kind: 'noise', deviation: 5 },
  { kind: 'brightness', amount: 0.3 },
  { kind: 'contrast', amount: 0.3 },
  { kind: 'swap', share: 0.1 },
]
const label = { dtype: 'u8', shape: [], below: 3 } as const
const images = randomData({ image: { dtype: 'u8', shape: [9, 7, 3] }, label }, { rows: 50 })

function mixing(mix: typeof mixup | typeof cutmix): Model {
  return defineModel({
    params: { hidden: dense(189, 16, { activation: 'relu' }), output: dense(16, 3) },
    step({ hidden, output }, { image, label }) {
      const { input, target } = mix(image, label, { classes: 3 })
      const logits = output(hidden(flatten(input)))
      return { loss: crossEntropy(logits, target), accuracy: accuracy(logits, target) }
    },
  })
}

const models: Readonly<Record<string, Model>> = {
  'all changes': classify({ hidden: [16], augment: every }),
  mixup: mixing(mixup),
  cutmix: mixing(cutmix),
}

describe.each(Object.entries(models))('%s', (_, model) => {
  it('give the same bits on 1, 2 and 3 workers, in native code and in WebAssembly', { timeout: 60_000 }, async () => {
    const hashes = new Set<string>()
    const options = { data: images, optimizer: adam(0.01), batchSize: 16, epochs: 2, microBatches: 2 }
    for (const [engine, workers] of [
      ['wasm', 1],
      ['wasm', 2],
      ['wasm', 3],
      ['native', 1],
      ['native', 3],
    ] as const) {
      hashes.add((await fit(model, { ...options, engine, workers })).weightsHash)
    }
    expect(hashes.size).toBe(1)
    expect((await fit(model, { ...options, engine: 'wasm', seed: 1 })).weightsHash).not.toBe([...hashes][0])
  })
})

it('changes what is trained on, and not what is judged or predicted', async () => {
  const plain = classify({ hidden: [] })
  const noisy = classify({ hidden: [], augment: [{ kind: 'noise', deviation: 100 }] })
  const options = { data: images, batchSize: 50, epochs: 1, engine: 'wasm', workers: 1 } as const
  const [one, other] = [await fit(plain, options), await fit(noisy, options)]
  expect(other.weightsHash).not.toBe(one.weightsHash)
  const still = await fit(noisy, { ...options, initFrom: one, optimizer: adam(1e-30) })
  const image = Uint8Array.from({ length: 189 }, (_, i) => i)
  expect(await still.predict({ image })).toEqual(await one.predict({ image }))
})

it('of a table, is after the standardising', async () => {
  const table = randomData({ x: { dtype: 'f32', shape: [3] }, y: { dtype: 'f32', shape: [] } }, { rows: 40 })
  const augment = [
    { kind: 'noise', deviation: 0.1 },
    { kind: 'swap', share: 0.2 },
  ] as const
  const options = { data: table, batchSize: 10, epochs: 1, engine: 'wasm', workers: 1 } as const
  const { weightsHash } = await fit(regress({ hidden: [4], augment }), options)
  expect(weightsHash).not.toBe((await fit(regress({ hidden: [4] }), options)).weightsHash)
})

it('is a part of an experiment, by way of JSON too', () => {
  const of = (augment: readonly Augmentation[]) => ({
    name: 'augmented',
    data: images,
    stages: [classify({ hidden: [10], augment })],
  })
  const config = defineExperiment(of(every))
  expect(config.stages).toMatchObject([{ kind: 'classify', augment: every }])
  expect(defineExperiment(JSON.parse(JSON.stringify(of(every))) as ReturnType<typeof of>)).toEqual(config)
  const wrong = JSON.parse(JSON.stringify(of([{ kind: 'crop', padding: 1 }]))) as ReturnType<typeof of>
  Object.assign(wrong.stages[0]?.augment?.[0] ?? {}, { padding: -1 })
  expect(() => defineExperiment(wrong)).toThrow(
    'stages[0].augment[0].padding must be a whole number of at least 1 and at most 64, not -1',
  )
})
