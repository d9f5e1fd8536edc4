import { defineModel, mean, sgd, type Tensor } from '@gradpool/core'
import {
  Binding,
  evaluate,
  evaluation,
  fillNormal,
  fillUniform,
  purposeOf,
  train,
  traceProgram,
} from '@gradpool/core/engine'
import { describe, expect, test } from 'vitest'
import { dense } from '../index.js'
import { wave } from '../testing/describe-layer.js'
import { augment, type Augmentation, augmented } from './augment.js'
import { cutmix, type CutmixOptions, mixup, type MixupOptions, type Mixed } from './mix.js'

const [batch, height, width, channels] = [6, 5, 7, 2] as const
const rowSize = height * width * channels
const shape = [batch, height, width, channels]
const image = wave(batch * rowSize, 4).map((x) => Math.round(127 + 127 * x))
const label = [2, 0, 1, 1, 2, 0]
const classes = 3
const seed = 7

/** By the definition, with the generator's numbers. */
function numbers(purpose: string, count: number, step: number, fill = fillUniform): Float32Array {
  const values = new Float32Array(count)
  fill(values, seed, purposeOf(purpose), step)
  return values
}

function changed(augmentations: readonly Augmentation[], step: number, dtype: 'u8' | 'f32' = 'f32'): number[] {
  const program = traceProgram((trace) => {
    trace.result('out', augmented(trace.batch('image', dtype, shape), augmentations))
  })
  return [...(evaluate(program, { batch: { image }, step, seed }).results.out ?? [])]
}

type Pixel = (example: number, row: number, column: number, channel: number) => number

const original: Pixel = (example, row, column, channel) =>
  row < 0 || column < 0 || row >= height || column >= width
    ? 0
    : (image[((example * height + row) * width + column) * channels + channel] ?? NaN)

function each(of: Pixel): number[] {
  const out: number[] = []
  for (let e = 0; e < batch; e++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) for (let c = 0; c < channels; c++) out.push(of(e, row, column, c))
  return out
}

/** Its middle is [0], the largest distance from it [1]. */
const within = (numbers: Float32Array, middle: number, most: number) =>
  Array.from(numbers, (u) => middle - most + u * 2 * most)

/** Bilinear, by the distance of each of the pixels around. */
function sample(example: number, row: number, column: number, channel: number): number {
  let sum = 0
  for (const top of [Math.floor(row), Math.floor(row) + 1]) {
    for (const left of [Math.floor(column), Math.floor(column) + 1]) {
      sum += (1 - Math.abs(row - top)) * (1 - Math.abs(column - left)) * original(example, top, left, channel)
    }
  }
  return sum
}

const at = (values: ArrayLike<number>, i: number) => values[i] ?? NaN
const clip = (x: number) => Math.min(Math.max(x, 0), 255)

/** Every kind as a loop over pixels. */
const references: Readonly<Record<string, readonly [augmentation: Augmentation, (step: number) => number[]]>> = {
  flip: [
    { kind: 'flip', horizontal: 0.4, vertical: 0.6 },
    (step) => {
      const isTurned = numbers('augment/flip/horizontal', batch, step).map((u) => Number(u < 0.4))
      const isUpside = numbers('augment/flip/vertical', batch, step).map((u) => Number(u < 0.6))
      return each((e, row, column, c) =>
        original(e, isUpside[e] ? height - 1 - row : row, isTurned[e] ? width - 1 - column : column, c),
      )
    },
  ],
  crop: [
    { kind: 'crop', padding: 2 },
    (step) => {
      const [y, x] = ['y', 'x'].map((axis) =>
        numbers(`augment/crop/${axis}`, batch, step).map((u) => Math.floor(u * 5) - 2),
      )
      return each((e, row, column, c) => original(e, row + at(y ?? [], e), column + at(x ?? [], e), c))
    },
  ],
  affine: [
    { kind: 'affine', rotate: 40, zoom: 0.3, shear: 20, shift: 1.5 },
    (step) => {
      const drawn = (what: string, middle: number, most: number) =>
        within(numbers(`augment/affine/${what}`, batch, step), middle, most)
      const [angle, zoom] = [drawn('rotate', 0, (40 / 180) * Math.PI), drawn('zoom', 1, 0.3)]
      const [lean, x, y] = [drawn('shear', 0, (20 / 180) * Math.PI), drawn('x', 0, 1.5), drawn('y', 0, 1.5)]
      return each((e, row, column, c) => {
        // Solves zoom · R · [[1, -tan], [0, 1]] · p = q by Cramer's rule.
        const [qx, qy] = [column - (width - 1) / 2 - at(x, e), row - (height - 1) / 2 - at(y, e)]
        const [cos, sin, tan] = [Math.cos(at(angle, e)), Math.sin(at(angle, e)), Math.tan(at(lean, e))]
        const [a, b, d, f] = [cos, -cos * tan - sin, sin, -sin * tan + cos].map((entry) => entry * at(zoom, e))
        const determinant = (a ?? 0) * (f ?? 0) - (b ?? 0) * (d ?? 0)
        const px = ((f ?? 0) * qx - (b ?? 0) * qy) / determinant
        const py = ((a ?? 0) * qy - (d ?? 0) * qx) / determinant
        return sample(e, py + (height - 1) / 2, px + (width - 1) / 2, c)
      })
    },
  ],
  elastic: [
    { kind: 'elastic', alpha: 5, sigma: 1.5 },
    (step) => {
      const smooth = (what: string) => {
        const field = within(numbers(`augment/elastic/${what}`, batch * height * width, step), 0, 1)
        return (e: number, row: number, column: number) => {
          let [sum, total] = [0, 0]
          for (let i = -6; i <= 6; i++) {
            for (let j = -6; j <= 6; j++) {
              const weight = Math.exp(-(i * i + j * j) / (2 * 1.5 ** 2))
              total += weight
              const [y, x] = [row + i, column + j]
              if (y >= 0 && y < height && x >= 0 && x < width) sum += weight * at(field, (e * height + y) * width + x)
            }
          }
          return (5 * sum) / total
        }
      }
      const [x, y] = [smooth('x'), smooth('y')]
      return each((e, row, column, c) => sample(e, row + y(e, row, column), column + x(e, row, column), c))
    },
  ],
  erase: [
    { kind: 'erase', probability: 0.7, area: [0.1, 0.5], aspect: [0.5, 2], value: 9 },
    (step) => {
      const drawn = (what: string) => numbers(`augment/erase/${what}`, batch, step)
      const [chance, area, aspect, y, x] = ['chance', 'area', 'aspect', 'y', 'x'].map(drawn)
      return each((e, row, column, c) => {
        const pixels = (0.1 + 0.4 * at(area ?? [], e)) * height * width
        const ratio = 0.5 + 1.5 * at(aspect ?? [], e)
        const [rows, columns] = [
          Math.min(height, Math.round(Math.sqrt(pixels * ratio))),
          Math.min(width, Math.round(Math.sqrt(pixels / ratio))),
        ]
        const top = Math.floor(at(y ?? [], e) * (height - rows + 1))
        const left = Math.floor(at(x ?? [], e) * (width - columns + 1))
        const isInside = row >= top && row < top + rows && column >= left && column < left + columns
        return isInside && at(chance ?? [], e) < 0.7 ? 9 : original(e, row, column, c)
      })
    },
  ],
  brightness: [
    { kind: 'brightness', amount: 0.8 },
    (step) => {
      const factor = within(numbers('augment/brightness', batch, step), 1, 0.8)
      return each((e, ...place) => original(e, ...place) * at(factor, e))
    },
  ],
  contrast: [
    { kind: 'contrast', amount: 0.8 },
    (step) => {
      const factor = within(numbers('augment/contrast', batch, step), 1, 0.8)
      const means = Array.from({ length: batch }, (_, e) => {
        return image.slice(e * rowSize, (e + 1) * rowSize).reduce((a, b) => a + b) / rowSize
      })
      return each((e, ...place) => at(means, e) + at(factor, e) * (original(e, ...place) - at(means, e)))
    },
  ],
  noise: [
    { kind: 'noise', deviation: 60 },
    (step) => {
      const normal = numbers('augment/noise', batch * rowSize, step, fillNormal)
      return image.map((x, i) => x + 60 * at(normal, i))
    },
  ],
  swap: [
    { kind: 'swap', share: 0.4 },
    (step) => {
      const row = numbers('augment/swap/row', batch * rowSize, step)
      const chance = numbers('augment/swap/chance', batch * rowSize, step)
      return image.map((x, i) => {
        if (at(chance, i) >= 0.4) return x
        const other = (Math.floor(i / rowSize) + 1 + Math.floor(at(row, i) * (batch - 1))) % batch
        return at(image, other * rowSize + (i % rowSize))
      })
    },
  ],
}
const exact = ['flip', 'crop', 'erase', 'swap']

function expectClose(found: readonly number[], wanted: readonly number[], most: number) {
  expect(found).toHaveLength(wanted.length)
  expect(Math.max(...wanted.map((value, i) => Math.abs(value - at(found, i))))).toBeLessThanOrEqual(most)
}

describe('augment', () => {
  test.each(Object.entries(references))('%s is the loop of its definition', (kind, [augmentation, reference]) => {
    for (const step of [0, 1, 2]) {
      const wanted = reference(step)
      expect(wanted).not.toEqual(image)
      expectClose(changed([augmentation], step), wanted, exact.includes(kind) ? 0 : 2e-3)
    }
  })

  test.each(['brightness', 'contrast', 'noise'])('%s keeps bytes within 0 … 255', (kind) => {
    const [augmentation, reference] = references[kind] ?? []
    if (!augmentation || !reference) throw new Error(kind)
    const steps = [0, 1, 2]
    for (const step of steps) expectClose(changed([augmentation], step, 'u8'), reference(step).map(clip), 2e-3)
    expect(steps.flatMap(reference).some((x) => x > 255)).toBe(true)
  })

  test('changes one after the other, a second of a kind by other numbers', () => {
    const crop = { kind: 'crop', padding: 1 } as const
    const [once, twice] = [changed([crop], 0), changed([crop, crop], 0)]
    expect(twice).not.toEqual(once)
    const flip = { kind: 'flip', horizontal: 1 } as const
    expect(changed([flip, flip], 0)).toEqual(image)
    expect(changed([], 0)).toEqual(image)
  })

  test('takes images of one channel, and flat ones with their shape', () => {
    const of = (shape: readonly number[], imageShape?: readonly number[]) => {
      const program = traceProgram((trace) => {
        const x = trace.batch('image', 'u8', shape)
        trace.result(
          'out',
          augmented(
            x,
            [
              { kind: 'affine', rotate: 30 },
              { kind: 'crop', padding: 1 },
            ],
            { imageShape },
          ),
        )
      })
      expect(program.node(program.results[0]?.node ?? 0).shape).toEqual(shape)
      return evaluate(program, { batch: { image: image.slice(0, 70) }, seed }).results.out
    }
    const wanted = of([2, 5, 7])
    expect(of([2, 5, 7, 1])).toEqual(wanted)
    expect(of([2, 35], [5, 7])).toEqual(wanted)
  })

  test('swap of a batch of one row leaves it', () => {
    const program = traceProgram((trace) => {
      trace.result('out', augmented(trace.batch('x', 'f32', [1, 3]), [{ kind: 'swap', share: 1 }]))
    })
    expect([...(evaluate(program, { batch: { x: [1, 2, 3] }, seed }).results.out ?? [])]).toEqual([1, 2, 3])
  })

  test('changes nothing outside of training', () => {
    const model = defineModel({
      params: { layer: dense(4, 1) },
      step({ layer }, { image }) {
        const noisy = augment(image, [{ kind: 'noise', deviation: 1 }])
        const { input } = mixup(noisy, noisy)
        return { loss: mean(layer(cutmix(input, input, { imageShape: [2, 2] }).input)) }
      },
    })
    const data = { fields: { image: { dtype: 'f32' as const, shape: [4] } }, numExamples: 3 }
    const isRandom = ({ op }: { readonly op: string }) => op === 'random'
    expect(train(model, { data, batchSize: 3, optimizer: sgd(0.1) }).program.nodes.filter(isRandom)).toHaveLength(7)
    expect(evaluation(model, { data, batchSize: 3 }).program.nodes.filter(isRandom)).toHaveLength(0)
  })

  test('refuses options out of range, and images without a shape', () => {
    const trace =
      (shape: readonly number[], ...augmentations: readonly unknown[]) =>
      () =>
        traceProgram((trace) => {
          new Binding(trace, true)
          trace.result('out', augment(trace.batch('image', 'u8', shape), augmentations as readonly Augmentation[]))
        })
    const refused = (augmentation: unknown) => expect(trace([2, 6, 6], augmentation))
    refused({ kind: 'twirl' }).toThrow("augment[0].kind must be 'flip', 'crop', 'affine'")
    refused({ kind: 'flip', horizontal: 2 }).toThrow('augment[0].horizontal must be a number from 0 to 1, not 2')
    refused({ kind: 'flip', turns: 2 }).toThrow("augment[0] has no field 'turns'; its fields are kind, horizontal")
    refused({ kind: 'crop' }).toThrow('augment[0].padding is missing; it must be a whole number of at least 1')
    refused({ kind: 'affine', zoom: 1 }).toThrow('augment[0].zoom must be a number of at least 0 and below 1')
    refused({ kind: 'erase', area: [0.4, 0.2] }).toThrow('augment[0].area must be [least, most] of shares')
    refused({ kind: 'erase', aspect: [0, 1] }).toThrow('augment[0].aspect must be [least, most] of positive numbers')
    refused('flip').toThrow("augment[0] must be an object such as { kind: 'flip' }, not 'flip'")
    expect(trace([2, 36], { kind: 'crop', padding: 1 })).toThrow(
      'augment: crop needs images [batch, height, width] or [batch, height, width, channels], or [batch, pixels] and imageShape; not f32[2, 36]',
    )
    expect(trace([3000, 6000], { kind: 'swap', share: 0.1 })).toThrow('a batch of 3000 × 6000 numbers has more than')
  })
})

describe('mixing', () => {
  function mixedBy(mix: (image: Tensor, label: Tensor) => Mixed, step: number, labels = label) {
    const program = traceProgram((trace) => {
      new Binding(trace, true)
      const { input, target } = mix(trace.batch('image', 'u8', shape), trace.batch('label', 'u8', [batch]))
      trace.result('input', input)
      trace.result('target', target)
    })
    const { input = [], target = [] } = evaluate(program, { batch: { image, label: labels }, step, seed }).results
    return { input: [...input], target: [...target] }
  }

  const mixups = (options: MixupOptions) => (x: Tensor, y: Tensor) => mixup(x, y, { classes, ...options })
  const cutmixes = (options: CutmixOptions) => (x: Tensor, y: Tensor) => cutmix(x, y, { classes, ...options })

  function order(name: string, step: number): number[] {
    const keys = numbers(`augment/${name}/order`, batch, step)
    return Array.from(keys, (_, i) => i).sort((a, b) => at(keys, a) - at(keys, b))
  }
  const oneHot = (e: number, c: number) => Number(at(label, e) === c)
  const targets = (of: (e: number, c: number) => number) =>
    Array.from({ length: batch * classes }, (_, i) => of(Math.floor(i / classes), i % classes))

  test('mixup adds images and labels by shares', () => {
    for (const step of [0, 1, 2]) {
      // Beta(1, 1) is uniform: the middle of one of 1024 parts.
      const share = numbers('augment/mixup/share', batch, step).map((u) => (Math.floor(u * 1024) + 0.5) / 1024)
      const others = order('mixup', step)
      const between = (e: number, of: (e: number) => number) =>
        at(share, e) * of(e) + (1 - at(share, e)) * of(at(others, e))
      const { input, target } = mixedBy(mixups({ alpha: 1 }), step)
      expectClose(
        input,
        each((e, ...place) => between(e, (i) => original(i, ...place))),
        1e-4,
      )
      expectClose(
        target,
        targets((e, c) => between(e, (i) => oneHot(i, c))),
        1e-6,
      )
    }
  })

  test('shares of mixup are those of Beta(alpha, alpha)', () => {
    const numRows = 4000
    const program = traceProgram((trace) => {
      new Binding(trace, true)
      const x = trace.batch('x', 'f32', [numRows])
      trace.result('target', mixup(x, x).target)
    })
    const x = Array.from({ length: numRows }, (_, i) => i % 2)
    const { target = [] } = evaluate(program, { batch: { x }, seed }).results
    const keys = numbers('augment/mixup/order', numRows, 0)
    const others = x.map((_, i) => i).sort((a, b) => at(keys, a) - at(keys, b))
    // Where the other has another target, it tells the example's own share.
    const shares = x.flatMap((own, i) => (at(x, at(others, i)) === own ? [] : [Math.abs(at(target, i) + own - 1)]))
    const mean = shares.reduce((a, b) => a + b) / shares.length
    const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shares.length
    // Of Beta(0.2, 0.2): 1/2 and 1 / (4 · (2 · 0.2 + 1)).
    expect(shares.length).toBeGreaterThan(1000)
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 5.6 / shares.length))
    expect(Math.abs(variance - 1 / 5.6)).toBeLessThan(0.01)
  })

  test('cutmix sets a rectangle of another image, and counts its pixels', () => {
    for (const step of [0, 1, 2, 3]) {
      const drawn = (what: string) => numbers(`augment/cutmix/${what}`, batch, step)
      const others = order('cutmix', step)
      const boxes = Array.from(drawn('share'), (u, e) => {
        const side = Math.sqrt(1 - (Math.floor(u * 1024) + 0.5) / 1024)
        const span = (what: string, extent: number) => {
          const half = Math.floor(Math.floor(side * extent) / 2)
          const middle = Math.floor(at(drawn(what), e) * extent)
          return [Math.max(middle - half, 0), Math.min(middle + half, extent)] as const
        }
        return { y: span('y', height), x: span('x', width) }
      })
      const isIn = (e: number, row: number, column: number) => {
        const { y, x } = boxes[e] ?? { y: [0, 0], x: [0, 0] }
        return row >= y[0] && row < y[1] && column >= x[0] && column < x[1]
      }
      const { input, target } = mixedBy(cutmixes({}), step)
      expect(input).toEqual(
        each((e, row, column, c) => original(isIn(e, row, column) ? at(others, e) : e, row, column, c)),
      )
      const share = (e: number) => {
        const { y, x } = boxes[e] ?? { y: [0, 0], x: [0, 0] }
        return ((y[1] - y[0]) * (x[1] - x[0])) / (height * width)
      }
      expectClose(
        target,
        targets((e, c) => (1 - share(e)) * oneHot(e, c) + share(e) * oneHot(at(others, e), c)),
        1e-6,
      )
    }
  })

  test('a label that is none of the classes is NaN, of both that have it', () => {
    const { target } = mixedBy(mixups({}), 0, [2, 0, 3, 1, 2, 0])
    const rows = Array.from({ length: batch }, (_, e) => target.slice(e * classes, (e + 1) * classes))
    const others = order('mixup', 0)
    rows.forEach((row, e) => expect(row.every(Number.isNaN)).toBe(e === 2 || at(others, e) === 2))
  })

  test('refuses options out of range', () => {
    expect(() => mixedBy(mixups({ alpha: 0 }), 0)).toThrow('mixup: alpha must be above 0 and at most 100, not 0')
    expect(() => mixedBy((x, y) => cutmix(x, y), 0)).toThrow('cutmix: targets that are class numbers need `classes`')
  })
})
