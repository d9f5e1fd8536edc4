/**
 * The sum of what the gradient by one value is made of: a contribution of each of its uses.
 *
 * Where a value is used many times, as a weight at each time step, the contributions are of one kind, and one op takes
 * the place of many: blocks set into zeros are joined side by side, and products with one inner extent are one product
 * over all of them, a₁ᵀ·b₁ + a₂ᵀ·b₂ = [a₁; a₂]ᵀ·[b₁; b₂].
 */
import { concat, padWithZeros, reshape } from '../ops/layout.js'
import { add } from '../ops/elementwise.js'
import { matmul } from '../ops/product.js'
import type { Node } from '../program/node.js'
import type { Tensor } from '../tracing/tensor.js'
import type { Trace } from '../tracing/trace.js'

/**
 * A product of [m, k] and [k, n] is joined to others where copying its factors, k · (m + n) elements, takes no longer
 * than adding it up: m · n elements that are written, read twice and written again.
 */
const COPIES_PER_SUM = 2

/** @param contributions one or more, of one shape, in the order in which differentiation meets them */
export function total(trace: Trace, contributions: readonly Tensor[]): Tensor {
  const [first, ...others] = joinedProducts(trace, joinedBlocks(trace, contributions))
  if (first === undefined) throw new RangeError('a gradient has a contribution')
  return others.reduce((sum, each) => add(sum, each), first)
}

/** Contributions of the same total, of which all but blocks are one. */
export function settled(trace: Trace, contributions: readonly Tensor[]): Tensor[] {
  const isBlock = (term: Tensor): boolean => blockAxis(trace, term) !== undefined
  const others = contributions.filter((term) => !isBlock(term))
  if (others.length < 2) return [...contributions]
  return [total(trace, others), ...contributions.filter(isBlock)]
}

interface Block {
  readonly tensor: Tensor
  readonly start: number
  readonly end: number
}

/** Blocks that lie side by side along an axis of one value of zeros become one, at the place of the first. */
function joinedBlocks(trace: Trace, terms: readonly Tensor[]): readonly Tensor[] {
  return joinedBy(
    terms,
    (term) => blockAxis(trace, term)?.toString(),
    (alike) => {
      const [{ shape } = { shape: [] }] = alike
      const axis = blockAxis(trace, alike[0]) ?? 0
      const blocks = alike.map((each) => blockOf(trace, each, axis)).sort((a, b) => a.start - b.start)
      const runs: Block[][] = []
      /** By where it ends. */
      const open = new Map<number, Block[]>()
      for (const block of blocks) {
        const run = open.get(block.start) ?? []
        if (run.length === 0) runs.push(run)
        else open.delete(block.start)
        run.push(block)
        open.set(block.end, run)
      }
      return runs.map((run) => {
        const before = shape.map((_, each) => (each === axis ? (run[0]?.start ?? 0) : 0))
        return padWithZeros(
          concat(
            run.map(({ tensor }) => tensor),
            axis,
          ),
          before,
          shape,
        )
      })
    },
  )
}

/** The one axis along which a value is a block set into zeros, if it is. */
function blockAxis(trace: Trace, term: Tensor | undefined): number | undefined {
  const node = term && trace.describe(term)
  if (node?.op !== 'pad') return undefined
  const { shape } = trace.tensorAt(node.inputs[0] ?? 0)
  const padded = node.shape.flatMap((extent, axis) => (extent === shape[axis] ? [] : [axis]))
  return padded.length === 1 ? padded[0] : undefined
}

function blockOf(trace: Trace, term: Tensor, axis: number): Block {
  const node = trace.describe(term)
  const tensor = trace.tensorAt(node.inputs[0] ?? 0)
  const start = node.op === 'pad' ? (node.attributes.before[axis] ?? 0) : 0
  return { tensor, start, end: start + (tensor.shape[axis] ?? 1) }
}

interface Product {
  readonly a: Tensor
  readonly b: Tensor
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** The inner extent. */
  readonly k: number
}

/** Products with one inner extent become one, at the place of the first. */
function joinedProducts(trace: Trace, terms: readonly Tensor[]): readonly Tensor[] {
  return joinedBy(
    terms,
    (term) => alikeProducts(productOf(trace, trace.describe(term)), term),
    (alike) => {
      // The last uses of a value come first: in the order of the uses, what is joined here is that of other joins, too.
      const products = alike.flatMap((term) => productOf(trace, trace.describe(term)) ?? []).reverse()
      const [{ transposeA, transposeB } = { transposeA: false, transposeB: false }] = products
      const a = stacked(
        products.map(({ a }) => a),
        transposeA ? 0 : 1,
      )
      const b = stacked(
        products.map(({ b }) => b),
        transposeB ? 1 : 0,
      )
      return [matmul(a, b, { transposeA, transposeB })]
    },
  )
}

function productOf(trace: Trace, node: Node): Product | undefined {
  if (node.op !== 'matmul' || node.shape.length > 2) return undefined
  const [a, b] = node.inputs.map((input) => trace.tensorAt(input))
  if (a === undefined || b === undefined) return undefined
  const { transposeA = false, transposeB = false } = node.attributes
  return { a, b, transposeA, transposeB, k: a.shape[transposeA ? 0 : 1] ?? 1 }
}

/** What products have in common that can be joined; undefined for one that would not pay. */
function alikeProducts(product: Product | undefined, { shape: [m = 1, n = 1] }: Tensor): string | undefined {
  if (product === undefined) return undefined
  const { k, transposeA, transposeB } = product
  return k * (m + n) <= COPIES_PER_SUM * m * n ? `${k} ${transposeA} ${transposeB}` : undefined
}

/**
 * Matrices as one whose `axis` runs over that of each, those of one index side by side: rows of examples stay with
 * their example.
 */
function stacked(matrices: readonly Tensor[], axis: 0 | 1): Tensor {
  const [{ shape: [rows = 1, columns = 1] } = { shape: [] }] = matrices
  const apart = axis === 0 ? [rows, 1, columns] : [rows, columns, 1]
  const joined = concat(
    matrices.map((matrix) => reshape(matrix, apart)),
    axis + 1,
  )
  return reshape(joined, axis === 0 ? [-1, columns] : [rows, -1])
}

/**
 * The terms, of which those with one key are joined at the place of the first of them.
 *
 * @param keyOf undefined for a term that stays by itself
 */
function joinedBy(
  terms: readonly Tensor[],
  keyOf: (term: Tensor) => string | undefined,
  join: (alike: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  if (terms.length < 2) return terms
  const groups = new Map<string, Tensor[]>()
  terms.forEach((term, place) => {
    const key = keyOf(term) ?? `alone ${place}`
    const group = groups.get(key)
    if (group) group.push(term)
    else groups.set(key, [term])
  })
  if (groups.size === terms.length) return terms
  return [...groups.values()].flatMap((group) => (group.length === 1 ? group : join(group)))
}
