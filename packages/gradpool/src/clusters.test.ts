/** Clusters and forecasts, as users have them. */
import { expect, expectTypeOf, it } from 'vitest'
import { adam, arrays, autoencode, cluster, fit, forecast, loadModel, mnist, regress, windows } from './index.js'

const corner = (i: number) => (2 * Math.PI * (i % 3)) / 3
const values = Float32Array.from({ length: 600 }, (_, i) => {
  const row = Math.floor(i / 2)
  return 10 * (i % 2 === 0 ? Math.cos(corner(row)) : Math.sin(corner(row))) + Math.sin(i * i)
})
const label = Uint8Array.from({ length: 300 }, (_, row) => (row + 1) % 3)
const data = arrays({ x: { values, shape: [2] }, label: { values: label, shape: [] } })

/** Only compiled. */
export async function typed(): Promise<void> {
  const found = await fit(cluster({ clusters: 10 }), { data: mnist() })
  expectTypeOf((await found.evaluate()).nmi).toEqualTypeOf<number | undefined>()
  const intervals = await fit(regress({ hidden: [2], quantiles: [0.1, 0.9] }), { data: windows({}, { ...steps }) })
  expectTypeOf((await intervals.evaluate()).coverage).toEqualTypeOf<number>()
  const { estimate, quantiles } = await intervals.predict({ x: [1] })
  expectTypeOf(quantiles).toEqualTypeOf(estimate)
  const plain = await fit(regress({ hidden: [2] }), { data: windows({}, { ...steps }) })
  // @ts-expect-error There are quantiles only where they are asked for.
  expectTypeOf((await plain.predict({ x: [1] })).quantiles)
}
const steps = { target: 'a', length: 4, horizon: 2 }

it('finds the same clusters with any number of workers', { timeout: 30_000 }, async () => {
  const model = cluster({ clusters: 3, field: 'x', restarts: 4 })
  const one = await fit(model, { data, batchSize: 64, epochs: 8, engine: 'wasm', workers: 1 })
  const two = await fit(model, { data, batchSize: 64, epochs: 8, engine: 'wasm', workers: 2 })
  expect(two.weightsHash).toBe(one.weightsHash)
  expect(await one.evaluate(data)).toMatchObject({ accuracy: 1, nmi: 1, ari: 1 })
  const { estimate } = await one.predict({ x: values })
  const loaded = await loadModel(one.toBytes())
  expect((await loaded.predict({ x: values })).estimate).toEqual(estimate)
  expect(estimate.every((number, row) => number === estimate[row % 3])).toBe(true)
})

it('goes on from an encoder to k-means, and from there to deep clustering', { timeout: 30_000 }, async () => {
  const image = Uint8Array.from(
    { length: 300 * 8 },
    (_, i) => (i % 8 < 4 ? 250 : 0) * (Math.floor(i / 8) % 2) + (i % 5),
  )
  const images = arrays({ image: { values: image, shape: [8] } })
  const options = { data: images, batchSize: 50, epochs: 6, engine: 'wasm', workers: 1 } as const
  const autoencoder = { encoder: [4, 2], decoder: [4, 8], codeActivation: 'linear' } as const
  const codes = await fit(autoencode(autoencoder), options)
  const found = await fit(cluster({ clusters: 2, autoencoder, encoder: 'frozen' }), { ...options, initFrom: codes })
  expect(found.weights['encoder.0.weight']).toEqual(codes.weights['encoder.0.weight'])
  const deep = await fit(cluster({ clusters: 2, autoencoder }), { ...options, initFrom: found })
  expect(deep.weights['clusters.centers']).not.toEqual(found.weights['clusters.centers'])
  const { estimate } = await deep.predict({ image })
  expect(estimate.every((number, row) => number === estimate[row % 2])).toBe(true)
})

it('forecasts with a fitted model as with the one that was saved', { timeout: 30_000 }, async () => {
  const series = Float32Array.from({ length: 200 }, (_, day) => day + 10 * Math.sin((day / 7) * 2 * Math.PI))
  const split = { target: 'series', length: 14, horizon: 7, test: 0.2 }
  const training = { optimizer: adam(0.01), epochs: 30, engine: 'wasm', workers: 1 } as const
  const options = { data: windows({ series }, split), ...training }
  const fitted = await fit(forecast({ hidden: [8], horizon: 7 }), options)
  expect((await fitted.evaluate()).mae).toBeLessThan(3)
  const next = await fitted.forecast(series, 10)
  expect(next).toHaveLength(10)
  expect([...next.subarray(0, 7)]).toEqual([...(await fitted.predict({ x: series.slice(-14) })).estimate])
  expect(await (await loadModel(fitted.toBytes())).forecast(series, 10)).toEqual(next)
})
