/**
 * A case for every op, with the same op of tfjs: the table that the tests of values and gradients go through. A new
 * primitive op needs a case here, or those tests fail.
 */
import { ELEMENTWISE_CASES, ORDER_CASES, REDUCTION_CASES } from './computing-cases.js'
import type { OpCase } from './examples.js'
import { LAYOUT_CASES, LEAF_CASES, ROW_AND_PRODUCT_CASES } from './moving-cases.js'
import { EINSUM_CASES, REARRANGING_CASES } from './composed-cases.js'
import { WINDOW_CASES } from './window-cases.js'

export const OP_CASES: readonly OpCase[] = [
  ...ELEMENTWISE_CASES,
  ...REDUCTION_CASES,
  ...ORDER_CASES,
  ...LAYOUT_CASES,
  ...REARRANGING_CASES,
  ...ROW_AND_PRODUCT_CASES,
  ...EINSUM_CASES,
  ...LEAF_CASES,
  ...WINDOW_CASES,
]
