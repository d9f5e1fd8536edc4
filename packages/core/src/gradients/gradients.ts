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
import { add } from '../ops/elementwise.js'

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
  /** By node. */
  const gradients: (Tensor | undefined)[] = []
  gradients[end.node] = constant(1)
  for (let index = end.node; index >= 0; index--) {
    const gradient = gradients[index]
    if (!gradient || !dependent[index]) continue
    const value = trace.tensorAt(index)
    const node = trace.describe(value)
    const inputs: Tensor[] = []
    for (const input of node.inputs) inputs.push(trace.tensorAt(input))
    const contributions = dispatch(gradientRules, node, { gradient, value, inputs })
    node.inputs.forEach((input, position) => {
      if (!dependent[input]) return
      const contribution = contributions?.[position]?.()
      if (!contribution) return
      const sofar = gradients[input]
      gradients[input] = sofar ? add(sofar, contribution) : contribution
    })
  }
  return wrt.map((x) => gradients[x.node] ?? constant(0, x.shape))
}

/** Of each node up to `end`, whether its value, and so the loss, may change smoothly with one of `sources`. */
function dependentNodes(trace: Trace, end: number, sources: ReadonlySet<number>): boolean[] {
  const dependent: boolean[] = []
  for (let index = 0; index <= end; index++) {
    const { op, inputs } = trace.describe(trace.tensorAt(index))
    const passes = gradientRules[op] !== null && inputs.some((input) => dependent[input])
    dependent.push(sources.has(index) || passes)
  }
  return dependent
}
