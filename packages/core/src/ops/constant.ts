/**
 * Constants.
 */
import { type DType, type Shape, sizeOf } from '../program/dtype.js'
import type { Tensor } from '../tracing/tensor.js'
import { constantValue, currentTrace, shapeError, userError } from '../tracing/trace.js'

const integerRange = { u8: [0, 255], i32: [-(2 ** 31), 2 ** 31 - 1] } as const

/**
 * Numbers that are part of the Program.
 *
 * @param values one number, which fills the shape, or one for each element; f32 are rounded, and must be finite
 * @param shape default: `[]` for a number, `[values.length]` for a list
 * @param dtype default: f32
 * @throws ShapeError where the number of values is not that of the shape
 * @throws UserError for a value that the dtype does not have
 */
export function constant(
  values: number | readonly number[],
  shape: Shape = typeof values === 'number' ? [] : [values.length],
  dtype: DType = 'f32',
): Tensor {
  const trace = currentTrace()
  const rounded = typeof values === 'number' ? [values] : values
  if (typeof values !== 'number' && values.length !== sizeOf(shape)) {
    throw shapeError(`constant: ${values.length} values do not fill [${shape.join(', ')}]`)
  }
  const kept = rounded.map((value) => valueOf(value, dtype))
  const [first] = kept
  // One number says it all where all are equal, so that equal constants are one node.
  const same = first !== undefined && kept.every((value) => value === first)
  return trace.node({ op: 'constant', attributes: { values: same ? first : kept }, shape, dtype })
}

function valueOf(value: number, dtype: DType): number {
  if (dtype === 'f32') return constantValue(value)
  const [low, high] = integerRange[dtype]
  if (!Number.isInteger(value) || value < low || value > high) {
    throw userError(`${value} cannot be a constant of dtype ${dtype}`)
  }
  return value === 0 ? 0 : value
}
