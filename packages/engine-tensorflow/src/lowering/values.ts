/**
 * Lowers the nodes of a Program, each when it is first used, to nodes of a TensorFlow graph or function.
 *
 * Broadcasts, and comparisons as floats, are computed only where needed: TensorFlow's elementwise ops broadcast by
 * themselves, and its select takes booleans.
 */
import { type Shape } from '@gradpool/core'
import { broadcastShapes, dispatch, fillValue, sameShape, type Node, type Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'
import { TYPE_OF } from '../graph/types.js'
import type { NodeValues } from './node-values.js'
import { LOWERINGS } from './ops.js'

/** A tensor, not necessarily broadcast to the shape of its node. */
export interface Loose {
  readonly ref: Ref
  readonly shape: Shape
}

export class Values implements NodeValues {
  readonly builder: GraphBuilder
  readonly program: Program
  readonly #input: (index: number) => Ref
  readonly #refs: (Ref | undefined)[] = []
  readonly #loose: (Loose | undefined)[] = []
  readonly #booleans: (Ref | undefined)[] = []

  /** @param input makes the value of an input node */
  constructor(program: Program, builder: GraphBuilder, input: (index: number) => Ref) {
    this.program = program
    this.builder = builder
    this.#input = input
  }

  of(index: number): Ref {
    const known = this.#refs[index]
    if (known !== undefined) return known
    const node = this.program.node(index)
    const { ref, shape } = this.loose(index)
    const whole = sameShape(shape, node.shape) ? ref : this.#broadcast(ref, node)
    this.#refs[index] = whole
    return whole
  }

  /** The value of a node before it is broadcast. */
  loose(index: number): Loose {
    const known = this.#loose[index]
    if (known !== undefined) return known
    const loose = this.#lower(index)
    this.#loose[index] = loose
    return loose
  }

  boolean(index: number): Loose {
    const node = this.program.node(index)
    const known = this.#booleans[index]
    if (known !== undefined) return { ref: known, shape: node.shape }
    const compare = COMPARISONS.get(node.op)
    if (compare === undefined) {
      const { ref, shape } = this.loose(index)
      const zero = this.builder.constant(0, 'float')
      return { ref: this.builder.add('NotEqual', 'float', [ref, zero]), shape }
    }
    const ref = this.builder.add(compare, 'float', this.operands(node.inputs, node.shape))
    this.#booleans[index] = ref
    return { ref, shape: node.shape }
  }

  operands(indices: readonly number[], shape: Shape): Ref[] {
    const loose = indices.map((index) => this.loose(index))
    const joint = loose.reduce<Shape | undefined>((sofar, value) => sofar && broadcastShapes(sofar, value.shape), [])
    if (joint && sameShape(joint, shape)) return loose.map(({ ref }) => ref)
    return indices.map((index) => this.of(index))
  }

  #lower(index: number): Loose {
    const node = this.program.node(index)
    if (node.op === 'input') return { ref: this.#input(index), shape: node.shape }
    const [first] = node.inputs
    if (first !== undefined && (node.op === 'broadcast' || node.op === 'stopGradient')) {
      return this.loose(first)
    }
    const fill = fillValue(node)
    if (fill !== undefined) {
      return { ref: this.builder.constant(fill, TYPE_OF[node.dtype]), shape: [] }
    }
    if (COMPARISONS.has(node.op)) {
      const { ref, shape } = this.boolean(index)
      return { ref: this.builder.cast(ref, 'bool', 'float'), shape }
    }
    return { ref: dispatch(LOWERINGS, node, this), shape: node.shape }
  }

  #broadcast(ref: Ref, { shape, dtype }: Node): Ref {
    const target = this.builder.constant(shape, 'int32')
    return this.builder.add('BroadcastTo', TYPE_OF[dtype], [ref, target])
  }
}

const COMPARISONS = new Map([
  ['less', 'Less'],
  ['lessEqual', 'LessEqual'],
  ['equal', 'Equal'],
] as const) as ReadonlyMap<string, 'Less' | 'LessEqual' | 'Equal'>
