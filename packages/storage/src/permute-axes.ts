import type { NamedArray } from './number-types.js'

/** The same numbers with axes in another order: `order[k]` is the axis that becomes axis k. */
export function permuteAxes({ shape, values }: NamedArray, order: readonly number[]): NamedArray {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1))
  const steps = order.map((axis) => strides[axis] ?? 0)
  const extents = order.map((axis) => shape[axis] ?? 0)
  const result = new Float32Array(values.length)
  const place = extents.map(() => 0)
  let from = 0
  for (let index = 0; index < result.length; index++) {
    result[index] = values[from] ?? 0
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const [step = 0, extent = 0, at = 0] = [steps[axis], extents[axis], place[axis]]
      if (at + 1 < extent) {
        place[axis] = at + 1
        from += step
        break
      }
      place[axis] = 0
      from -= at * step
    }
  }
  return { shape: extents, values: result }
}
