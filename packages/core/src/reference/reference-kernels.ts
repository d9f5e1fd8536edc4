/**
 * What each op computes, in float64: one simple function per op. See reference.ts.
 */
import { type DType, type Shape, sizeOf, stridesOf, type TensorType } from '../program/dtype.js'
import { invariant } from '../errors.js'
import { type ByOp, dispatch, type Node, type NodeOf } from '../program/node.js'
import { segmentsOf } from '../program/segments.js'
import { convolution, type Convolution, poolAxes, type PoolAttributes } from '../program/windows.js'
import { fillNormal, fillUniform } from '../random/random.js'

/** A tensor's type and its values, row-major. */
export interface Evaluated extends TensorType {
  readonly values: Float64Array
}

/** The operand at a position; asking for one that is not there is a defect. */
type Operands = (position: number) => Evaluated

/** The values of a node, from those of its operands. */
export function computeNode(node: Node, inputs: readonly Evaluated[]): Float64Array {
  const operands: Operands = (position) => {
    const operand = inputs[position]
    invariant(operand, `${node.op} has no operand ${position}`)
    return operand
  }
  return dispatch(KERNELS, node, operands)
}

const KERNELS: ByOp<[Operands], Float64Array> = {
  input: () => {
    throw new Error('the value of an input comes from outside')
  },
  constant: ({ attributes: { values }, shape }) =>
    typeof values === 'object' ? Float64Array.from(values) : new Float64Array(sizeOf(shape)).fill(values),
  random: ({ attributes: { distribution, purpose }, shape }, operands) => {
    const [seed = 0] = operands(0).values
    const [step = 0] = operands(1).values
    const values = new Float32Array(sizeOf(shape))
    const fill = distribution === 'normal' ? fillNormal : fillUniform
    fill(values, seed, purpose, step)
    return Float64Array.from(values)
  },

  neg: unary((x) => -x),
  exp: unary((x) => normalOf(Math.exp(x))),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  relu: unary((x) => (x <= 0 ? 0 : x)),
  abs: unary(Math.abs),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  erf: unary(errorFunction),
  flush: unary(normalOf),
  stopGradient: unary((x) => x),
  cast: (node, operands) => operands(0).values.map(CASTS[node.dtype]),

  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  max: binary((a, b) => Math.max(a, b)),
  min: binary((a, b) => Math.min(a, b)),
  pow: binary((a, b) => normalOf(power(a, b))),
  flushBelow: binary((a, b) => (Math.abs(a) < b ? 0 : a)),
  less: binary((a, b) => Number(a < b)),
  lessEqual: binary((a, b) => Number(a <= b)),
  equal: binary((a, b) => Number(a === b)),
  select: (_, operands) => {
    const [a, b] = [operands(1).values, operands(2).values]
    return operands(0).values.map((condition, i) => (condition !== 0 ? a[i] : b[i]) ?? NaN)
  },

  sum: (node, operands) => {
    const x = operands(0)
    const { segments = 1 } = node.attributes
    const rows = x.shape[0] ?? 1
    const width = x.values.length / rows
    const parts = segmentsOf(rows, segments).map(({ start, length }) => {
      const values = x.values.subarray(start * width, (start + length) * width)
      const part = { ...x, shape: [length, ...x.shape.slice(1)], values }
      return total(node, () => part)
    })
    return inOrder(parts)
  },
  reduceMax: reduction(-Infinity, (largest, x) => Math.max(largest, x)),
  argMax: (_, operands) => {
    const found = rowsOf(operands(0)).map((row) => {
      const firstNaN = row.findIndex(Number.isNaN)
      return firstNaN >= 0 ? firstNaN : row.indexOf(Math.max(...row))
    })
    return Float64Array.from(found)
  },
  softmax: (_, operands) =>
    Float64Array.from(
      rowsOf(operands(0))
        .flatMap(logSoftmaxOf)
        .map((x) => normalOf(Math.exp(x))),
    ),
  logSoftmax: (_, operands) => Float64Array.from(rowsOf(operands(0)).flatMap(logSoftmaxOf)),

  sort: ({ attributes: { descending = false } }, operands) => {
    const values = rowsOf(operands(1))
    const sorted = rowsOf(operands(0)).flatMap((keys, row) =>
      orderOf(keys, descending).map((from) => values[row]?.[from] ?? NaN),
    )
    return Float64Array.from(sorted)
  },
  sortSpread: ({ attributes: { descending = false } }, operands) => {
    const g = rowsOf(operands(1))
    const spread = rowsOf(operands(0)).flatMap((keys, row) => {
      const to = new Array<number>(keys.length)
      orderOf(keys, descending).forEach((from, place) => (to[from] = g[row]?.[place] ?? NaN))
      return to
    })
    return Float64Array.from(spread)
  },

  broadcast: ({ shape }, operands) => {
    const x = operands(0)
    const lead = shape.length - x.shape.length
    return collect(shape, (index) =>
      elementAt(
        x,
        index.slice(lead).map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
      ),
    )
  },
  reshape: (_, operands) => operands(0).values,
  transpose: ({ attributes: { permutation }, shape }, operands) => {
    return collect(shape, (index) => {
      const source = new Array<number>(index.length)
      permutation.forEach((axis, i) => (source[axis] = index[i] ?? 0))
      return elementAt(operands(0), source)
    })
  },
  slice: ({ attributes: { starts }, shape }, operands) => {
    return collect(shape, (index) =>
      elementAt(
        operands(0),
        index.map((i, axis) => i + (starts[axis] ?? 0)),
      ),
    )
  },
  pad: ({ attributes: { before }, shape }, operands) => {
    const x = operands(0)
    return collect(shape, (index) => {
      const source = index.map((i, axis) => i - (before[axis] ?? 0))
      const inside = source.every((i, axis) => i >= 0 && i < (x.shape[axis] ?? 0))
      return inside ? elementAt(x, source) : 0
    })
  },
  concat: ({ attributes, shape }, operands) => {
    const along = attributes.axis
    return collect(shape, (index) => {
      let position = 0
      let start = 0
      const i = index[along] ?? 0
      for (;;) {
        const operand = operands(position)
        const end = start + (operand.shape[along] ?? 0)
        if (i < end) return elementAt(operand, index.with(along, i - start))
        position += 1
        start = end
      }
    })
  },

  gather: ({ shape }, operands) => {
    const [table, indices] = [operands(0), operands(1).values]
    const numRows = table.shape[0] ?? 1
    return collect(shape, ([i = 0, ...rest]) => {
      const row = indices[i] ?? -1
      return row >= 0 && row < numRows ? elementAt(table, [row, ...rest]) : 0
    })
  },
  scatterAdd: ({ shape }, operands) => {
    const [updates, indices] = [operands(0).values, operands(1).values]
    const [numRows = 0, ...rowShape] = shape
    const width = sizeOf(rowShape)
    const table = new Float64Array(sizeOf(shape))
    indices.forEach((row, i) => {
      if (row < 0 || row >= numRows) return
      for (let column = 0; column < width; column++) {
        const at = row * width + column
        table[at] = (table[at] ?? 0) + (updates[i * width + column] ?? 0)
      }
    })
    return table
  },
  oneHot: ({ shape }, operands) =>
    collect(shape, (index) => Number(elementAt(operands(0), index.slice(0, -1)) === index.at(-1))),
  matmul: ({ attributes, shape }, operands) => {
    const [a, b] = [operands(0), operands(1)]
    const { transposeA = false, transposeB = false, segments = 1 } = attributes
    const k = a.shape.at(transposeA ? -2 : -1) ?? 0
    const parts = segmentsOf(k, segments).map(({ start, length }) =>
      collect(shape, (index) => {
        const [i = 0, j = 0] = index.slice(-2)
        const which = index.slice(0, -2)
        let product = 0
        for (let c = start; c < start + length; c++) {
          const fromA = elementAt(a, [...which, ...(transposeA ? [c, i] : [i, c])])
          const fromB = elementAt(b, [...which, ...(transposeB ? [j, c] : [c, j])])
          product += fromA * fromB
        }
        return product
      }),
    )
    return inOrder(parts)
  },

  conv: ({ attributes, shape }, operands) => {
    const [x, filter] = [operands(0), operands(1)]
    const y = new Float64Array(sizeOf(shape))
    forEachTerm(convolution(attributes, x.shape, filter.shape, shape), (at) => {
      y[at.output] = (y[at.output] ?? NaN) + (x.values[at.input] ?? NaN) * (filter.values[at.filter] ?? NaN)
    })
    return y
  },
  convTranspose: ({ attributes, shape }, operands) => {
    const [g, filter] = [operands(0), operands(1)]
    const x = new Float64Array(sizeOf(shape))
    forEachTerm(convolution(attributes, shape, filter.shape, g.shape), (at) => {
      x[at.input] = (x[at.input] ?? NaN) + (g.values[at.output] ?? NaN) * (filter.values[at.filter] ?? NaN)
    })
    return x
  },
  convFilter: ({ attributes, shape }, operands) => {
    const [x, g] = [operands(0), operands(1)]
    const parts = segmentsOf(x.shape[0] ?? 1, attributes.segments ?? 1).map(({ start, length }) => {
      const filter = new Float64Array(sizeOf(shape))
      forEachTerm(convolution(attributes, x.shape, shape, g.shape), (at, example) => {
        if (example < start || example >= start + length) return
        filter[at.filter] = (filter[at.filter] ?? NaN) + (x.values[at.input] ?? NaN) * (g.values[at.output] ?? NaN)
      })
      return filter
    })
    return inOrder(parts)
  },
  maxPool: ({ attributes, shape }, operands) => {
    const [keys, values] = [operands(0), operands(1)]
    return largestKeys(attributes, keys, shape).map((at) => values.values[at] ?? NaN)
  },
  maxPoolSpread: ({ attributes, shape }, operands) => {
    const [keys, g] = [operands(0), operands(1)]
    const spread = new Float64Array(sizeOf(shape))
    largestKeys(attributes, keys, g.shape).forEach((at, i) => {
      spread[at] = (spread[at] ?? NaN) + (g.values[i] ?? NaN)
    })
    return spread
  },
}

/** Where the factors and the sum of one term of a convolution are. */
interface Term {
  readonly input: number
  readonly filter: number
  readonly output: number
}

/** Visits all terms of a convolution whose taps are inside. */
function forEachTerm(
  { axes, examples, groups, channels, filters }: Convolution,
  visit: (at: Term, example: number) => void,
): void {
  const [inputs, outputs] = [axes.map(({ input }) => input), axes.map(({ output }) => output)]
  const window = axes.map(({ taps }) => taps)
  const [perGroup, filtersPerGroup] = [channels / groups, filters / groups]
  const inputStrides = stridesOf([examples, ...inputs, channels])
  const filterStrides = stridesOf([...window, perGroup, filters])
  const outputStrides = stridesOf([examples, ...outputs, filters])
  forEachIndex([examples, ...outputs, filters], ([example = 0, ...rest]) => {
    const f = rest.at(-1) ?? 0
    const place = rest.slice(0, -1)
    forEachIndex([...window, perGroup], (tap) => {
      const from = axes.map(({ stride, dilation, before }, axis) => {
        return (place[axis] ?? 0) * stride + (tap[axis] ?? 0) * dilation - before
      })
      if (!from.every((i, axis) => i >= 0 && i < (inputs[axis] ?? 0))) return
      const c = tap.at(-1) ?? 0
      const channel = Math.floor(f / filtersPerGroup) * perGroup + c
      const at = {
        input: offsetOf([example, ...from, channel], inputStrides),
        filter: offsetOf([...tap, f], filterStrides),
        output: offsetOf([example, ...rest], outputStrides),
      }
      visit(at, example)
    })
  })
}

/** For each window, in row-major order, the place of its largest key: of the first NaN, or of the first of equals. */
function largestKeys(attributes: PoolAttributes, keys: Evaluated, output: Shape): Float64Array {
  const axes = poolAxes(attributes, keys.shape, output)
  const strides = stridesOf(keys.shape)
  return collect(output, (index) => {
    let largest = -1
    const place = index.slice(1, -1)
    forEachIndex(attributes.window, (tap) => {
      const from = axes.map(({ stride, before }, axis) => (place[axis] ?? 0) * stride + (tap[axis] ?? 0) - before)
      if (!from.every((i, axis) => i >= 0 && i < (axes[axis]?.input ?? 0))) return
      const at = offsetOf([index[0] ?? 0, ...from, index.at(-1) ?? 0], strides)
      const [key = NaN, best = NaN] = [keys.values[at], keys.values[largest]]
      if (largest < 0 || key > best || (Number.isNaN(key) && !Number.isNaN(best))) largest = at
    })
    return largest
  })
}

const total = reduction(0, (sum, x) => sum + x)

/** Adds up arrays of one length, in their order. */
function inOrder(parts: readonly Float64Array[]): Float64Array {
  return parts.reduce((sum, part) => sum.map((value, i) => value + (part[i] ?? NaN)))
}

const CASTS: Readonly<Record<DType, (x: number) => number>> = {
  f32: (x) => x,
  i32: (x) => truncated(x, -(2 ** 31), 2 ** 31 - 1),
  u8: (x) => truncated(x, 0, 255),
}

/** Towards zero, within limits; NaN gives 0. */
function truncated(x: number, low: number, high: number): number {
  return Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high) + 0
}

function unary(compute: (x: number) => number) {
  return (_: Node, operands: Operands) => operands(0).values.map((x) => compute(x))
}

function binary(compute: (a: number, b: number) => number) {
  return (_: Node, operands: Operands) => {
    const b = operands(1).values
    return operands(0).values.map((x, i) => compute(x, b[i] ?? NaN))
  }
}

/** Folds the elements that differ in `axes` alone, in row-major order. */
function reduction(start: number, fold: (sofar: number, x: number) => number) {
  return ({ attributes: { axes }, shape }: NodeOf<'sum' | 'reduceMax'>, operands: Operands): Float64Array => {
    const x = operands(0)
    const strides = stridesOf(shape)
    const folded = new Float64Array(sizeOf(shape)).fill(start)
    let element = 0
    forEachIndex(x.shape, (index) => {
      const kept = index.filter((_, axis) => !axes.includes(axis))
      const at = offsetOf(kept, strides)
      folded[at] = fold(folded[at] ?? NaN, x.values[element++] ?? NaN)
    })
    return folded
  }
}

/** The rows along the last axis. */
function rowsOf({ shape, values }: Evaluated): number[][] {
  const width = shape.at(-1) ?? 1
  return Array.from({ length: values.length / width }, (_, row) => [...values.subarray(row * width, (row + 1) * width)])
}

/** The places of keys in order: equal ones as they stand; NaN last, or first where the order is descending. */
function orderOf(keys: readonly number[], descending: boolean): number[] {
  const rank = (place: number) => keys[place] ?? NaN
  const ascending = (a: number, b: number) =>
    Number.isNaN(rank(a)) || Number.isNaN(rank(b))
      ? Number(Number.isNaN(rank(a))) - Number(Number.isNaN(rank(b)))
      : Number(rank(a) > rank(b)) - Number(rank(a) < rank(b))
  return [...keys.keys()].sort((a, b) => (descending ? ascending(b, a) : ascending(a, b)))
}

/**
 * erf x = 2 / √π · e^-x² · Σ 2^n x^(2n + 1) / (1 · 3 · … · (2n + 1)), all terms of one sign (Abramowitz and Stegun,
 * 7.1.6); beyond 6 it is 1 to the last digit.
 */
function errorFunction(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** As IEEE 754 has it, where JavaScript's differs: 1 to any power is 1, and -1 to an infinite one. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b
}

function logSoftmaxOf(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const total = row.reduce((sofar, x) => sofar + Math.exp(x - largest), 0)
  return row.map((x) => x - largest - Math.log(total))
}

/** The values of a tensor, each from its index. */
function collect(shape: Shape, compute: (index: readonly number[]) => number): Float64Array {
  const values = new Float64Array(sizeOf(shape))
  let element = 0
  forEachIndex(shape, (index) => (values[element++] = compute(index)))
  return values
}

/** Visits all indices of a shape in row-major order. */
function forEachIndex(shape: Shape, visit: (index: readonly number[]) => void): void {
  const index = shape.map(() => 0)
  for (let remaining = sizeOf(shape); remaining > 0; remaining--) {
    visit(index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1
      index[axis] = next === shape[axis] ? 0 : next
      if (next !== shape[axis]) break
    }
  }
}

function elementAt({ shape, values }: Evaluated, index: readonly number[]): number {
  return values[offsetOf(index, stridesOf(shape))] ?? NaN
}

function offsetOf(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((offset, i, axis) => offset + i * (strides[axis] ?? 0), 0)
}

/** Without the numbers that f32 has only as denormal ones. */
function normalOf(x: number): number {
  return Math.abs(x) < 2 ** -126 ? 0 : x
}
