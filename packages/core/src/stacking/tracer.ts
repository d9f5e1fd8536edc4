/**
 * Traces the Program of a stack, node by node, from the Programs of its replicas.
 */
import { invariant } from '../errors.js'
import { zeros } from '../random/initializers.js'
import type { Input, Program } from '../program/program.js'
import { Tensor } from '../tracing/tensor.js'
import { traceProgram, type Trace } from '../tracing/trace.js'
import type { JointNode, JointProgram } from './joint-nodes.js'
import { stackingRules, type Value } from './rules.js'
import { beforeLast, fills, FIRST, spread, StackedValue } from './stacked-value.js'

/** Where the replica axis of each state is; a state that all replicas share is not here. */
export type Axes = ReadonlyMap<string, number>

export interface Traced {
  readonly program: Program
  /** Where the states' axes had better be, as nothing is moved then. */
  readonly natural: Axes
}

/** Undefined where an op does not stack. */
export function traceStack(
  joint: JointProgram,
  numReplicas: number,
  axes: Axes,
): Traced | undefined {
  let natural: Axes | undefined
  const program = traceProgram((trace) => {
    natural = new Tracer(trace, joint, numReplicas, axes).trace()
  })
  return natural && { program, natural }
}

/** The states that may differ between replicas: those that random numbers, or other such states, have a part in. */
export function differingStates({ nodes, inputs, updates }: JointProgram): ReadonlySet<string> {
  const updateOf = new Map(updates.map(({ name, node }) => [name, node]))
  const states = inputs.filter((input) => input.role === 'state')
  const differing = new Set(
    states
      // One without an update may be given any value: that of a stage before.
      .filter(({ name, initializer }) => initializer.kind !== 'constant' || !updateOf.has(name))
      .map(({ node }) => node),
  )
  for (;;) {
    const dependent = new Set(differing)
    for (const [index, { node, fills }] of nodes.entries()) {
      if (fills || node.inputs.some((input) => dependent.has(input))) dependent.add(index)
    }
    const more = states.filter(
      ({ name, node }) => !differing.has(node) && dependent.has(updateOf.get(name) ?? -1),
    )
    if (more.length === 0) break
    for (const { node } of more) differing.add(node)
  }
  return new Set(states.filter(({ node }) => differing.has(node)).map(({ name }) => name))
}

class Tracer {
  readonly #trace: Trace
  readonly #joint: JointProgram
  readonly #numReplicas: number
  readonly #axes: Axes
  readonly #values: Value[] = []

  constructor(trace: Trace, joint: JointProgram, numReplicas: number, axes: Axes) {
    this.#trace = trace
    this.#joint = joint
    this.#numReplicas = numReplicas
    this.#axes = axes
  }

  /** @returns where the states' axes had better be; undefined where an op does not stack */
  trace(): Axes | undefined {
    const { nodes, inputs, updates, results } = this.#joint
    const sources = new Map(inputs.map((input) => [input.node, input]))
    for (const [index, joint] of nodes.entries()) {
      const source = sources.get(index)
      const value = source ? this.#input(source, joint) : this.#computed(joint)
      if (value === undefined) return undefined
      this.#values.push(value)
    }
    for (const { name, node } of updates) {
      const value = this.#value(node)
      const axis = this.#axes.get(name)
      this.#trace.update(name, axis === undefined ? shared(value) : this.#at(value, axis))
    }
    for (const { name, node } of results) {
      this.#trace.result(name, this.#at(this.#value(node), FIRST))
    }
    return this.#natural()
  }

  #input({ role, name }: Input, { node: { shape, dtype } }: JointNode): Value | undefined {
    switch (role) {
      case 'state': {
        const axis = this.#axes.get(name)
        if (axis === undefined) return this.#trace.state(name, shape, zeros)
        const state = this.#trace.state(name, shape.toSpliced(axis, 0, this.#numReplicas), zeros)
        return StackedValue.of(state, axis)
      }
      case 'batch':
        return this.#trace.batch(name, dtype, shape)
      case 'step':
        return this.#trace.step()
      case 'seed':
        return undefined
    }
  }

  #computed({ node, fills: numbers }: JointNode): Value | undefined {
    if (numbers !== undefined) return fills(numbers, node)
    const { op, attributes, shape, dtype } = node
    const operands = node.inputs.map((input) => this.#value(input))
    if (operands.every((operand) => operand instanceof Tensor)) {
      return this.#trace.node({ op, inputs: operands, attributes, shape, dtype })
    }
    return stackingRules[op]?.({ node, operands, numReplicas: this.#numReplicas })
  }

  /** A state had better lie as its update comes out; one that is never updated, as it is read. */
  #natural(): Axes {
    const updates = new Map(this.#joint.updates.map(({ name, node }) => [name, node]))
    const states = this.#joint.inputs.filter(({ name }) => this.#axes.has(name))
    return new Map(
      states.map(({ name, node }) => {
        const state = this.#value(node)
        invariant(state instanceof StackedValue, `state ${name} is stacked`)
        const update = updates.get(name)
        const next = update === undefined ? undefined : this.#value(update)
        if (next instanceof StackedValue) return [name, next.axis ?? FIRST]
        const isReadAside = state.places.size > 0 && !state.places.has(FIRST)
        return [name, isReadAside ? beforeLast(state.shape) : FIRST]
      }),
    )
  }

  #at(value: Value, axis: number): Tensor {
    return value instanceof StackedValue ? value.at(axis) : spread(value, axis, this.#numReplicas)
  }

  #value(index: number): Value {
    const value = this.#values[index]
    invariant(value !== undefined, `node ${index} is stacked before it is read`)
    return value
  }
}

function shared(value: Value): Tensor {
  invariant(value instanceof Tensor, 'what all replicas share does not depend on what they do not')
  return value
}
