/**
 * Element types and shapes of tensors.
 *
 * There is no boolean type: comparisons yield f32 zeros and ones, so that a mask multiplies and sums like any tensor.
 */

export type DType = 'f32' | 'i32' | 'u8'

/** Extents from the outermost axis to the innermost; `[]` is a scalar. Data is row-major without gaps. */
export type Shape = readonly number[]

export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/** The values of a tensor outside a Program, flat and row-major. */
export type Values = Float32Array | Int32Array | Uint8Array

export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u8: 1 }

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let product = 1
  for (const extent of shape) product *= extent
  return product
}

/** The row-major strides of a shape, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis] ?? 1
  }
  return strides
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

/** `f32[10, 784]`. */
export function typeText({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(', ')}]`
}
