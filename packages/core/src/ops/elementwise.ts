/**
 * Ops that work element by element.
 *
 * Operands may be numbers, or tensors of any dtype, which are cast to f32. Where an op takes several, they broadcast as
 * in NumPy. Results are f32; comparisons give 1 and 0. All throw a ShapeError where shapes cannot be broadcast.
 */
import type { PlainOp } from '../program/node.js'
import type { Tensor, TensorLike } from '../tracing/tensor.js'
import { currentTrace } from '../tracing/trace.js'
import { asF32, broadcastOperands, tensorOf } from './operands.js'

/** a + b */
export const add = binary('add')

/** a - b */
export const sub = binary('sub')

/** a * b, elementwise */
export const mul = binary('mul')

/** a / b */
export const div = binary('div')

/** The larger of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
export const maximum = binary('max', 'maximum')

/** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
export const minimum = binary('min', 'minimum')

/**
 * a to the power b, as NumPy has it: anything to the power 0 is 1, and a negative number to one that is not whole NaN.
 * The gradient by b is 0 where a is 0 or less; results below 2^-126 are 0.
 */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return b === 2 ? square(a) : power(a, b)
}

const power = binary('pow')

/** 1 where a < b, else 0 */
export const less = binary('less')

/** 1 where a <= b, else 0 */
export const lessEqual = binary('lessEqual')

/** 1 where a > b, else 0 */
export const greater = swapped(binary('less', 'greater'))

/** 1 where a >= b, else 0 */
export const greaterEqual = swapped(binary('lessEqual', 'greaterEqual'))

/** 1 where a = b, else 0. Integers beyond 2^24 are compared after rounding to f32. */
export const equal = binary('equal')

/** 1 where a and b differ, else 0; NaN differs from everything */
export function notEqual(a: TensorLike, b: TensorLike): Tensor {
  return sub(1, binary('equal', 'notEqual')(a, b))
}

/** a where the condition is not 0, else b */
export function select(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const inputs = broadcastOperands('select', condition, a, b)
  return currentTrace().node({ op: 'select', inputs })
}

/** `select` by NumPy's name. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return select(condition, a, b)
}

/** -x */
export const neg = unary('neg')

/** e^x */
export const exp = unary('exp')

/** The natural logarithm */
export const log = unary('log')

/** log(1 + x): keeps the digits of an x near 0, which 1 + x rounds away */
export const log1p = unary('log1p')

/** The square root; its gradient at 0 is infinite */
export const sqrt = unary('sqrt')

/** The hyperbolic tangent */
export const tanh = unary('tanh')

/** 1 / (1 + e^-x) */
export const sigmoid = unary('sigmoid')

/** max(x, 0); its gradient at 0 is 0 */
export const relu = unary('relu')

/** |x|; its gradient at 0 is 0 */
export const abs = unary('abs')

/** The sine of x, in radians */
export const sin = unary('sin')

/** The cosine of x, in radians */
export const cos = unary('cos')

/** The error function: 2 / √π times the integral of e^-t² from 0 to x */
export const erf = unary('erf')

/** x² */
export function square(x: TensorLike): Tensor {
  return mul(x, x)
}

/** x, or 0 where |x| < 2^-126: keeps denormal numbers, which are slow and differ between machines, out of a state */
export const flush = unary('flush')

/** x, or 0 where |x| is below a size: keeps numbers out whose products would be denormal */
export const flushBelow = binary('flushBelow')

/** x, which no gradient passes */
export function stopGradient(x: TensorLike): Tensor {
  const tensor = tensorOf(x)
  if (tensor.dtype !== 'f32') return tensor
  return currentTrace().node({ op: 'stopGradient', inputs: [tensor] })
}

function unary(op: PlainOp) {
  return (x: TensorLike): Tensor => currentTrace().node({ op, inputs: [asF32(x)] })
}

/** @param name what the user calls it, for errors */
function binary(op: PlainOp, name: string = op) {
  return (a: TensorLike, b: TensorLike): Tensor => currentTrace().node({ op, inputs: broadcastOperands(name, a, b) })
}

function swapped(op: ReturnType<typeof binary>): ReturnType<typeof binary> {
  return (a, b) => op(b, a)
}
