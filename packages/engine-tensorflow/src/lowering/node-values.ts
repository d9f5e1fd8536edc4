/**
 * What the lowering of an op needs of the values of a Program's nodes, each of which is lowered
 * when it is first asked for.
 */
import type { Shape } from '@gradpool/core'
import type { Program } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'

export interface NodeValues {
  readonly builder: GraphBuilder
  readonly program: Program
  /** The value of a node, of its whole shape. */
  of(index: number): Ref
  /** A comparison as booleans, and any other float as whether it is not 0. */
  boolean(index: number): { readonly ref: Ref }
  /**
   * Operands of an elementwise op, not yet broadcast where together they have `shape` all the same.
   */
  operands(indices: readonly number[], shape: Shape): Ref[]
}
