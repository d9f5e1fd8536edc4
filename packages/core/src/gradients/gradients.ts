/**
 * Reverse-mode differentiation of what has been traced (Griewank and Walther, Evaluating Derivatives, 2008, chapter 3).
 *
 * The gradient is made of the same ops, in the same trace, so it can be differentiated again.
 */
import type { Tensor } from '../tracing/tensor.js'
import { type Checkpoint, currentTrace, shapeError, type Trace, userError } from '../tracing/trace.js'
import { dispatch } from '../program/node.js'
import { gradientRules } from './gradient-rules.js'
import { Recomputed } from './checkpoint.js'
import { constant } from '../ops/constant.js'
import { settled, total } from './total.js'

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
  const recomputed = new Recomputed(trace, end.node)
  /** By node, of each of its uses. */
  const given = new Map<number, Tensor[]>([[end.node, [constant(1)]]])
  /** Those that have one more since a checkpoint was left. */
  const unsettled = new Map<number, readonly Tensor[]>()
  const gradients = new Map<number, Tensor>()
  let checkpoint: Checkpoint | undefined
  for (const index of [...dependent].toReversed()) {
    const before = checkpoint
    checkpoint = recomputed.checkpointOf(index)
    if (before !== undefined && checkpoint !== before) {
      // What it computed again is needed no longer than this.
      for (const [node, contributions] of unsettled) given.set(node, settled(trace, contributions))
      unsettled.clear()
    }
    const contributed = given.get(index)
    if (!contributed) continue
    unsettled.delete(index)
    const gradient = total(trace, contributed)
    gradients.set(index, gradient)
    const node = trace.describe(trace.tensorAt(index))
    const value = recomputed.of(index)
    const inputs = node.inputs.map((input) => recomputed.of(input))
    const contributions = dispatch(gradientRules, node, { gradient, value, inputs })
    node.inputs.forEach((input, position) => {
      if (!dependent.has(input)) return
      const contribution = contributions?.[position]?.()
      if (!contribution) return
      const ofInput = given.get(input) ?? []
      ofInput.push(contribution)
      given.set(input, ofInput)
      unsettled.set(input, ofInput)
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
