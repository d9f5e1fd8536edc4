/**
 * The primitive ops. This table is the contract between tracing, gradients, the reference evaluator and the engines.
 *
 * Elementwise ops take operands of one shape; `broadcast` is an op of its own. All arithmetic is f32 where nothing else
 * is written.
 */

export const OPS = {
  // Leaves
  input: 'a value from outside; see Program.inputs',
  constant: 'attributes {values}: one number, which fills the shape, or one for each element',
  random:
    'attributes {distribution: uniform | normal, purpose: u32}; inputs (seed, step), both i32 scalars. ' +
    'uniform in [0, 1); normal with mean 0, standard deviation 1',

  // Elementwise, one operand
  neg: '-x',
  exp: 'e^x, or 0 where that is below 2^-126 (no denormal numbers)',
  log: 'natural logarithm',
  log1p: 'log(1 + x), exact for small x too',
  sqrt: 'square root',
  tanh: 'hyperbolic tangent',
  sigmoid: '1 / (1 + e^-x)',
  relu: 'max(x, 0); NaN stays NaN',
  abs: '|x|',
  sin: 'sine of x radians',
  cos: 'cosine of x radians',
  erf: 'the error function: 2 / √π times the integral of e^-t² from 0 to x',
  flush: 'x, or 0 where |x| < 2^-126 (no denormal numbers)',
  stopGradient: 'x, with zero gradient',
  cast:
    'attributes {dtype}; u8 and i32 to f32 exactly or rounded to nearest; ' +
    'to i32 and u8 truncates and saturates, NaN gives 0',

  // Elementwise, two operands of one shape
  add: 'a + b',
  sub: 'a - b',
  mul: 'a * b',
  div: 'a / b',
  max: 'the larger; NaN if either is',
  min: 'the smaller; NaN if either is',
  pow: 'a to the power b, as IEEE 754 defines pow, or 0 where that is below 2^-126 (no denormal numbers)',
  flushBelow: 'a, or 0 where |a| < b',
  less: 'f32 1 where a < b, else 0',
  lessEqual: 'f32 1 where a <= b, else 0',
  equal: 'f32 1 where a = b, else 0',

  // Elementwise, three operands of one shape
  select: 'inputs (condition f32, a, b): a where condition is not 0, else b',

  // Along axes
  sum:
    'attributes {axes, segments?}: axes ascending, at least one, removed from the shape; with segments, of which axis 0 ' +
    'is cut into as many, as even as can be, the longer first: the sum, in order, of the sums of each',
  reduceMax: 'attributes {axes}: ascending, at least one, removed from the shape; NaN if any is',
  argMax: 'along the last axis, which is removed; i32; the first of equals, and the first NaN before all',
  softmax: 'along the last axis',
  logSoftmax: 'along the last axis',
  sort:
    'inputs (keys, values), both f32 of one shape; attributes {descending?}: the values of each row of the last axis in ' +
    'the order of their keys, ascending, and NaN last; or descending, and NaN first; equal keys stay in order',
  sortSpread:
    'inputs (keys, g), attributes as of sort: the gradient of sort by its values; each element of a row goes to where ' +
    'sort takes its place from',

  // Layout, of any dtype
  broadcast: "to the node's shape; the operand's axes align at the right, extents equal or 1",
  reshape: "to the node's shape, same number of elements",
  transpose: 'attributes {permutation}: axis i of the node is axis permutation[i] of the operand',
  slice: "attributes {starts}: the block of the node's shape that begins there",
  pad: "attributes {before}: the operand set into zeros of the node's shape, beginning there",
  concat: 'attributes {axis}: one or more operands, alike in dtype and all other axes',

  // Rows
  gather:
    'inputs (table [rows, ...] of any dtype, indices i32 [n]): [n, ...]; ' + 'an index outside gives a row of zeros',
  scatterAdd:
    "inputs (updates [n, ...], indices i32 [n]): zeros of the node's shape [rows, ...] " +
    'with each update added, in index order; one whose index is outside is left out',
  oneHot: 'input i32 or u8 [...]; attributes {depth}: f32 [..., depth]; zeros for an index outside',

  // Products
  matmul:
    'a [m, k] (or [k, m] with attributes.transposeA) times b [k, n] (or [n, k] with transposeB); ' +
    'each element is summed over k in ascending order; with equal axes before those of both, such a product for each; ' +
    'with attributes.segments, of two matrices, k is cut into as many, as even as can be, the longer first: the sum, in order, of ' +
    'the products of each',

  // Windows that slide over spatial axes, of which there are one to three; values are [examples, ...spatial, channels].
  // Tap t of the window of output o is at o * stride + t * dilation - before. Taps outside of the input are left out.
  conv:
    'x [n, ...in, channels] and filter [...taps, channels / groups, filters], attributes {strides, dilations, before, ' +
    "groups?}: [n, ...out, filters] of the node's shape; each element is summed over taps in row-major order and, for " +
    'each, over channels in ascending order, as a product is; filters of a group see the channels of that group',
  convTranspose:
    "inputs (g [n, ...out, filters], filter), attributes as conv's: the gradient of conv by x, of the node's shape " +
    '[n, ...in, channels]; summed over taps in row-major order and, for each, over filters in ascending order',
  convFilter:
    "inputs (x, g [n, ...out, filters]), attributes as conv's, and segments?: the gradient of conv by its filter, of the " +
    "node's shape; summed over examples and output positions in row-major order; with segments, examples are cut into " +
    'as many, as even as can be, the longer first: the sum, in order, of the sums of each',
  maxPool:
    "inputs (keys, values), both [n, ...in, channels], attributes {window, strides, before}: of the node's shape " +
    '[n, ...out, channels], the value where the key is largest in the window; the first of equals, and the first NaN ' +
    'before all',
  maxPoolSpread:
    "inputs (keys, g [n, ...out, channels]), attributes as maxPool's: zeros of the keys' shape, with each element of g " +
    'added where maxPool finds the largest key, in row-major order of g',
} as const

export type OpName = keyof typeof OPS
