/**
 * Finds a step of Adam, by core's pattern, among elementwise nodes, so that one micro-op does it in
 * place of twelve.
 */
import { ADAM_PATTERN, matchPattern } from '@gradpool/core/engine'
import type { Graph, View } from './graph.js'

export interface AdamStep {
  readonly weight: number
  readonly mean: number
  readonly variance: number
  /** In the order of the micro-op's registers. */
  readonly operands: readonly View[]
  /** Elements have step sizes of their own. */
  readonly hasRates: boolean
  /** The nodes the micro-op stands for, but the weight itself. */
  readonly absorbed: ReadonlySet<number>
  /** The nodes it overwrites: w, m, v. */
  readonly states: ReadonlySet<number>
}

const TENSORS = ['w', 'm', 'v', 'g'] as const
const SCALARS = ['beta1', 'rest1', 'beta2', 'rest2', 'stepSize', 'correction', 'epsilon'] as const

/** What must be a scalar to the micro-op, and what must not; any other may be either. */
const IS_SCALAR = new Map<string, boolean>([
  ...['beta1', 'rest1', 'beta2', 'rest2', 'correction', 'epsilon'].map((name) => [name, true] as const),
  ...['m', 'v', 'g'].map((name) => [name, false] as const),
])

/** What was found, by graph and weight: a plan is written twice. */
const found = new WeakMap<Graph, Map<number, AdamStep | undefined>>()

export function matchAdam(graph: Graph, weight: number): AdamStep | undefined {
  const known = found.get(graph) ?? new Map<number, AdamStep | undefined>()
  found.set(graph, known)
  if (!known.has(weight)) known.set(weight, findAdam(graph, weight))
  return known.get(weight)
}

function findAdam(graph: Graph, weight: number): AdamStep | undefined {
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
    hasRates: graph.view(nodes.stepSize).kind !== 'scalar',
    absorbed,
    states: new Set(operands.slice(0, 3).map(({ node }) => node)),
  }
}
