/** Random steps that compute: element by element, along axes, products. */
import {
  abs,
  add,
  argMax,
  cast,
  checkpoint,
  cos,
  cumsum,
  div,
  einsum,
  equal,
  erf,
  exp,
  flush,
  flushBelow,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  relu,
  scan,
  select,
  sigmoid,
  sin,
  softmax,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  where,
  type ReductionOptions,
  type Shape,
  type Tensor,
} from '@gradpool/core'
import type { Calculation, Kind } from './calculation.js'

const UNARY = { abs, cos, erf, exp, flush, neg, relu, sigmoid, sin, square, stopGradient, tanh }
const BINARY = { add, maximum, minimum, mul, sub }
/** Without a gradient. */
const COMPARISONS = { equal, greater, greaterEqual, less, lessEqual, notEqual }
const REDUCTIONS = { sum, mean, max, logSumExp }
const ALONG_LAST_AXIS = { argMax, softmax, logSoftmax }

/** Formulas of einsum: products, sums, transposes, of one to three operands. */
const EINSUMS = ['ij->ji', 'ijk->j', 'i,j->ij', 'ij,jk', 'bij,bjk->bik', 'bqhd,bkhd->bhqk', 'ij,ij->', 'ab,cd,bc->da']

const unary = (name: string, op: (x: Tensor) => Tensor): Kind => {
  return (c) => {
    const x = c.float()
    c.note(name, [x], {}, op(x))
  }
}

/** Positive, and not near 0. */
function positive(c: Calculation): Tensor {
  const x = c.float()
  const squared = c.note('square', [x], {}, square(x))
  const quarter = c.constant(0.25)
  return c.note('add', [squared, quarter], {}, add(squared, quarter))
}

function ofPositive(name: string, op: (x: Tensor) => Tensor): Kind {
  return (c) => {
    const x = positive(c)
    c.note(name, [x], {}, op(x))
  }
}

/** Operands of any dtype, which count as f32. */
function binary(name: string, op: (a: Tensor, b: Tensor) => Tensor): Kind {
  return (c) => {
    const a = c.any()
    const b = c.beside(a)
    const operands = c.random.isOneIn(2) ? ([a, b] as const) : ([b, a] as const)
    c.note(name, operands, {}, op(...operands))
  }
}

function reduction(name: string, op: (x: Tensor, axes?: Shape, options?: ReductionOptions) => Tensor): Kind {
  return (c) => {
    const x = c.any(1)
    const options = c.random.isOneIn(2) ? {} : { keepDims: true }
    if (c.random.isOneIn(4)) c.note(name, [x], options, op(x, undefined, options))
    else {
      const axes = c.someAxes(x)
      c.note(name, [x], { axes, ...options }, op(x, axes, options))
    }
  }
}

function chosen(name: string, op: (condition: Tensor, a: Tensor, b: Tensor) => Tensor): Kind {
  return (c) => {
    const a = c.float()
    const [b, other] = [c.beside(a), c.beside(a)]
    // Not 0 is true.
    const condition = c.random.isOneIn(3) ? other : c.note('less', [a, other], {}, less(a, other))
    // Each broadcasts with `a`, but not all of them with each other.
    const isAlike = b.rank === 0 || b.shape.join() === a.shape.join()
    const operands = [condition, a, isAlike ? b : a] as const
    c.note(name, operands, {}, op(...operands))
  }
}

/** Rows, terms and columns: of one, of primes, and beyond the width of vectors. */
const PRODUCTS = [
  [1, 1, 1],
  [1, 17, 1],
  [2, 3, 5],
  [3, 1, 4],
  [5, 7, 2],
  [4, 2, 3],
  [2, 5, 13],
  [3, 19, 3],
  [1, 2, 19],
] as const

function matrices(c: Calculation): void {
  const [rows, k, n] = c.random.of(PRODUCTS)
  const m = c.random.isOneIn(2) ? rows : c.numExamples
  const [transposeA, transposeB] = [c.random.isOneIn(3), c.random.isOneIn(3)]
  const before = c.random.of([[], [], [2], [3], [2, 1], [1, 3]])
  const others = c.random.of([before, before, before.map(() => 1), []])
  const a = c.shaped([...before, ...(transposeA ? [k, m] : [m, k])])
  const b = c.shaped([...others, ...(transposeB ? [n, k] : [k, n])])
  const options = { ...(transposeA && { transposeA }), ...(transposeB && { transposeB }) }
  c.note('matmul', [a, b], options, matmul(a, b, options))
}

/** The state after the last step, and the outputs of all, of a small cell: tanh(s / 2 + x), times the state before. */
function loop(name: 'scanState' | 'scanOutputs'): Kind {
  return (c) => {
    const [batch, time, width] = [c.numExamples, c.between(1, 4), c.between(1, 2)]
    const [initial, sequence] = [c.shaped([batch, width]), c.shaped([batch, time, width])]
    const reverse = c.random.isOneIn(2)
    const lengths = c.random.isOneIn(2) ? c.numbered([batch], time) : undefined
    const { state, outputs } = scan(
      (s: Tensor, x: Tensor) => {
        const next = tanh(add(mul(s, 0.5), x))
        return { state: next, output: mul(next, s) }
      },
      initial,
      sequence,
      { reverse, ...(lengths && { lengths }) },
    )
    c.note(
      name,
      [initial, sequence, ...(lengths ? [lengths] : [])],
      { reverse },
      name === 'scanState' ? state : outputs,
    )
  }
}

export const COMPUTING: Readonly<Record<string, Kind>> = {
  ...mapped(UNARY, unary),
  ...mapped({ log, log1p, sqrt }, ofPositive),
  ...mapped({ ...BINARY, ...COMPARISONS }, binary),
  ...mapped(REDUCTIONS, reduction),
  ...mapped(ALONG_LAST_AXIS, (name, op) => (c) => {
    const x = c.axes()
    c.note(name, [x], {}, op(x))
  }),
  ...mapped({ select, where }, chosen),
  div(c) {
    const b = positive(c)
    const a = c.beside(b)
    c.note('div', [a, b], {}, div(a, b))
  },
  pow(c) {
    const a = positive(c)
    const b = c.beside(a)
    c.note('pow', [a, b], {}, pow(a, b))
  },
  'pow, whole'(c) {
    const a = c.float()
    const b = c.constant(c.random.of([0, 1, 2, 3]))
    c.note('pow', [a, b], {}, pow(a, b))
  },
  flushBelow(c) {
    const a = c.float()
    const size = c.constant(0.25)
    c.note('flushBelow', [a, size], {}, flushBelow(a, size))
  },
  cast(c) {
    const x = c.any()
    const dtype = c.random.of(['i32', 'u8'] as const)
    const factor = c.constant(c.random.of([3, 100, -300]))
    const scaled = c.note('mul', [x, factor], {}, mul(x, factor))
    const whole = c.note('cast', [scaled], { dtype }, cast(scaled, dtype))
    if (c.random.isOneIn(2)) c.note('cast', [whole], { dtype: 'f32' }, cast(whole, 'f32'))
    else c.note('cast', [whole], { dtype: 'u8' }, cast(whole, 'u8'))
  },
  cumsum(c) {
    const x = c.any(1)
    const [axis, reverse] = [c.axis(x), c.random.isOneIn(2)]
    c.note('cumsum', [x], { axis, reverse }, cumsum(x, axis, { reverse }))
  },
  matmul: matrices,
  'matmul of the batch'(c) {
    const [k, n] = [c.between(1, 3), c.between(1, 5)]
    const [a, b] = [c.input('f32', [c.numExamples, k]), c.shaped([k, n])]
    const product = c.note('matmul', [a, b], {}, matmul(a, b))
    c.note('relu', [product], {}, relu(product))
  },
  einsum(c) {
    const text = c.random.of(EINSUMS)
    const extents = new Map<string, number>()
    const extentOf = (letter: string) => {
      const extent = extents.get(letter) ?? c.between(1, 4)
      extents.set(letter, extent)
      return extent
    }
    const inputs = text.replace(/->.*/, '').split(',')
    const operands = inputs.map((letters) => c.shaped(Array.from(letters, extentOf)))
    c.note('einsum', operands, { text }, einsum(text, ...operands))
  },
  checkpoint(c) {
    const x = c.float()
    c.note('checkpoint', [x], {}, checkpoint((t: Tensor) => sin(mul(tanh(t), t)))(x))
  },
  scanState: loop('scanState'),
  scanOutputs: loop('scanOutputs'),
}

/** A kind for each op of a table, by the op's name. */
function mapped<Op>(ops: Readonly<Record<string, Op>>, kind: (name: string, op: Op) => Kind): Record<string, Kind> {
  return Object.fromEntries(Object.entries(ops).map(([name, op]) => [name, kind(name, op)]))
}
