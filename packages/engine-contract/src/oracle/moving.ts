/** Random steps that move elements: other shapes, rows by number, order. */
import {
  argSort,
  broadcastTo,
  concat,
  flip,
  gather,
  oneHot,
  pad,
  reshape,
  resize,
  scatterAdd,
  slice,
  sort,
  topK,
  transpose,
  type SortOptions,
  type Tensor,
} from '@gradpool/core'
import type { Calculation, Kind } from './calculation.js'

function sorting(name: string, op: (x: Tensor, options: SortOptions) => Tensor): Kind {
  return (c) => {
    const x = c.any(1)
    const options = { axis: c.axis(x), descending: c.random.isOneIn(2) }
    c.note(name, [x], options, op(x, options))
  }
}

function largest(name: 'values' | 'indices'): Kind {
  return (c) => {
    const x = c.any(1)
    const count = c.between(1, x.shape.at(-1) ?? 1)
    c.note('topK', [x], { count, name }, topK(x, count)[name])
  }
}

/** Elements around `x`, up to three on each side. */
function padded(c: Calculation, options: { mode?: 'reflect' | 'edge'; value?: number }): void {
  const x = c.any(1)
  const before = x.shape.map(() => c.between(0, 3))
  const shape = x.shape.map((extent, axis) => extent + (before[axis] ?? 0) + c.between(0, 3))
  c.note('pad', [x], { before, shape, ...options }, pad(x, before, shape, options))
}

function resized(mode: 'nearest' | 'bilinear'): Kind {
  return (c) => {
    const rank = c.between(1, 3)
    const x = c.shaped([c.between(1, 2), ...Array.from({ length: rank }, () => c.between(1, 4)), 1])
    const sizes = Array.from({ length: rank }, () => c.between(1, 5))
    c.note('resize', [x], { sizes, mode }, resize(x, sizes, { mode }))
  }
}

export const MOVING: Readonly<Record<string, Kind>> = {
  reshape(c) {
    const x = c.any()
    const divisor = [7, 5, 3, 2, 1].find((each) => x.size % each === 0) ?? 1
    const shape = c.random.of([[x.size], [1, x.size], [divisor, -1], [-1, divisor, 1]])
    c.note('reshape', [x], { shape }, reshape(x, shape))
  },
  transpose(c) {
    const x = c.any(1)
    const turn = c.random.below(x.rank)
    const permutation = x.shape.map((_, axis) => (axis + turn) % x.rank)
    if (c.random.isOneIn(3)) c.note('transpose', [x], {}, transpose(x))
    else {
      const order = c.random.isOneIn(2) ? permutation : permutation.toReversed()
      c.note('transpose', [x], { permutation: order }, transpose(x, order))
    }
  },
  broadcastTo(c) {
    const x = c.any()
    const shape = [...(x.rank < 4 ? [c.between(1, 3)] : []), ...x.shape.map((n) => (n === 1 ? c.between(1, 3) : n))]
    c.note('broadcastTo', [x], { shape }, broadcastTo(x, shape))
  },
  slice(c) {
    const x = c.any(1)
    const starts = x.shape.map((extent) => c.random.below(extent))
    const sizes = x.shape.map((extent, axis) => {
      const rest = extent - (starts[axis] ?? 0)
      return c.random.isOneIn(3) ? -1 : c.between(1, rest)
    })
    c.note('slice', [x], { starts, sizes }, slice(x, starts, sizes))
  },
  concat(c) {
    const x = c.axes()
    const axis = c.axis(x)
    const others = Array.from({ length: c.between(0, 2) }, () =>
      c.random.isOneIn(3) ? x : c.shaped(x.shape.with(axis, c.between(1, 3))),
    )
    c.note('concat', [x, ...others], { axis }, concat([x, ...others], axis))
  },
  flip(c) {
    const x = c.any(1)
    if (c.random.isOneIn(3)) c.note('flip', [x], {}, flip(x))
    else {
      const axes = c.someAxes(x)
      c.note('flip', [x], { axes }, flip(x, axes))
    }
  },
  'pad with zeros': (c) => padded(c, {}),
  'pad with a value': (c) => padded(c, { value: 2 }),
  'pad, reflected': (c) => padded(c, { mode: 'reflect' }),
  'pad with the edge': (c) => padded(c, { mode: 'edge' }),
  'resize to the nearest': resized('nearest'),
  'resize, bilinear': resized('bilinear'),
  gather(c) {
    const table = c.any(1)
    const axis = c.axis(table)
    const indices = c.integer(0, table.shape.at(axis))
    c.note('gather', [table, indices], { axis }, gather(table, indices, { axis }))
  },
  scatterAdd(c) {
    const updates = c.axes()
    const rows = c.between(1, 5)
    const indices = c.numbered(updates.shape.slice(0, c.between(1, Math.min(2, updates.rank))), rows)
    c.note('scatterAdd', [updates, indices], { rows }, scatterAdd(updates, indices, rows))
  },
  oneHot(c) {
    const depth = c.between(1, 5)
    const x = c.integer(0, depth)
    c.note('oneHot', [x], { depth }, oneHot(x, depth))
  },
  sort: sorting('sort', sort),
  argSort: sorting('argSort', argSort),
  'topK, values': largest('values'),
  'topK, places': largest('indices'),
}
