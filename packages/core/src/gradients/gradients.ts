/**
 * Reverse-mode differentiation of what has been traced (Griewank and Walther, Evaluating Derivatives, 2008, chapter 3).
 *
 * The gradient is made of the same ops, in the same trace, so it can be differentiated again.
 */
import type { Tensor } from '../tracing/tensor.js'
import { currentTrace, shapeError, type Trace, userError } from '../tracing/trace.js'
import { dispatch } from '../program/node.js'
import { gradientRules } from './gradient-rules.js'
import { constant } from '../ops/constant.js'
import { total } from './total.js'

/**
 * The gradients of a loss, one for each tensor of `wrt`, of its shape.
 *
 * @param loss f32 scalar
 * @param wrt f32 tensors that the loss was computed from: states, or anything on the way; one that the loss does not
 *   depend on gets zeros
 * @throws ShapeError where the loss is not an f32 scalar
 * @throws UserError where `wrt` has a tensor of integers
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const trace = currentTrace()
  const end = trace.tensor(loss)
  if (end.rank > 0 || end.dtype !== 'f32') {
    throw shapeError(`grad: the loss must be an f32 scalar, not ${end.toString()}: take its mean or sum`)
  }
  for (const x of wrt) {
    if (trace.tensor(x).dtype !== 'f32') {
      throw userError(`grad: a tensor of dtype ${x.dtype} has no gradient`)
    }
  }
  const dependent = dependentNodes(trace, end.node, new Set(wrt.map(({ node }) => node)))
  /** By node, of each of its uses. */
  const given = new Map<number, Tensor[]>([[end.node, [constant(1)]]])
  const gradients = new Map<number, Tensor>()
  for (const index of [...dependent].toReversed()) {
    const contributed = given.get(index)
    if (!contributed) continue
    const gradient = total(trace, contributed)
    gradients.set(index, gradient)
    const value = trace.tensorAt(index)
    const node = trace.describe(value)
    const inputs = node.inputs.map((input) => trace.tensorAt(input))
    const contributions = dispatch(gradientRules, node, { gradient, value, inputs })
    node.inputs.forEach((input, position) => {
      if (!dependent.has(input)) return
      const contribution = contributions?.[position]?.()
      if (!contribution) return
      const before = given.get(input)
      if (before) before.push(contribution)
      else given.set(input, [contribution])
    })
  }
  return wrt.map((x) => gradients.get(x.node) ?? constant(0, x.shape))
}

/** The nodes up to `end` whose value, and so the loss, may change smoothly with one of `sources`; in order. */
function dependentNodes(trace: Trace, end: number, sources: ReadonlySet<number>): Set<number> {
  const dependent = new Set<number>()
  for (let index = 0; index <= end; index++) {
    const { op, inputs } = trace.describe(trace.tensorAt(index))
    const passes = gradientRules[op] !== null && inputs.some((input) => dependent.has(input))
    if (sources.has(index) || passes) dependent.add(index)
  }
  return dependent
}
