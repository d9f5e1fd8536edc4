/**
 * The names for users: models, ops, optimizers, metrics. Those for authors of engines are in `@gradpool/core/engine`.
 */
export { type DType, type Shape, type Values } from './program/dtype.js'
export { ShapeError, UserError } from './errors.js'
export { checkpoint } from './gradients/checkpoint.js'
export { grad } from './gradients/gradients.js'
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerLike,
  normal,
  ones,
  type ShapedInitializer,
  uniform,
  zeros,
} from './random/initializers.js'
export {
  assign,
  type BoundOf,
  type Buffer,
  buffer,
  frozen,
  isTraining,
  layer,
  type Module,
  module,
  type Parameter,
  parameter,
  type Params,
  type Scope,
  type WeightAxis,
  type WithParameters,
} from './training/module.js'
export { conv, convTranspose, type ConvolutionOptions, type TransposedConvolutionOptions } from './ops/convolution.js'
export { constant, type NestedNumbers } from './ops/constant.js'
export {
  abs,
  add,
  cos,
  div,
  equal,
  erf,
  exp,
  flush,
  flushBelow,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  relu,
  select,
  sigmoid,
  sin,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
  where,
} from './ops/elementwise.js'
export { cumsum, type CumulativeSumOptions } from './ops/cumulative.js'
export { einsum } from './ops/einsum.js'
export { concat, reshape, slice, transpose } from './ops/layout.js'
export { broadcastTo, cast } from './ops/operands.js'
export { argSort, sort, type SortOptions, topK } from './ops/order.js'
export { averagePool, maxPool, type PoolingOptions } from './ops/pooling.js'
export { matmul, type MatmulOptions } from './ops/product.js'
export { randomNormal, randomUniform } from './ops/random.js'
export { flip, pad, type PadOptions, resize, type ResizeOptions } from './ops/rearranging.js'
export { argMax, logSoftmax, logSumExp, max, mean, type ReductionOptions, softmax, sum } from './ops/reduction.js'
export { gather, type GatherOptions, oneHot, scatterAdd } from './ops/rows.js'
export { type CellStep, scan, type ScanOptions, type Tensors } from './ops/scan.js'
export { type Padding, type PerAxis } from './ops/windows.js'
export {
  adagrad,
  type Adagrad,
  adam,
  type Adam,
  adamw,
  type AdamW,
  type Clip,
  clipByGlobalNorm,
  clipByValue,
  type Frozen,
  type GroupOptimizer,
  groups,
  type Groups,
  lion,
  type Lion,
  muon,
  type Muon,
  nadam,
  type NAdam,
  type Optimizer,
  type ParameterUpdate,
  type ParameterState,
  rmsprop,
  type RmsProp,
  sgd,
  type Sgd,
  type OptimizerUpdate,
  type OptimizerStep,
  type UpdateRule,
  updateRule,
} from './optimizers/index.js'
export { eager, type EagerValue } from './reference/eager.js'
export {
  cosine,
  type CosineSchedule,
  exponentialDecay,
  type ExponentialDecay,
  type LearningRate,
  linearDecay,
  type LinearDecay,
  oneCycle,
  type OneCycle,
  piecewiseConstant,
  type PiecewiseConstant,
  plateau,
  type Plateau,
  type Schedule,
  stepDecay,
  type StepDecay,
  warmRestarts,
  type WarmRestarts,
} from './training/schedules.js'
export {
  type Batch,
  defineModel,
  type FieldsOf,
  type Losses,
  type MetricsOf,
  type Model,
  type ModelDefinition,
  type ModelTypes,
  type OutputsOf,
  type PredictFieldsOf,
  type Predictions,
  type StepResults,
} from './training/model.js'
export {
  type Direction,
  type FinishMeans,
  type FinishRows,
  fromMeans,
  type Metric,
  type MetricValue,
  perRow,
  withDirection,
} from './metrics/metric.js'
export { Tensor, type TensorLike } from './tracing/tensor.js'
export { type LayerSummary, type ModelSummary, summary } from './training/summary.js'
export { type FileLocation, locateFiles, type LocatedFile } from './platform/files.js'
