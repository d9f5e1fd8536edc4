/**
 * Finds updates that one op of TensorFlow makes: Adam, momentum, and plain gradient descent, by the
 * patterns of core's optimizers. What is not found is computed node by node.
 */
import {
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

interface Fused<Kind extends string, Operand extends string, Slot extends Operand> {
  readonly kind: Kind
  readonly state: string
  /** The states that the op updates besides. */
  readonly slots: Readonly<Record<Slot, string>>
  readonly nodes: Match<Operand>['nodes']
}

export type FusedUpdate =
  | Fused<'adam', AdamOperand, 'm' | 'v'>
  | Fused<'momentum' | 'nesterov', MomentumOperand, 'b'>
  | Fused<'descent', 'w' | 'rate' | 'g', never>

/** What a node must be to stand for a name; any other may be any node. */
const SCALARS = new Set(['rate', 'momentum', 'stepSize', 'correction', 'epsilon'])
const CONSTANTS = new Set(['beta1', 'rest1', 'beta2', 'rest2'])
const STATES = new Set(['m', 'v', 'b'])

/** The updates of a Program that one op makes. No state is in two of them. */
export function fusedUpdates(program: Program): FusedUpdate[] {
  const stateOf = new Map(program.states.map(({ name, node }) => [node, name]))

  /** What a node is a broadcast of, or itself. */
  const source = (index: number): number => {
    const { op, inputs } = program.node(index)
    return op === 'broadcast' ? source(inputs[0] ?? -1) : index
  }

  const find = <Kind extends string, Operand extends string, Slot extends Operand>(
    kind: Kind,
    pattern: Pattern<Operand>,
    slots: readonly Slot[],
    { name: state, node: update }: Program['updates'][number],
  ) => {
    const capture = (name: Operand, index: number): number | undefined => {
      const origin = source(index)
      const isConstant = fillValue(program.node(origin)) !== undefined
      if (CONSTANTS.has(name)) return isConstant ? origin : undefined
      if (SCALARS.has(name)) {
        return isConstant || program.node(origin).shape.length === 0 ? origin : undefined
      }
      // Adam takes a weight that has been changed before, as by weight decay.
      if (name === 'w' && kind !== 'adam' && stateOf.get(index) !== state) return undefined
      return !STATES.has(name) || stateOf.has(index) ? index : undefined
    }
    const match = matchPattern(pattern, update, { node: (index) => program.node(index), capture })
    if (match === undefined) return undefined
    const { nodes, inside } = match
    const named = slots.map((slot) => [slot, stateOf.get(nodes[slot]) ?? ''] as const)
    const updated = [state, ...named.map(([, name]) => name)]
    const isWhole = isContained(program, inside, updated)
    // Each slot has its state.
    return { kind, state, slots: Object.fromEntries(named) as Record<Slot, string>, nodes, isWhole }
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

/** Whether of these nodes nothing else needs but the next values of these states. */
function isContained(program: Program, nodes: ReadonlySet<number>, states: readonly string[]) {
  const { updates, results } = program
  const readers = program.nodes.filter((_, index) => !nodes.has(index))
  const read = readers.flatMap(({ inputs }) => inputs)
  const left = updates.filter(({ name, node }) => states.includes(name) && nodes.has(node))
  const needed = [...read, ...[...updates, ...results].map(({ node }) => node)]
  return left.length === states.length && needed.filter((node) => nodes.has(node)).length === left.length
}

/**
 * What TensorFlow's m and v are core's times. `ResourceApplyAdam` keeps m + (g - m)(1 - beta1) in
 * f32, where core adds beta1 m and the rounded constant 1 - beta1 times g. In f32, 1 - (1 - beta)
 * is beta, so both decay alike, and TensorFlow's m and v are core's times a constant near 1 (for
 * beta 0.999, 0.99998713). Learning rate and epsilon are scaled to fit, so that the weights are the
 * same but for rounding.
 */
export function slotScale(program: Program, decay: number, rest: number): number {
  const value = (node: number) => fillValue(program.node(node)) ?? NaN
  return Math.fround(1 - Math.fround(value(decay))) / value(rest)
}
