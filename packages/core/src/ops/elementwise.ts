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
export function add(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('add', 'add', a, b)
}

/** a - b */
export function sub(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('sub', 'sub', a, b)
}

/** a * b, elementwise */
export function mul(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('mul', 'mul', a, b)
}

/** a / b */
export function div(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('div', 'div', a, b)
}

/** The larger of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('maximum', 'max', a, b)
}

/** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the gradient. */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('minimum', 'min', a, b)
}

/** 1 where a < b, else 0 */
export function less(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('less', 'less', a, b)
}

/** 1 where a <= b, else 0 */
export function lessEqual(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('lessEqual', 'lessEqual', a, b)
}

/** 1 where a > b, else 0 */
export function greater(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('greater', 'less', b, a)
}

/** 1 where a >= b, else 0 */
export function greaterEqual(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('greaterEqual', 'lessEqual', b, a)
}

/** 1 where a = b, else 0. Integers beyond 2^24 are compared after rounding to f32. */
export function equal(a: TensorLike, b: TensorLike): Tensor {
  return elementwise('equal', 'equal', a, b)
}

/** 1 where a and b differ, else 0; NaN differs from everything */
export function notEqual(a: TensorLike, b: TensorLike): Tensor {
  return sub(1, elementwise('notEqual', 'equal', a, b))
}

/** a where the condition is not 0, else b */
export function select(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return elementwise('select', 'select', condition, a, b)
}

/** -x */
export function neg(x: TensorLike): Tensor {
  return elementwise('neg', 'neg', x)
}

/** e^x */
export function exp(x: TensorLike): Tensor {
  return elementwise('exp', 'exp', x)
}

/** The natural logarithm */
export function log(x: TensorLike): Tensor {
  return elementwise('log', 'log', x)
}

/** The square root; its gradient at 0 is infinite */
export function sqrt(x: TensorLike): Tensor {
  return elementwise('sqrt', 'sqrt', x)
}

/** The hyperbolic tangent */
export function tanh(x: TensorLike): Tensor {
  return elementwise('tanh', 'tanh', x)
}

/** 1 / (1 + e^-x) */
export function sigmoid(x: TensorLike): Tensor {
  return elementwise('sigmoid', 'sigmoid', x)
}

/** max(x, 0); its gradient at 0 is 0 */
export function relu(x: TensorLike): Tensor {
  return elementwise('relu', 'relu', x)
}

/** |x|; its gradient at 0 is 0 */
export function abs(x: TensorLike): Tensor {
  return elementwise('abs', 'abs', x)
}

/** x² */
export function square(x: TensorLike): Tensor {
  return mul(x, x)
}

/** x, or 0 where |x| < 2^-126: keeps denormal numbers, which are slow and differ between machines, out of a state */
export function flush(x: TensorLike): Tensor {
  return elementwise('flush', 'flush', x)
}

/** x, which no gradient passes */
export function stopGradient(x: TensorLike): Tensor {
  const tensor = tensorOf(x)
  if (tensor.dtype !== 'f32') return tensor
  return currentTrace().node({ op: 'stopGradient', inputs: [tensor] })
}

/** @param name what the user calls it, for errors */
function elementwise(name: string, op: PlainOp, ...operands: readonly TensorLike[]): Tensor {
  const inputs = operands.length === 1 ? operands.map(asF32) : broadcastOperands(name, ...operands)
  return currentTrace().node({ op, inputs })
}
