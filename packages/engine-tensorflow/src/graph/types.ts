/** Element types of TensorFlow, by the names that its documentation uses, with their numbers in its messages. */
import type { DType } from '@gradpool/core'

export const TYPE_NUMBERS = {
  float: 1,
  double: 2,
  int32: 3,
  uint8: 4,
  bool: 10,
  resource: 20,
  uint32: 22,
  uint64: 23,
} as const

export type TensorFlowType = keyof typeof TYPE_NUMBERS

/** TensorFlow's type for each of core's. */
export const TYPE_OF = {
  f32: 'float',
  i32: 'int32',
  u8: 'uint8',
} as const satisfies Readonly<Record<DType, TensorFlowType>>
