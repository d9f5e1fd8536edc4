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
import { operands } from '../program/operand-checks.js'
import type { Shape } from '../program/dtype.js'
import { Tensor } from '../tracing/tensor.js'
import type { Trace } from '../tracing/trace.js'

/**
 * A product of [m, k] and [k, n] is joined to others where copying its factors, k · (m + n) elements, takes no longer
 * than adding it up: m · n elements that are written, read twice and written again.
 */
const COPIES_PER_SUM = 2

/** @param contributions one or more, of one shape, in the order in which differentiation meets them */
export function total(trace: Trace, contributions: readonly Tensor[]): Tensor {
  return joinedProducts(trace, joinedBlocks(trace, contributions)).reduce((sum, each) => add(sum, each))
}

/** Contributions of the same total, of which all but blocks are one. */
export function settled(trace: Trace, contributions: readonly Tensor[]): Tensor[] {
  const isBlock = (term: Tensor): boolean => blockOf(trace, term) !== undefined
  const others = contributions.filter((term) => !isBlock(term))
  if (others.length < 2) return [...contributions]
  return [total(trace, others), ...contributions.filter(isBlock)]
}

/** A term of a sum that can be joined to others of the same key. */
interface Part {
  readonly term: Tensor
  readonly key: string
}

/** One or more. */
type Some<Element> = readonly [Element, ...Element[]]

/** What is set into zeros along one axis, from `start` to `end`. */
interface Block extends Part {
  readonly tensor: Tensor
  readonly axis: number
  readonly start: number
  readonly end: number
}

/** Blocks that lie side by side along an axis of one value of zeros become one, at the place of the first. */
function joinedBlocks(trace: Trace, terms: readonly Tensor[]): readonly Tensor[] {
  return joinedBy(
    terms,
    (term) => blockOf(trace, term),
    (blocks) => {
      const [{ term, axis }] = blocks
      const runs: [Block, ...Block[]][] = []
      /** By where it ends. */
      const open = new Map<number, [Block, ...Block[]]>()
      for (const block of [...blocks].sort((a, b) => a.start - b.start)) {
        const before = open.get(block.start)
        const run = before ?? [block]
        if (before) {
          open.delete(block.start)
          before.push(block)
        } else {
          runs.push(run)
        }
        open.set(block.end, run)
      }
      return runs.map((run) => {
        const joined = concat(
          run.map(({ tensor }) => tensor),
          axis,
        )
        const before = term.shape.map((_, each) => (each === axis ? run[0].start : 0))
        return padWithZeros(joined, before, term.shape)
      })
    },
  )
}

/** A value as a block, if it is one set into zeros along one axis alone. */
function blockOf(trace: Trace, term: Tensor): Block | undefined {
  const node = trace.describe(term)
  if (node.op !== 'pad') return undefined
  const [tensor] = operands(
    node.inputs.map((input) => trace.tensorAt(input)),
    1,
  )
  const [block, ...others] = tensor.shape.flatMap((extent, axis): Block[] => {
    if (extent === term.shape[axis]) return []
    const start = node.attributes.before[axis] ?? 0
    return [{ term, key: String(axis), tensor, axis, start, end: start + extent }]
  })
  return others.length === 0 ? block : undefined
}

interface Product extends Part {
  readonly a: Tensor
  readonly b: Tensor
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/** Products with one inner extent become one, at the place of the first. */
function joinedProducts(trace: Trace, terms: readonly Tensor[]): readonly Tensor[] {
  return joinedBy(
    terms,
    (term) => productOf(trace, term),
    (alike) => {
      const [{ a, b, transposeA, transposeB }] = alike
      // The last uses of a value come first: in the order of the uses, what is joined here is that of other joins, too.
      const products = [...alike].reverse()
      const left = stacked(
        products.map(({ a }) => a),
        a.shape,
        transposeA ? 0 : 1,
      )
      const right = stacked(
        products.map(({ b }) => b),
        b.shape,
        transposeB ? 1 : 0,
      )
      return [matmul(left, right, { transposeA, transposeB })]
    },
  )
}

/** A value as a product of matrices that can be joined to others, if it is one for which that pays. */
function productOf(trace: Trace, term: Tensor): Product | undefined {
  const node = trace.describe(term)
  if (node.op !== 'matmul' || node.shape.length > 2) return undefined
  const [a, b] = operands(
    node.inputs.map((input) => trace.tensorAt(input)),
    2,
  )
  if (a.size + b.size > COPIES_PER_SUM * term.size) return undefined
  const { transposeA = false, transposeB = false } = node.attributes
  // The terms are of one shape: a factor of one shape has one inner extent.
  return { term, key: `${a.shape.join(' ')} ${transposeA} ${transposeB}`, a, b, transposeA, transposeB }
}

/**
 * Matrices of one shape as one whose `axis` runs over that of each, those of one index side by side: rows of examples
 * stay with their example.
 */
function stacked(matrices: readonly Tensor[], shape: Shape, axis: 0 | 1): Tensor {
  const apart = shape.toSpliced(axis + 1, 0, 1)
  const joined = concat(
    matrices.map((matrix) => reshape(matrix, apart)),
    axis + 1,
  )
  return reshape(joined, shape.with(axis, -1))
}

/**
 * The terms, of which those with one key are joined at the place of the first of them.
 *
 * @param partOf undefined for a term that stays by itself
 */
function joinedBy<P extends Part>(
  terms: readonly Tensor[],
  partOf: (term: Tensor) => P | undefined,
  join: (alike: Some<P>) => readonly Tensor[],
): readonly Tensor[] {
  const groups = new Map<string, [P, ...P[]]>()
  const places: (Tensor | Some<P>)[] = []
  for (const term of terms) {
    const part = partOf(term)
    const group = part && groups.get(part.key)
    if (group) {
      group.push(part)
    } else if (part) {
      const begun: [P, ...P[]] = [part]
      groups.set(part.key, begun)
      places.push(begun)
    } else {
      places.push(term)
    }
  }
  return places.flatMap((place) => {
    if (place instanceof Tensor) return place
    return place.length === 1 ? place[0].term : join(place)
  })
}
