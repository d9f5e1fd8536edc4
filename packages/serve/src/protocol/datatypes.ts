/** Types as the Open Inference Protocol names them. */
import type { DType } from '@gradpool/core'

export const DATATYPES: Readonly<Record<DType, string>> = { f32: 'FP32', i32: 'INT32', u8: 'UINT8' }
