/**
 * Finds updates that one op of TensorFlow makes: Adam, momentum, and plain gradient descent, as
 * core's optimizers trace them (optimizers/*.ts there). What is not found is computed node by node.
 *
 * `ResourceApplyAdam` keeps m + (g - m)(1 - beta1) in f32, where core adds beta1 m and the rounded
 * constant 1 - beta1 times g. In f32, 1 - (1 - beta) is beta, so both decay alike, and TensorFlow's
 * m and v are core's times a constant near 1 (for beta 0.999, 0.99998713): `slotScale`. Learning
 * rate and epsilon are scaled to fit, so that the weights are the same but for rounding.
 */
import { fillValue, type Node, type OpName, type Program } from '@gradpool/core'

export type FusedUpdate =
  | {
      readonly kind: 'adam'
      readonly state: string
      readonly slots: { readonly m: string; readonly v: string }
      /** Nodes: the weight before the change, the gradient, and scalars. */
      readonly weight: number
      readonly gradient: number
      readonly stepSize: number
      readonly correction: number
      readonly epsilon: number
      readonly beta1: number
      readonly beta2: number
      /** What TensorFlow's m and v are core's times. */
      readonly slotScale: { readonly m: number; readonly v: number }
    }
  | {
      readonly kind: 'momentum'
      readonly state: string
      readonly slots: { readonly accumulator: string }
      readonly gradient: number
      readonly learningRate: number
      readonly momentum: number
      readonly nesterov: boolean
    }
  | {
      readonly kind: 'descent'
      readonly state: string
      readonly slots: Readonly<Record<string, never>>
      readonly gradient: number
      readonly learningRate: number
    }

/** The updates of a Program that one op makes. No state is in two of them. */
export function fusedUpdates(program: Program): FusedUpdate[] {
  const matcher = new Matcher(program)
  return program.updates.flatMap(({ name, node }) => {
    const fused =
      matcher.adam(name, node) ?? matcher.momentum(name, node) ?? matcher.descent(name, node)
    return fused && matcher.isContained(fused, node) ? [fused] : []
  })
}

class Matcher {
  readonly #program: Program
  readonly #readers: ReadonlyMap<number, number>
  readonly #stateOf: ReadonlyMap<number, string>
  /** Nodes that the op under examination stands for. */
  #absorbed = new Set<number>()

  constructor(program: Program) {
    this.#program = program
    const readers = new Map<number, number>()
    const read = (index: number) => readers.set(index, (readers.get(index) ?? 0) + 1)
    for (const { inputs } of program.nodes) inputs.forEach(read)
    for (const { node } of [...program.updates, ...program.results]) read(node)
    this.#readers = readers
    this.#stateOf = new Map(program.states.map(({ name, node }) => [node, name]))
  }

  adam(state: string, update: number): FusedUpdate | undefined {
    this.#absorbed = new Set()
    const [weight, quotient] = this.#open(update, 'sub')
    const [numerator, denominator] = this.#open(quotient, 'div')
    const [scaledRoot, epsilon] = this.#open(denominator, 'add')
    for (const [stepSize, mean] of this.#factors(numerator)) {
      for (const [correction, root] of this.#factors(scaledRoot)) {
        const first = this.#average(mean)
        const [variance] = this.#open(root, 'sqrt')
        const second = this.#average(variance)
        if (!first || !second) continue
        const [left, right] = this.#open(second.added, 'mul')
        if (left === undefined || left !== right || left !== first.added) continue
        if (weight === undefined || epsilon === undefined) continue
        if (!this.#isScalar(this.#source(epsilon))) continue
        return {
          kind: 'adam',
          state,
          slots: { m: first.state, v: second.state },
          weight,
          gradient: left,
          stepSize,
          correction,
          epsilon: this.#source(epsilon),
          beta1: first.decay,
          beta2: second.decay,
          slotScale: { m: scaleOf(first), v: scaleOf(second) },
        }
      }
    }
    return undefined
  }

  momentum(state: string, update: number): FusedUpdate | undefined {
    for (const [learningRate, direction] of this.#step(state, update)) {
      const plain = this.#accumulation(direction)
      if (plain) {
        const { accumulator, momentum, gradient } = plain
        const slots = { accumulator }
        return { kind: 'momentum', state, slots, gradient, learningRate, momentum, nesterov: false }
      }
      const [gradient, ahead] = this.#open(direction, 'add')
      for (const [momentum, average] of this.#factors(ahead)) {
        const inner = this.#accumulation(average)
        if (inner?.gradient !== gradient || inner?.momentum !== momentum) continue
        if (gradient === undefined) continue
        const slots = { accumulator: inner.accumulator }
        return { kind: 'momentum', state, slots, gradient, learningRate, momentum, nesterov: true }
      }
    }
    return undefined
  }

  descent(state: string, update: number): FusedUpdate | undefined {
    for (const [learningRate, gradient] of this.#step(state, update)) {
      return { kind: 'descent', state, slots: {}, gradient, learningRate }
    }
    return undefined
  }

  /** Whether nothing else reads what the op does not leave. */
  isContained({ state, slots }: FusedUpdate, update: number): boolean {
    const kept = new Map([[update, state]])
    for (const slot of Object.values(slots)) {
      const node = this.#program.updates.find(({ name }) => name === slot)?.node
      if (node === undefined) return false
      kept.set(node, slot)
    }
    const within = [...this.#absorbed].flatMap((node) => this.#program.node(node).inputs)
    return [...this.#absorbed].every((node) => {
      const numWithin = within.filter((input) => input === node).length
      return this.#readers.get(node) === numWithin + (kept.has(node) ? 1 : 0)
    })
  }

  /** w - rate * direction, as [rate, direction]. */
  #step(state: string, update: number): (readonly [number, number])[] {
    this.#absorbed = new Set()
    const [weight, change] = this.#open(update, 'sub')
    if (weight === undefined || this.#stateOf.get(weight) !== state) return []
    return this.#factors(change)
  }

  /** flush(momentum * accumulator + gradient). */
  #accumulation(index: number | undefined) {
    const [sum] = this.#open(index, 'flush')
    const [kept, gradient] = this.#open(sum, 'add')
    for (const [momentum, slot] of this.#factors(kept)) {
      const accumulator = this.#stateOf.get(slot)
      if (accumulator === undefined || gradient === undefined) continue
      return { accumulator, momentum, gradient }
    }
    return undefined
  }

  /** flush(decay * state + rest * added), decay and rest constants. */
  #average(index: number | undefined) {
    const [sum] = this.#open(index, 'flush')
    const [old, fresh] = this.#open(sum, 'add')
    for (const [decay, slot] of this.#factors(old)) {
      const state = this.#stateOf.get(slot)
      const decayValue = this.#number(decay)
      for (const [rest, added] of this.#factors(fresh)) {
        const restValue = this.#number(rest)
        if (state === undefined || decayValue === undefined || restValue === undefined) continue
        return { state, decay, decayValue, restValue, added }
      }
    }
    return undefined
  }

  /** The operands of a node of this op; none if it is another. */
  #open(index: number | undefined, op: OpName): readonly number[] {
    if (index === undefined) return []
    const node = this.#program.node(index)
    if (node.op !== op) return []
    this.#absorbed.add(index)
    return node.inputs
  }

  /** A product as [scalar, tensor], in each way that it is one. */
  #factors(index: number | undefined): (readonly [number, number])[] {
    const [a, b] = this.#open(index, 'mul')
    if (a === undefined || b === undefined) return []
    const [left, right] = [this.#source(a), this.#source(b)]
    const ways: (readonly [number, number])[] = []
    if (this.#isScalar(left)) ways.push([left, b])
    if (this.#isScalar(right)) ways.push([right, a])
    return ways
  }

  /** What a node is a broadcast of, or itself. */
  #source(index: number): number {
    const { op, inputs } = this.#node(index)
    const [only] = inputs
    return op === 'broadcast' && only !== undefined ? this.#source(only) : index
  }

  /** Whether one number makes the value, so that it may be broadcast later. */
  #isScalar(index: number): boolean {
    return this.#node(index).shape.length === 0 || this.#number(index) !== undefined
  }

  #number(index: number): number | undefined {
    return fillValue(this.#node(index))
  }

  #node(index: number): Node {
    return this.#program.node(index)
  }
}

function scaleOf({ decayValue, restValue }: { decayValue: number; restValue: number }): number {
  return Math.fround(1 - Math.fround(decayValue)) / restValue
}
