/** Random steps of windows: convolutions and pooling over one to three axes, and strides beyond the input. */
import {
  averagePool,
  conv,
  convTranspose,
  maxPool,
  type Padding,
  type PoolingOptions,
  type Shape,
  type Tensor,
} from '@gradpool/core'
import type { Calculation, Kind } from './calculation.js'

/** The largest extents, by the number of axes. */
const SPATIAL = [7, 5, 3]

interface Window {
  readonly taps: number[]
  readonly strides: number[]
  readonly dilations: number[]
}

function spatialOf(c: Calculation): number[] {
  const rank = c.between(1, 3)
  return Array.from({ length: rank }, () => c.between(1, SPATIAL[rank - 1] ?? 1))
}

function windowOf(c: Calculation, spatial: Shape): Window {
  const stride = () => (c.random.isOneIn(6) ? c.random.of([8, 9, 11]) : c.between(1, 3))
  const mostTaps = spatial.length === 3 ? 2 : 3
  return {
    taps: spatial.map(() => c.between(1, mostTaps)),
    strides: spatial.map(stride),
    dilations: spatial.map(() => (c.random.isOneIn(3) ? c.between(2, 3) : 1)),
  }
}

/** `same`, `valid` where windows fit, or numbers around each axis, with which they do. */
function paddingOf(c: Calculation, spatial: Shape, widths: Shape): Padding {
  const fitsWith = (around: number) => spatial.every((extent, axis) => extent + 2 * around >= (widths[axis] ?? 1))
  const most = Math.min(...widths) - 1
  const kind = c.random.below(4)
  if (kind === 0) return 'same'
  if (kind === 1 && fitsWith(0)) return 'valid'
  if (kind === 2 && fitsWith(most)) return most
  return spatial.map((extent, axis) => {
    const most = (widths[axis] ?? 1) - 1
    const before = c.between(0, most)
    const least = Math.max(0, most + 1 - extent - before)
    return [before, c.between(least, most)] as const
  })
}

const widthsOf = ({ taps, dilations }: Window) => taps.map((n, axis) => (n - 1) * (dilations[axis] ?? 1) + 1)

/** One number where all axes have the same, now and then. */
function perAxis(c: Calculation, numbers: number[]): number | number[] {
  const [first = 1] = numbers
  return numbers.every((number) => number === first) && c.random.isOneIn(2) ? first : numbers
}

/** As many as the batch has, where these are few. */
function examplesOf(c: Calculation): number {
  return c.numExamples <= 3 && !c.random.isOneIn(4) ? c.numExamples : c.between(1, 2)
}

function channelsOf(c: Calculation) {
  const groups = c.random.of([1, 1, 2, 3, 5])
  const perGroup = c.between(1, groups === 1 ? 3 : 2)
  return { groups, perGroup, filters: groups * c.between(1, 2) }
}

function convolved(c: Calculation): void {
  const spatial = spatialOf(c)
  const window = windowOf(c, spatial)
  const { groups, perGroup, filters } = channelsOf(c)
  const x = c.shaped([examplesOf(c), ...spatial, groups * perGroup])
  const filter = c.shaped([...window.taps, perGroup, filters])
  const options = {
    strides: perAxis(c, window.strides),
    dilations: perAxis(c, window.dilations),
    padding: paddingOf(c, spatial, widthsOf(window)),
    groups,
  }
  c.note('conv', [x, filter], options, conv(x, filter, options))
}

function transposed(c: Calculation): void {
  const spatial = spatialOf(c).map((extent) => Math.min(extent, 3))
  const given = windowOf(c, spatial)
  const window = { ...given, strides: given.strides.map((stride) => Math.min(stride, 3)) }
  const { groups, perGroup, filters } = channelsOf(c)
  const x = c.shaped([examplesOf(c), ...spatial, filters])
  const filter = c.shaped([...window.taps, perGroup, filters])
  const widths = widthsOf(window)
  const options = { strides: perAxis(c, window.strides), dilations: perAxis(c, window.dilations), groups }
  if (c.random.isOneIn(3)) {
    c.note(
      'convTranspose',
      [x, filter],
      { ...options, padding: 'same' },
      convTranspose(x, filter, { ...options, padding: 'same' }),
    )
    return
  }
  const padding = spatial.map((extent, axis) => {
    const [width = 1, stride = 1] = [widths[axis], window.strides[axis]]
    const most = Math.min(width - 1, Math.floor(((extent - 1) * stride + width - 1) / 2))
    return [c.between(0, most), c.between(0, most)] as const
  })
  // As many as there are before the next window begins.
  const outputs = spatial.map((extent, axis) => {
    const [[before, after] = [0, 0], width = 1, stride = 1] = [padding[axis], widths[axis], window.strides[axis]]
    return (extent - 1) * stride + width - before - after + c.random.below(stride)
  })
  const all = { ...options, padding, ...(c.random.isOneIn(2) && { outputs }) }
  c.note('convTranspose', [x, filter], all, convTranspose(x, filter, all))
}

function pooled(name: string, op: (x: Tensor, window: number | number[], options: PoolingOptions) => Tensor): Kind {
  return (c) => {
    const spatial = spatialOf(c)
    const { taps, strides } = windowOf(c, spatial)
    const x = c.shaped([c.between(1, 2), ...spatial, c.between(1, 2)])
    const options = {
      padding: paddingOf(c, spatial, taps),
      ...(c.random.isOneIn(2) && { strides: perAxis(c, strides) }),
    }
    const window = perAxis(c, taps)
    c.note(name, [x], { window, ...options }, op(x, window, options))
  }
}

export const WINDOWS: Readonly<Record<string, Kind>> = {
  conv: convolved,
  'conv, a window that sees nothing'(c) {
    const [x, filter] = [c.shaped([examplesOf(c), 1, 3, 2]), c.shaped([2, 2, 2, 3])]
    // The first window has the only element at its last tap; the second has a tap before it, and one behind.
    const dilation = c.between(2, 3)
    const padding = [[dilation, 1] as const, 0]
    const options = { strides: 1, dilations: [dilation, 1], padding, groups: 1 }
    c.note('conv', [x, filter], options, conv(x, filter, options))
  },
  convTranspose: transposed,
  maxPool: pooled('maxPool', maxPool),
  averagePool: pooled('averagePool', averagePool),
}
