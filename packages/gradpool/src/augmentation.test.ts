/** Augmentation as users have it: the same bits on every engine and any number of workers, and by way of JSON. */
import { describe, expect, it } from 'vitest'
import {
  accuracy,
  adam,
  type Augmentation,
  autoencode,
  classify,
  crossEntropy,
  cutmix,
  defineExperiment,
  defineModel,
  dense,
  fit,
  flatten,
  type Mixing,
  type Model,
  mixup,
  randomData,
  regress,
  sequential,
  type Tensor,
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
  'changes and mixings': classify({
    hidden: [16],
    augment: [{ kind: 'flip' }, { kind: 'mixup' }, { kind: 'cutmix', alpha: 0.5 }],
    classWeights: [1, 2, 3],
  }),
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

describe.each([
  [
    'mixup',
    { kind: 'mixup', alpha: 0.4 },
    (image: Tensor, label: Tensor) => mixup(image, label, { alpha: 0.4, classes: 3 }),
  ],
  ['cutmix', { kind: 'cutmix' }, (image: Tensor, label: Tensor) => cutmix(image, label, { classes: 3 })],
] as const)('%s as an option', (_, kind, mix) => {
  it('is that of the function, with the labels mixed alike', async () => {
    const wide = randomData({ image: { dtype: 'f32', shape: [6, 7, 3] }, label }, { rows: 50 })
    const byHand = defineModel({
      params: { encoder: sequential([]), head: sequential([dense(126, 3, { weight: 'heNormal' })]) },
      step({ head }, { image, label }) {
        const { input, target } = mix(image, label)
        const logits = head(flatten(input))
        return { loss: crossEntropy(logits, target), accuracy: accuracy(logits, target) }
      },
    })
    const options = { data: wide, batchSize: 20, epochs: 3, engine: 'wasm', workers: 1 } as const
    const expected = await fit(byHand, options)
    const found = await fit(classify({ hidden: [], augment: [kind] }), options)
    expect(found.weightsHash).toBe(expected.weightsHash)
    expect(found.history.map(({ loss }) => loss)).toEqual(expected.history.map(({ loss }) => loss))
    expect(await found.evaluate(wide)).toEqual(await expected.evaluate(wide))
    expect(found.weightsHash).not.toBe((await fit(classify({ hidden: [] }), options)).weightsHash)
  })
})

it('mixes the targets of a regression with their inputs, so that a line stays one', async () => {
  const x = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) * 5)
  const y = Float32Array.from({ length: 30 }, (_, row) => 2 * (x[2 * row] ?? 0) - 3 * (x[2 * row + 1] ?? 0) + 1)
  const data = { x: { values: x, shape: [2] }, y }
  const options = { data, batchSize: 30, epochs: 400, optimizer: adam(0.03), engine: 'wasm', workers: 1 } as const
  const fitted = await fit(regress({ hidden: [], augment: [{ kind: 'mixup', alpha: 1 }] }), options)
  // With targets of the examples themselves, the line would be too flat.
  expect(fitted.history.at(-1)?.rmse).toBeLessThan(0.05)
  expect((await fitted.evaluate(data)).rmse).toBeLessThan(0.05)
})

it('mixes whole numbers, too, as the targets of a regression', async () => {
  const data = { x: Array.from({ length: 20 }, (_, i) => [i, 1]), y: Int32Array.from({ length: 20 }, (_, i) => 3 * i) }
  const fitted = await fit(regress({ hidden: [], augment: [{ kind: 'mixup' }] }), { data, epochs: 1, workers: 1 })
  expect(fitted.history[0]?.loss).toBeGreaterThan(0)
})

it('refuses mixings where there is no target, and wrong options of them', async () => {
  const mixing = [{ kind: 'mixup' }] as unknown as readonly Augmentation[]
  expect(() => autoencode({ encoder: [3], decoder: [189], augment: mixing })).toThrow("augment[0].kind must be 'flip'")
  const wrong = () => classify({ hidden: [], augment: [{ kind: 'mixup', alpha: 0 }] })
  expect(wrong).toThrow('augment[0].alpha must be above 0 and at most 100, not 0')
  const table = randomData({ x: { dtype: 'f32', shape: [3] }, y: { dtype: 'f32', shape: [] } }, { rows: 40 })
  const cut = fit(regress({ hidden: [], augment: [{ kind: 'cutmix' }] }), { data: table, workers: 1 })
  await expect(cut).rejects.toThrow('cutmix needs images [batch, height, width]')
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
  const of = (augment: readonly (Augmentation | Mixing)[]) => ({
    name: 'augmented',
    data: images,
    stages: [classify({ hidden: [10], augment })],
  })
  const mixed = [...every, { kind: 'mixup' }, { kind: 'cutmix', alpha: 2 }] as const
  const config = defineExperiment(of(mixed))
  expect(config.stages).toMatchObject([{ kind: 'classify', augment: mixed }])
  expect(defineExperiment(JSON.parse(JSON.stringify(of(mixed))) as ReturnType<typeof of>)).toEqual(config)
  const wrong = JSON.parse(JSON.stringify(of([{ kind: 'crop', padding: 1 }]))) as ReturnType<typeof of>
  Object.assign(wrong.stages[0]?.augment?.[0] ?? {}, { padding: -1 })
  expect(() => defineExperiment(wrong)).toThrow(
    'stages[0].augment[0].padding must be a whole number of at least 1 and at most 64, not -1',
  )
})
