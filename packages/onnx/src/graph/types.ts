/** The element types of ONNX that are used here. */
import type { DType } from '@gradpool/core'
import { TensorProto_DataType } from '../onnx_pb.js'

export const TYPE_NUMBERS = {
  float: TensorProto_DataType.FLOAT,
  double: TensorProto_DataType.DOUBLE,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
} as const

export type OnnxType = keyof typeof TYPE_NUMBERS
export type NumberType = Exclude<OnnxType, 'bool'>

export const TYPE_OF = { f32: 'float', i32: 'int32', u8: 'uint8' } as const satisfies Readonly<Record<DType, OnnxType>>

const ELEMENT_BYTES: Readonly<Record<NumberType, number>> = { float: 4, double: 8, int32: 4, int64: 8, uint8: 1 }

const SETTERS: Readonly<Record<NumberType, (view: DataView, offset: number, value: number) => void>> = {
  float: (view, offset, value) => view.setFloat32(offset, value, true),
  double: (view, offset, value) => view.setFloat64(offset, value, true),
  int32: (view, offset, value) => view.setInt32(offset, value, true),
  int64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  uint8: (view, offset, value) => view.setUint8(offset, value),
}

/** Numbers as a file has them, little-endian. */
export function bytesOf(type: NumberType, values: readonly number[]): Uint8Array {
  const size = ELEMENT_BYTES[type]
  const view = new DataView(new ArrayBuffer(values.length * size))
  values.forEach((value, index) => SETTERS[type](view, index * size, value))
  return new Uint8Array(view.buffer)
}
