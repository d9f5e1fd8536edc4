/** Against PyTorch and SciPy: tools/oracles/augmentation.json has the images and their figures, in float64. */
import { readFileSync } from 'node:fs'
import { constant } from '@gradpool/core'
import { describe, expect, test } from 'vitest'
import { compute } from '../testing/compute.js'
import { affineImage, smoothed } from './images.js'
import { betaQuantiles } from './mix.js'
import { bilinear } from './sampling.js'

interface Oracle {
  readonly shape: readonly [batch: number, height: number, width: number, channels: number]
  readonly image: readonly number[]
  readonly maps: readonly Readonly<Record<'angle' | 'zoom' | 'lean' | 'x' | 'y', number>>[]
  readonly mapped: readonly number[]
  readonly field: readonly number[]
  readonly smoothed: readonly { readonly sigma: number; readonly field: readonly number[] }[]
  readonly displaced: readonly number[]
  readonly beta: readonly { readonly alpha: number; readonly quantiles: readonly number[] }[]
}

const file = new URL('../../../../tools/oracles/augmentation.json', import.meta.url)
const oracle = JSON.parse(readFileSync(file, 'utf8')) as Oracle
const { shape, image, maps, field } = oracle
const [batch, height, width, channels] = shape

function expectWithin(found: readonly number[], wanted: readonly number[], most: number) {
  expect(found).toHaveLength(wanted.length)
  expect(Math.max(...wanted.map((value, i) => Math.abs(value - (found[i] ?? NaN))))).toBeLessThan(most)
}

describe('as PyTorch and SciPy have them', () => {
  test('affine maps, of affine_grid and grid_sample', () => {
    const ofMaps = (name: keyof (typeof maps)[number]) =>
      constant(
        maps.map((map) => map[name]),
        [batch, 1, 1],
      )
    const found = compute([{ shape, values: image }], (x) =>
      affineImage(x, {
        angle: ofMaps('angle'),
        zoom: ofMaps('zoom'),
        lean: ofMaps('lean'),
        x: ofMaps('x'),
        y: ofMaps('y'),
      }),
    )
    expectWithin(found, oracle.mapped, 1e-3)
  })

  test.each(oracle.smoothed)('a Gaussian filter of $sigma pixels', ({ sigma, field: wanted }) => {
    const found = compute([{ shape: [2, height, width], values: field }], (x) => smoothed(x, sigma))
    expectWithin(found, wanted, 1e-6)
  })

  test('an image under displacements', () => {
    const pixels = height * width
    const places = (values: readonly number[], first: (i: number) => number) => ({
      shape: [1, height, width],
      values: values.map((value, i) => 3 * value + first(i)),
    })
    const found = compute(
      [
        { shape: [1, height, width, channels], values: image.slice(0, pixels * channels) },
        places(field.slice(0, pixels), (i) => i % width),
        places(field.slice(pixels), (i) => Math.floor(i / width)),
      ],
      bilinear,
    )
    expectWithin(found, oracle.displaced, 1e-3)
  })

  test.each(oracle.beta)('quantiles of Beta($alpha, $alpha)', ({ alpha, quantiles }) => {
    expectWithin(betaQuantiles(alpha, quantiles.length), quantiles, 1e-5)
  })
})
