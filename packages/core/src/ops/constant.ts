/**
 * Constants.
 */
import { type DType, sameShape, type Shape, sizeOf } from '../program/dtype.js'
import type { Tensor } from '../tracing/tensor.js'
import { constantValue, currentTrace, shapeError, userError } from '../tracing/trace.js'

const integerRange = { u8: [0, 255], i32: [-(2 ** 31), 2 ** 31 - 1] } as const

/** Numbers in lists, and lists of lists of one length. */
export type NestedNumbers = readonly (number | NestedNumbers)[]

type TypedValues = Float32Array | Float64Array | Int32Array | Uint8Array

/**
 * Numbers that are part of the Program.
 *
 * @param values one number, which fills the shape, or one for each element; f32 are rounded, and must be finite
 * @param shape default: `[]` for a number, `[values.length]` for a list, `[2, 3]` for two lists of three numbers
 * @param dtype default: i32 for an Int32Array, u8 for a Uint8Array, else f32
 * @throws ShapeError where the number of values is not that of the shape, or lists in a list differ in length
 * @throws UserError for a value that the dtype does not have
 */
export function constant(
  values: number | NestedNumbers | TypedValues,
  shape: Shape = shapeOf(values),
  dtype: DType = dtypeOf(values),
): Tensor {
  const trace = currentTrace()
  const flat = flattened(values)
  if (typeof values !== 'number' && flat.length !== sizeOf(shape)) {
    throw shapeError(`constant: ${flat.length} values do not fill [${shape.join(', ')}]`)
  }
  const kept = flat.map((value) => valueOf(value, dtype))
  const [first] = kept
  // One number says it all where all are equal, so that equal constants are one node.
  const same = first !== undefined && kept.every((value) => value === first)
  return trace.node({ op: 'constant', attributes: { values: same ? first : kept }, shape, dtype })
}

function shapeOf(values: number | NestedNumbers | TypedValues): Shape {
  if (typeof values === 'number') return []
  if (ArrayBuffer.isView(values)) return [values.length]
  const [first] = values
  const inner = first === undefined ? [] : shapeOf(first)
  for (const value of values) {
    if (!sameShape(shapeOf(value), inner)) {
      throw shapeError('constant: lists in a list must be of one length')
    }
  }
  return [values.length, ...inner]
}

function dtypeOf(values: number | NestedNumbers | TypedValues): DType {
  if (values instanceof Int32Array) return 'i32'
  return values instanceof Uint8Array ? 'u8' : 'f32'
}

function flattened(values: number | NestedNumbers | TypedValues): number[] {
  if (typeof values === 'number') return [values]
  if (ArrayBuffer.isView(values)) return Array.from(values)
  return values.flatMap(flattened)
}

function valueOf(value: number, dtype: DType): number {
  if (dtype === 'f32') return constantValue(value)
  const [low, high] = integerRange[dtype]
  if (!Number.isInteger(value) || value < low || value > high) {
    throw userError(`${value} cannot be a constant of dtype ${dtype}`)
  }
  return value === 0 ? 0 : value
}
