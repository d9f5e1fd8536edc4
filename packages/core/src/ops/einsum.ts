/**
 * Sums of products by Einstein's notation, planned into matrix products.
 */
import { sizeOf } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { shapeError } from '../tracing/trace.js'
import { reshape, slice, transpose } from './layout.js'
import { asF32 } from './operands.js'
import { matmul } from './product.js'
import { pad } from './rearranging.js'
import { sum } from './reduction.js'

/** A tensor whose axes have names, a letter each. */
interface Named {
  readonly tensor: Tensor
  readonly axes: string
}

/**
 * The sum of products that a text names, as NumPy's `einsum`: `'bqd,bkd->bqk'` multiplies [b, q, d] by [b, k, d] and
 * sums over d, which is not in the result. Without `->` the result has all letters that occur once, in alphabetical
 * order, after the axes of `...`.
 *
 * A letter that an operand has twice is its diagonal: `'ii->i'`, and `'ii->'` the trace. `...` stands for any axes;
 * those of several operands broadcast: `'...ij,...jk->...ik'`.
 *
 * Operands are multiplied two at a time, as matrices; of several pairs, first the one whose product is smallest.
 *
 * @throws ShapeError where text and operands do not go together
 */
export function einsum(text: string, ...operands: readonly TensorLike[]): Tensor {
  const tensors = operands.map(asF32)
  const call = callText('einsum', tensors)
  const { inputs, output } = parsed(text, tensors, call)
  const given = tensors.map((tensor, i) => ({ tensor, axes: inputs[i] ?? '' }))
  const extents = checkedExtents(given, text, call)
  let left: readonly Named[] = given.map((one) => diagonal(broadcast(one, extents)))
  const othersAnd = (pair: readonly Named[]) =>
    output +
    left
      .filter((one) => !pair.includes(one))
      .map(axesOf)
      .join('')
  while (left.length > 1) {
    let best: readonly [Named, Named] | undefined
    let least = Infinity
    left.forEach((a, i) => {
      for (const b of left.slice(i + 1)) {
        const size = sizeOf(extentsOf([a, b], keptOf([a, b], othersAnd([a, b]))))
        if (size < least) [best, least] = [[a, b], size]
      }
    })
    if (best === undefined) break
    const [a, b] = best
    const product = multiplied(a, b, keptOf(best, othersAnd(best)))
    left = left.flatMap((one) => (one === a ? [product] : one === b ? [] : [one]))
  }
  const [last] = left
  return last ? ordered(summed(last, output), output) : sum(0)
}

interface Notation {
  /** The axes of each operand, and of the result. */
  readonly inputs: readonly string[]
  readonly output: string
}

/** A text with names in place of each `...`. */
function parsed(text: string, tensors: readonly Tensor[], call: string): Notation {
  const [given = '', declared, ...more] = text.replaceAll(' ', '').split('->')
  const terms = given.split(',')
  if (more.length > 0 || ![...terms, declared ?? ''].every((term) => /^[A-Za-z]*(\.\.\.[A-Za-z]*)?$/.test(term))) {
    throw shapeError(`${call}: "${text}" must be letters for each operand, as "ij,jk->ik"`)
  }
  if (terms.length !== tensors.length) throw shapeError(`${call}: "${text}" is of ${terms.length} operands`)
  const numUnnamed = terms.map((term, i) => {
    return term.includes(ELLIPSIS) ? Math.max(0, (tensors[i]?.rank ?? 0) - (term.length - ELLIPSIS.length)) : 0
  })
  const most = Math.max(...numUnnamed)
  const unnamed = String.fromCharCode(...Array.from({ length: most }, (_, i) => FIRST_UNNAMED + i))
  const inputs = terms.map((term, i) => term.replace(ELLIPSIS, unnamed.slice(most - (numUnnamed[i] ?? 0))))
  if (declared !== undefined) {
    const named = declared.replace(ELLIPSIS, '')
    if (new Set(named).size < named.length) {
      throw shapeError(`${call}: "${declared}" has a letter twice`)
    }
    const stray = Array.from(named).find((letter) => !given.includes(letter))
    if (stray !== undefined) throw shapeError(`${call}: no operand has the axis ${stray} of the result`)
    if (most > 0 && !declared.includes(ELLIPSIS)) {
      throw shapeError(`${call}: the result of "${text}" must have ${ELLIPSIS}, as operands do`)
    }
    return { inputs, output: declared.replace(ELLIPSIS, unnamed) }
  }
  const letters = Array.from(given.replace(/[^A-Za-z]/g, ''))
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
  return { inputs, output: unnamed + once.sort().join('') }
}

const ELLIPSIS = '...'

/** The axes of `...` are named α, β, …, the last of them alike in all operands. */
const FIRST_UNNAMED = 'α'.charCodeAt(0)

function isUnnamed(axis: string): boolean {
  return axis.charCodeAt(0) >= FIRST_UNNAMED
}

function checkedExtents(named: readonly Named[], text: string, call: string): ReadonlyMap<string, number> {
  const extents = new Map<string, number>()
  for (const { tensor, axes } of named) {
    if (tensor.rank !== axes.length) {
      throw shapeError(`${call}: "${axes}" of "${text}" has ${axes.length} axes, its operand ${tensor.rank}`)
    }
    tensor.shape.forEach((extent, axis) => {
      const letter = axes[axis] ?? ''
      const known = extents.get(letter) ?? extent
      if (known !== extent && !(isUnnamed(letter) && Math.min(known, extent) === 1)) {
        const which = isUnnamed(letter) ? `an axis of ${ELLIPSIS} in` : `the axis ${letter} of`
        throw shapeError(`${call}: ${which} "${text}" is both ${known} and ${extent}`)
      }
      extents.set(letter, Math.max(known, extent))
    })
  }
  return extents
}

/** Without axes of one element that broadcast to more. */
function broadcast({ tensor, axes }: Named, extents: ReadonlyMap<string, number>): Named {
  const kept = Array.from(axes).filter((letter, axis) => tensor.shape[axis] === extents.get(letter))
  if (kept.length === axes.length) return { tensor, axes }
  const shape = kept.map((letter) => extents.get(letter) ?? 1)
  return { tensor: reshape(tensor, shape), axes: kept.join('') }
}

/** With each letter once. */
function diagonal({ tensor, axes }: Named): Named {
  const second = Array.from(axes).findIndex((letter, axis) => axes.indexOf(letter) < axis)
  if (second === -1) return { tensor, axes }
  const letter = axes[second] ?? ''
  const first = axes.indexOf(letter)
  const others = [...tensor.shape.keys()].filter((axis) => axis !== first && axis !== second)
  const outer = others.map((axis) => tensor.shape[axis] ?? 1)
  const [extent, origin] = [tensor.shape[first] ?? 1, outer.map(() => 0)]
  // In rows one longer than they are, elements of the diagonal lie below each other.
  const flat = reshape(transpose(tensor, [...others, first, second]), [...outer, extent * extent])
  const longer = reshape(pad(flat, [...origin, 0], [...outer, extent * (extent + 1)]), [...outer, extent, extent + 1])
  const column = slice(longer, [...origin, 0, 0], [...outer, extent, 1])
  const name = others.map((axis) => axes[axis]).join('') + letter
  return diagonal({ tensor: reshape(column, [...outer, extent]), axes: name })
}

function axesOf({ axes }: Named): string {
  return axes
}

/** The letters of some tensors that are among others. */
function keptOf(named: readonly Named[], others: string): string {
  return [...new Set(named.map(axesOf).join(''))].filter((letter) => others.includes(letter)).join('')
}

function extentsOf(named: readonly Named[], letters: string): number[] {
  return Array.from(letters).map((letter) => {
    const one = named.find(({ axes }) => axes.includes(letter))
    return one?.tensor.shape[one.axes.indexOf(letter)] ?? 1
  })
}

/** Summed over what is not among these letters. */
function summed({ tensor, axes }: Named, kept: string): Named {
  const gone = Array.from(axes).flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]))
  if (gone.length === 0) return { tensor, axes }
  return {
    tensor: sum(tensor, gone),
    axes: Array.from(axes)
      .filter((letter) => kept.includes(letter))
      .join(''),
  }
}

function ordered({ tensor, axes }: Named, letters: string): Tensor {
  return transpose(
    tensor,
    Array.from(letters).map((letter) => axes.indexOf(letter)),
  )
}

/** The product of two, summed over what is not kept: a matrix product for each of what both have and is kept. */
function multiplied(a: Named, b: Named, kept: string): Named {
  const one = summed(a, kept + b.axes)
  const other = summed(b, kept + a.axes)
  const among = (axes: string, ...conditions: readonly boolean[]) =>
    Array.from(axes).filter(
      (letter) => other.axes.includes(letter) === conditions[0] && kept.includes(letter) === conditions[1],
    )
  const stack = among(one.axes, true, true).join('')
  const rows = among(one.axes, false, true).join('')
  const inner = among(one.axes, true, false).join('')
  const columns = Array.from(other.axes)
    .filter((letter) => !one.axes.includes(letter))
    .join('')
  const matrices = (named: Named, first: string, second: string): Tensor => {
    const [outer, left, right] = [stack, first, second].map((letters) => extentsOf([named], letters))
    return reshape(ordered(named, stack + first + second), [...(outer ?? []), sizeOf(left ?? []), sizeOf(right ?? [])])
  }
  // As they lie in memory, where that is the product's own order.
  const transposeA = one.axes === stack + inner + rows && inner !== ''
  const transposeB = other.axes === stack + columns + inner && inner !== ''
  const product = matmul(
    transposeA ? matrices(one, inner, rows) : matrices(one, rows, inner),
    transposeB ? matrices(other, columns, inner) : matrices(other, inner, columns),
    { transposeA, transposeB },
  )
  const axes = stack + rows + columns
  return { tensor: reshape(product, extentsOf([one, other], axes)), axes }
}
