/**
 * Finds updates that TensorFlow has a single op for: Adam, momentum, and plain gradient descent, by the patterns of
 * core's optimizers. Other updates are computed node by node.
 */
import {
  ADAM_CONSTANTS,
  ADAM_PATTERN,
  fillValue,
  matchPattern,
  SGD_PATTERNS,
  type AdamOperand,
  type Match,
  type MomentumOperand,
  type Pattern,
  type Program,
} from '@gradpool/core/engine'

interface Fused<Kind extends string, Operand extends string> {
  readonly kind: Kind
  /** The states that the op updates: the weight, then its slots in the op's order. */
  readonly states: readonly string[]
  readonly nodes: Match<Operand>['nodes']
}

export type FusedUpdate =
  Fused<'adam', AdamOperand> | Fused<'momentum' | 'nesterov', MomentumOperand> | Fused<'descent', 'w' | 'rate' | 'g'>

/** What kind of node a name may stand for; names that are not here stand for any node. */
const SCALARS = new Set(['rate', 'momentum', 'stepSize', 'correction', 'epsilon'])
const CONSTANTS = new Set(['beta1', 'rest1', 'beta2', 'rest2'])
const STATES = new Set(['m', 'v', 'b'])
/** Sizes below which Adam flushes; TensorFlow's op does not, which is a difference of rounding. */
const FIXED = new Map<string, number>(Object.entries(ADAM_CONSTANTS))

/** The updates of a Program that TensorFlow has a single op for. No state is in two of them. */
export function fusedUpdates(program: Program): FusedUpdate[] {
  const stateOf = new Map(program.states.map(({ name, node }) => [node, name]))

  /** The node that a broadcast repeats; any other node itself. */
  const source = (index: number): number => {
    const { op, inputs } = program.node(index)
    return op === 'broadcast' ? source(inputs[0] ?? -1) : index
  }

  const find = <Kind extends string, Operand extends string>(
    kind: Kind,
    pattern: Pattern<Operand>,
    slots: readonly NoInfer<Operand>[],
    { name: state, node: update }: Program['updates'][number],
  ) => {
    const capture = (name: Operand, index: number): number | undefined => {
      const origin = source(index)
      const isConstant = fillValue(program.node(origin)) !== undefined
      const fixed = FIXED.get(name)
      if (fixed !== undefined) return fillValue(program.node(origin)) === fixed ? origin : undefined
      if (CONSTANTS.has(name)) return isConstant ? origin : undefined
      if (SCALARS.has(name)) {
        return isConstant || program.node(origin).shape.length === 0 ? origin : undefined
      }
      // The weight that Adam updates may have been changed first, as by weight decay.
      if (name === 'w' && kind !== 'adam' && stateOf.get(index) !== state) return undefined
      return !STATES.has(name) || stateOf.has(index) ? index : undefined
    }
    const match = matchPattern(pattern, update, { node: (index) => program.node(index), capture })
    if (match === undefined) return undefined
    const { nodes, inside } = match
    const states = [state, ...slots.map((slot) => stateOf.get(nodes[slot]) ?? '')]
    return { kind, states, nodes, isWhole: isContained(program, inside, states) }
  }

  return program.updates.flatMap((update): FusedUpdate[] => {
    const { momentum, nesterov, descent } = SGD_PATTERNS
    const found =
      find('adam', ADAM_PATTERN, ['m', 'v'], update) ??
      find('momentum', momentum, ['b'], update) ??
      find('nesterov', nesterov, ['b'], update) ??
      find('descent', descent, [], update)
    return found?.isWhole ? [found] : []
  })
}

/** Whether nothing but the next values of these states is needed of these nodes. */
function isContained(program: Program, nodes: ReadonlySet<number>, states: readonly string[]) {
  const { updates, results } = program
  const readers = program.nodes.filter((_, index) => !nodes.has(index))
  const read = readers.flatMap(({ inputs }) => inputs)
  const left = updates.filter(({ name, node }) => states.includes(name) && nodes.has(node))
  const needed = [...read, ...[...updates, ...results].map(({ node }) => node)]
  return left.length === states.length && needed.filter((node) => nodes.has(node)).length === left.length
}

/**
 * The ratio of TensorFlow's m or v to core's. `ResourceApplyAdam` computes m + (g - m)(1 - beta1) in f32; core adds
 * beta1 m and g times the rounded constant 1 - beta1. In f32, 1 - (1 - beta) is beta, so both decay alike, and
 * TensorFlow's m and v are core's times a constant near 1 (0.99998713 for beta 0.999). The learning rate and epsilon
 * are scaled accordingly, so the weights differ by rounding only.
 */
export function slotScale(program: Program, decay: number, rest: number): number {
  const value = (node: number) => fillValue(program.node(node)) ?? NaN
  return Math.fround(1 - Math.fround(value(decay))) / value(rest)
}
