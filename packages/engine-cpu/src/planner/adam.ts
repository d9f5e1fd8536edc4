/** Finds a step of Adam among elementwise nodes, by core's pattern, so that one micro-op replaces twelve. */
import { ADAM_PATTERN, matchPattern } from '@gradpool/core/engine'
import { MICRO } from '../instructions.js'
import type { Graph, View } from './graph.js'

export interface AdamStep {
  readonly weight: number
  readonly mean: number
  readonly variance: number
  /** In the order of the micro-op's registers. */
  readonly operands: readonly View[]
  readonly microOp: number
  /** The nodes that the micro-op replaces, except the weight itself. */
  readonly absorbed: ReadonlySet<number>
  /** The nodes it overwrites: w, m, v. */
  readonly states: ReadonlySet<number>
}

const TENSORS = ['w', 'm', 'v', 'g'] as const
const SCALARS = ['beta1', 'rest1', 'beta2', 'rest2', 'stepSize', 'correction', 'epsilon'] as const

/** Which operands of the micro-op must be scalars, and which must not; others may be either. */
const IS_SCALAR = new Map<string, boolean>([
  ...['beta1', 'rest1', 'beta2', 'rest2', 'correction', 'epsilon'].map((name) => [name, true] as const),
  ...['m', 'v', 'g'].map((name) => [name, false] as const),
])

export function matchAdam(graph: Graph, weight: number): AdamStep | undefined {
  const match = matchPattern(ADAM_PATTERN, weight, {
    node: (index) => graph.node(index),
    capture(name, index) {
      const isScalar = graph.view(index).kind === 'scalar'
      return (IS_SCALAR.get(name) ?? isScalar) === isScalar ? index : undefined
    },
  })
  if (match === undefined) return undefined
  const { nodes, inside } = match
  const absorbed = new Set(inside)
  absorbed.delete(weight)
  const operands = [...TENSORS, ...SCALARS].map((name) => graph.view(nodes[name]))
  return {
    weight,
    mean: nodes.mean,
    variance: nodes.variance,
    operands,
    microOp: graph.view(nodes.stepSize).kind === 'scalar' ? MICRO.ADAM : MICRO.ADAM_RATES,
    absorbed,
    states: new Set(operands.slice(0, 3).map(({ node }) => node)),
  }
}
