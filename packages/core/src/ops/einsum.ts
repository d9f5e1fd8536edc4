/**
 * Sums of products by Einstein's notation, planned into matrix products.
 */
import { sizeOf } from '../program/dtype.js'
import { callText } from '../program/shape-inference.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { shapeError } from '../tracing/trace.js'
import { reshape, transpose } from './layout.js'
import { asF32 } from './operands.js'
import { matmul } from './product.js'
import { sum } from './reduction.js'

/** A tensor whose axes have names, a letter each. */
interface Named {
  readonly tensor: Tensor
  readonly axes: string
}

/**
 * The sum of products that a text names, as NumPy's `einsum`: `'bqd,bkd->bqk'` multiplies [b, q, d] by [b, k, d] and
 * sums over d, which is not in the result. Without `->` the result has all letters that occur once, in alphabetical
 * order.
 *
 * Operands are multiplied two at a time, as matrices; of several pairs, first the one whose product is smallest. An
 * operand has each letter once (there are no diagonals), and there is no `…`.
 *
 * @throws ShapeError where text and operands do not go together
 */
export function einsum(text: string, ...operands: readonly TensorLike[]): Tensor {
  const tensors = operands.map(asF32)
  const call = callText('einsum', tensors)
  const { inputs, output } = parsed(text, call)
  if (inputs.length !== tensors.length || tensors.length === 0) {
    throw shapeError(`${call}: "${text}" is of ${inputs.length} operands`)
  }
  let left: readonly Named[] = tensors.map((tensor, i) => ({ tensor, axes: inputs[i] ?? '' }))
  checkExtents(left, text, call)
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

function parsed(text: string, call: string): { inputs: readonly string[]; output: string } {
  const [, given = '', , declared] = /^([A-Za-z,]*)(->([A-Za-z]*))?$/.exec(text.replaceAll(' ', '')) ?? []
  if (given === '' && !/^(->)?$/.test(text.replaceAll(' ', ''))) {
    throw shapeError(`${call}: "${text}" must be letters for each operand, as "ij,jk->ik"`)
  }
  const inputs = given.split(',')
  for (const axes of [...inputs, declared ?? '']) {
    if (new Set(axes).size < axes.length) throw shapeError(`${call}: "${axes}" has a letter twice`)
  }
  const all = inputs.join('')
  const stray = Array.from(declared ?? '').find((letter) => !all.includes(letter))
  if (stray !== undefined) throw shapeError(`${call}: no operand has the axis ${stray} of the result`)
  const once = Array.from(all).filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter))
  return { inputs, output: declared ?? once.sort().join('') }
}

function checkExtents(named: readonly Named[], text: string, call: string): void {
  const extents = new Map<string, number>()
  for (const { tensor, axes } of named) {
    if (tensor.rank !== axes.length) {
      throw shapeError(`${call}: "${axes}" of "${text}" has ${axes.length} axes, its operand ${tensor.rank}`)
    }
    tensor.shape.forEach((extent, axis) => {
      const letter = axes[axis] ?? ''
      const known = extents.get(letter) ?? extent
      if (known !== extent) throw shapeError(`${call}: the axis ${letter} of "${text}" is both ${known} and ${extent}`)
      extents.set(letter, extent)
    })
  }
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
