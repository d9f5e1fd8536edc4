/**
 * Finds a step of Adam among elementwise nodes, so that one micro-op does it in place of twelve.
 *
 * The pattern is the one `adam()` of core traces:
 *
 *     m' = flush(add(mul(beta1, m), mul(oneMinusBeta1, g)))
 *     v' = flush(add(mul(beta2, v), mul(oneMinusBeta2, mul(g, g))))
 *     w' = sub(w, div(mul(stepSize, m'), add(mul(sqrt(v'), correction), epsilon)))
 *
 * A product's factors may stand in either order, which does not change a bit.
 */
import type { Node } from '@gradpool/core'
import type { Graph, View } from './graph.js'

export interface AdamStep {
  readonly weight: number
  readonly mean: number
  readonly variance: number
  /**
   * w, m, v, g, beta1, 1-beta1, beta2, 1-beta2, stepSize, correction, epsilon; all but the first
   * four and stepSize scalars.
   */
  readonly operands: readonly View[]
  /**
   * Elements have step sizes of their own, as in a stack of trainings with other learning rates.
   */
  readonly hasRates: boolean
  /** The nodes the micro-op stands for, but the weight itself. */
  readonly absorbed: ReadonlySet<number>
  /** The nodes it overwrites: w, m, v. */
  readonly states: ReadonlySet<number>
}

export function matchAdam(graph: Graph, weight: number): AdamStep | undefined {
  const absorbed = new Set<number>()

  /** The operands of `view`'s node if it is `op` read element by element. */
  const open = (view: View | undefined, op: Node['op']): View[] | undefined => {
    if (view?.kind !== 'full' || graph.node(view.node).op !== op) return undefined
    absorbed.add(view.node)
    return graph.views(view.node)
  }
  /** A product of a scalar and a tensor, as [scalar, tensor]. */
  const openScaled = (view: View | undefined): readonly [View, View] | undefined => {
    const [a, b] = open(view, 'mul') ?? []
    if (!a || !b) return undefined
    if (a.kind === 'scalar' && b.kind !== 'scalar') return [a, b]
    if (b.kind === 'scalar' && a.kind !== 'scalar') return [b, a]
    return undefined
  }

  /** The product of the step size and the mean, which is the one that was flushed. */
  const openStep = (view: View | undefined): readonly (View | undefined)[] => {
    const [a, b] = open(view, 'mul') ?? []
    const isMean = a?.kind === 'full' && graph.node(a.node).op === 'flush'
    return isMean ? [b, a] : [a, b]
  }

  const top: View = { kind: 'full', node: weight }
  const [w, quotient] = open(top, 'sub') ?? []
  const [numerator, denominator] = open(quotient, 'div') ?? []
  const [stepSize, mean] = openStep(numerator)
  const [scaledRoot, epsilon] = open(denominator, 'add') ?? []
  const [correction, root] = openScaled(scaledRoot) ?? []
  const [variance] = open(root, 'sqrt') ?? []
  const [meanSum] = open(mean, 'flush') ?? []
  const [oldMean, newMean] = open(meanSum, 'add') ?? []
  const [beta1, m] = openScaled(oldMean) ?? []
  const [oneMinusBeta1, g] = openScaled(newMean) ?? []
  const [varianceSum] = open(variance, 'flush') ?? []
  const [oldVariance, newVariance] = open(varianceSum, 'add') ?? []
  const [beta2, v] = openScaled(oldVariance) ?? []
  const [oneMinusBeta2, square] = openScaled(newVariance) ?? []
  const [left, right] = open(square, 'mul') ?? []

  if (
    !w ||
    !m ||
    !v ||
    !g ||
    !mean ||
    !variance ||
    !beta1 ||
    !oneMinusBeta1 ||
    !beta2 ||
    !oneMinusBeta2
  )
    return undefined
  if (!stepSize || !correction || epsilon?.kind !== 'scalar') return undefined
  if (left?.node !== g.node || right?.node !== g.node) return undefined
  absorbed.delete(weight)
  return {
    weight,
    mean: mean.node,
    variance: variance.node,
    operands: [
      w,
      m,
      v,
      g,
      beta1,
      oneMinusBeta1,
      beta2,
      oneMinusBeta2,
      stepSize,
      correction,
      epsilon,
    ],
    hasRates: stepSize.kind !== 'scalar',
    absorbed,
    states: new Set([w.node, m.node, v.node]),
  }
}
