/** The values of the nodes of a Program, in an ONNX graph. */
import type { Shape } from '@gradpool/core'
import type { Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'

/** A value that may lack its broadcast: it has this shape, not that of its node. */
export interface Loose {
  readonly ref: Ref
  readonly shape: Shape
}

export interface NodeValues {
  readonly builder: GraphBuilder
  readonly program: Program
  /** The value of a node, of its shape. */
  of(index: number): Ref
  /** The value of a node of f32 as a boolean: whether it is not 0. It may lack its broadcast. */
  boolean(index: number): Loose
  /** The values of several nodes, for an op that broadcasts them to this shape. */
  operands(indices: readonly number[], shape: Shape): Ref[]
  /** A list of extents, for a reshape: that which is as long as there are examples is left open. */
  extents(shape: Shape): Ref
  /** A list of extents, all of them known when it runs. */
  lengths(shape: Shape): Ref
}
