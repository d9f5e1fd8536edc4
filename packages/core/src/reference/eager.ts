/**
 * Tensors evaluated on the spot, to try things out: `eager(() => softmax(constant([1, 2, 3])))`.
 */
import { isRecord } from '../checks.js'
import type { DType, Shape } from '../program/dtype.js'
import { Tensor } from '../tracing/tensor.js'
import { traceProgram, userError } from '../tracing/trace.js'
import { evaluate } from './reference.js'

/** The numbers of a tensor, row-major. */
export interface EagerValue {
  readonly values: Float32Array | Int32Array | Uint8Array
  readonly shape: Shape
}

/** The name of the one tensor. */
const ALONE = ''

/**
 * The value of the tensor that `compute` makes, or of each of a record of tensors. Computed in float64, and rounded at
 * the end.
 *
 * @throws ShapeError from an op whose operands do not fit
 */
export function eager<const R extends Tensor | Readonly<Record<string, Tensor>>>(
  compute: () => R,
): R extends Tensor ? EagerValue : { readonly [Name in keyof R]: EagerValue } {
  const made = new Map<string, { readonly dtype: DType; readonly shape: Shape }>()
  const program = traceProgram((trace) => {
    // A function without types may return anything.
    const returned: unknown = compute()
    const tensors = returned instanceof Tensor ? { [ALONE]: returned } : returned
    for (const [name, tensor] of entriesOf(tensors)) {
      if (!(tensor instanceof Tensor)) {
        throw userError('eager: the function must return a tensor or an object of tensors')
      }
      trace.result(name, tensor)
      made.set(name, tensor)
    }
  })
  const { results } = evaluate(program)
  const values = [...made].map(([name, { dtype, shape }]) => {
    const numbers = results[name] ?? []
    return [name, { values: arrays[dtype].from(numbers), shape }] as const
  })
  const all: Readonly<Record<string, EagerValue>> = Object.fromEntries(values)
  // One value for one tensor, which the compiler cannot follow.
  return (made.has(ALONE) ? all[ALONE] : all) as never
}

function entriesOf(tensors: unknown): (readonly [string, unknown])[] {
  return isRecord(tensors) ? Object.entries(tensors) : [[ALONE, tensors]]
}

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const
