/** Which nodes are aliases of their operand: the same elements in the same order, in the same memory. */
import { sizeOf, type Node } from '@gradpool/core/engine'

export function isAlias(node: Node, operand: Node): boolean {
  switch (node.op) {
    case 'reshape':
    case 'stopGradient':
      return true
    case 'broadcast':
      return sizeOf(node.shape) === sizeOf(operand.shape)
    case 'cast':
      return node.dtype === operand.dtype
    default:
      return false
  }
}
