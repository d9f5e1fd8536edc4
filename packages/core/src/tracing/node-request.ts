/**
 * What an op asks of a trace: a node.
 */
import type { DType, Shape } from '../program/dtype.js'
import type { AttributesByOp, PlainOp } from '../program/node.js'
import type { Tensor } from './tensor.js'

/** An op and its attributes, if it has any. */
type Operation =
  | { readonly op: PlainOp; readonly attributes?: undefined }
  | {
      [Op in keyof AttributesByOp]: { readonly op: Op; readonly attributes: AttributesByOp[Op] }
    }[keyof AttributesByOp]

export type NodeRequest = Operation & {
  readonly inputs?: readonly Tensor[]
  /** For ops whose shape does not follow from their operands. */
  readonly shape?: Shape
  readonly dtype?: DType
}
