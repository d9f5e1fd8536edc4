/** The values of a Program's nodes, as the lowering of an op sees them. Each node is lowered when it is first used. */
import type { Shape } from '@gradpool/core'
import type { Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'

export interface NodeValues {
  readonly builder: GraphBuilder
  readonly program: Program
  /** The value of a node, broadcast to its shape. */
  of(index: number): Ref
  /** A comparison as booleans; any other float as whether it is not 0. */
  boolean(index: number): { readonly ref: Ref }
  /** Operands of an elementwise op. They are not broadcast if TensorFlow's own broadcasting results in `shape`. */
  operands(indices: readonly number[], shape: Shape): Ref[]
}
