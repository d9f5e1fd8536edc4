/**
 * Lowers the nodes of a Program to nodes of an ONNX graph.
 *
 * Broadcasts, and comparisons as floats, are made only where needed: elementwise ops of ONNX broadcast by themselves,
 * and Where takes booleans.
 */
import type { Shape } from '@gradpool/core'
import { broadcastShapes, dispatch, fillValue, sameShape, type OpName, type Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'
import { TYPE_OF } from '../graph/types.js'
import type { Loose, NodeValues } from './node-values.js'
import { LOWERINGS } from './ops.js'

/** Where extents come from that are as long as there are examples. */
export interface AnyBatch {
  /** Extents that are a multiple of it are that multiple of the number of examples. */
  readonly marker: number
  /** An input, whose first axis has that many. */
  readonly input: Ref
}

const COMPARISONS: ReadonlyMap<OpName, string> = new Map([
  ['less', 'Less'],
  ['lessEqual', 'LessOrEqual'],
  ['equal', 'Equal'],
])

export class Values implements NodeValues {
  readonly builder: GraphBuilder
  readonly program: Program
  readonly #inputs: ReadonlyMap<number, Ref>
  readonly #batch: AnyBatch | undefined
  readonly #whole: (Ref | undefined)[] = []
  readonly #loose: (Loose | undefined)[] = []
  readonly #booleans: (Loose | undefined)[] = []

  /**
   * @param inputs the values of input nodes
   * @param batch undefined where the number of examples is that of the Program
   */
  constructor(program: Program, builder: GraphBuilder, inputs: ReadonlyMap<number, Ref>, batch?: AnyBatch) {
    this.program = program
    this.builder = builder
    this.#inputs = inputs
    this.#batch = batch
    // In order, so that no value waits for many others.
    program.nodes.forEach(({ op }, index) => (COMPARISONS.has(op) ? this.boolean(index) : this.#looseOf(index)))
  }

  of(index: number): Ref {
    const known = this.#whole[index]
    if (known !== undefined) return known
    const node = this.program.node(index)
    const { ref, shape } = this.#looseOf(index)
    const whole = sameShape(shape, node.shape) ? ref : this.builder.add('Expand', [ref, this.lengths(node.shape)])
    this.#whole[index] = whole
    return whole
  }

  boolean(index: number): Loose {
    const known = this.#booleans[index]
    if (known !== undefined) return known
    const boolean = this.#booleanOf(index)
    this.#booleans[index] = boolean
    return boolean
  }

  operands(indices: readonly number[], shape: Shape): Ref[] {
    const loose = indices.map((index) => this.#looseOf(index))
    return jointly(loose, shape) ? loose.map(({ ref }) => ref) : indices.map((index) => this.of(index))
  }

  extents(shape: Shape): Ref {
    const anyLength = shape.filter((extent) => this.#isOfBatch(extent))
    if (anyLength.length > 1) return this.lengths(shape)
    return this.builder.constant(
      shape.map((extent) => (this.#isOfBatch(extent) ? -1 : extent)),
      'int64',
    )
  }

  lengths(shape: Shape): Ref {
    const { builder } = this
    const batch = this.#batch
    if (batch === undefined || !shape.some((extent) => this.#isOfBatch(extent))) return builder.constant(shape, 'int64')
    const examples = builder.add('Shape', [batch.input], { start: 0, end: 1 })
    const lengths = shape.map((extent) => {
      if (!this.#isOfBatch(extent)) return builder.constant([extent], 'int64')
      const times = extent / batch.marker
      return times === 1 ? examples : builder.add('Mul', [examples, builder.constant([times], 'int64')])
    })
    return builder.add('Concat', lengths, { axis: 0 })
  }

  #looseOf(index: number): Loose {
    const known = this.#loose[index]
    if (known !== undefined) return known
    const loose = this.#lower(index)
    this.#loose[index] = loose
    return loose
  }

  #lower(index: number): Loose {
    const node = this.program.node(index)
    const { shape, dtype } = node
    const input = this.#inputs.get(index)
    if (input !== undefined) return { ref: input, shape }
    const [first] = node.inputs
    if (first !== undefined && (node.op === 'broadcast' || node.op === 'stopGradient')) return this.#looseOf(first)
    const fill = fillValue(node)
    if (fill !== undefined) return { ref: this.builder.constant(fill, TYPE_OF[dtype]), shape: [] }
    if (COMPARISONS.has(node.op)) {
      const { ref, shape } = this.boolean(index)
      return { ref: this.builder.cast(ref, 'float'), shape }
    }
    return { ref: dispatch(LOWERINGS, node, this), shape }
  }

  #booleanOf(index: number): Loose {
    const { op, inputs, shape } = this.program.node(index)
    const compare = COMPARISONS.get(op)
    if (compare !== undefined) return { ref: this.builder.add(compare, this.operands(inputs, shape)), shape }
    const loose = this.#looseOf(index)
    const isZero = this.builder.add('Equal', [loose.ref, this.builder.constant(0, 'float')])
    return { ref: this.builder.add('Not', [isZero]), shape: loose.shape }
  }

  #isOfBatch(extent: number): boolean {
    return this.#batch !== undefined && extent > 0 && extent % this.#batch.marker === 0
  }
}

function jointly(loose: readonly Loose[], shape: Shape): boolean {
  const joint = loose.reduce<Shape | undefined>((sofar, value) => sofar && broadcastShapes(sofar, value.shape), [])
  return joint !== undefined && sameShape(joint, shape)
}
