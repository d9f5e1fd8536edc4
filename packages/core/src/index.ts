/**
 * The public names of @gradpool/core.
 */
export { type BatchProgram, examplesBefore, stepsPerEpochOf } from './batch-program.js'
export { type BatchAxis, batchAxes } from './batch-axis.js'
export { type Allocate, type Field, type Split } from './dataset.js'
export {
  bytesPerElement,
  type DType,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
  type Values,
} from './dtype.js'
export {
  type CompileOptions,
  type Engine,
  type Execution,
  type Position,
  type Progress,
  type RunOptions,
  type SpanExecutor,
  type SpanOutcome,
  type SpanResult,
  type SpanStatus,
  type SpanTask,
  type StateValues,
} from './engine.js'
export { invariant, ShapeError, UserError } from './errors.js'
export {
  checkFit,
  checkPosition,
  checkSharedStates,
  checkStates,
  checkSteps,
  stateSizes,
} from './execution-checks.js'
export { grad } from './gradients.js'
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  initialState,
  initialValue,
  type Initializer,
  initializerFor,
  type InitializerLike,
  normal,
  ones,
  type ShapedInitializer,
  uniform,
  zeros,
} from './initializers.js'
export {
  assign,
  Binding,
  type BoundOf,
  type Buffer,
  buffer,
  frozen,
  isTraining,
  type Module,
  module,
  type NamedTensor,
  type Parameter,
  parameter,
  type Params,
  type Scope,
} from './module.js'
export { logF32 } from './numeric.js'
export { OPS, type OpName } from './op-table.js'
export { constant } from './ops/constant.js'
export {
  abs,
  add,
  div,
  equal,
  exp,
  flush,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  relu,
  select,
  sigmoid,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
} from './ops/elementwise.js'
export { concat, pad, reshape, slice, transpose } from './ops/layout.js'
export { broadcastTo, cast } from './ops/operands.js'
export { matmul, type MatmulOptions } from './ops/product.js'
export { randomNormal, randomUniform } from './ops/random.js'
export {
  argMax,
  logSoftmax,
  max,
  mean,
  type ReductionOptions,
  softmax,
  sum,
} from './ops/reduction.js'
export { gather, oneHot, scatterAdd } from './ops/rows.js'
export {
  adam,
  type Adam,
  adamw,
  type AdamW,
  type Clip,
  clipByGlobalNorm,
  clipByValue,
  type Optimizer,
  type ParameterNext,
  type ParameterNow,
  rmsprop,
  type RmsProp,
  sgd,
  type Sgd,
  type StepNext,
  type StepNow,
  type UpdateRule,
  updateRule,
} from './optimizers/index.js'
export {
  type Attribute,
  type Attributes,
  type Input,
  type Node,
  type Output,
  Program,
  type ProgramData,
} from './program.js'
export { fillNormal, fillUniform, philox, purposeOf, shuffled } from './random.js'
export { evaluate, type Evaluation, type EvaluationInputs } from './reference.js'
export {
  cosine,
  type CosineSchedule,
  exponentialDecay,
  type ExponentialDecay,
  type LearningRate,
  learningRateAt,
  linearDecay,
  type LinearDecay,
  piecewiseConstant,
  type PiecewiseConstant,
  type Schedule,
  stepDecay,
  type StepDecay,
} from './schedules.js'
export { segmentsOf, shardSums } from './shards.js'
export {
  type Batch,
  type Predictions,
  stage,
  type Stage,
  type StageDefinition,
  type StepResults,
  type UsualBatch,
} from './stage.js'
export { Stack } from './stacking/stack.js'
export { Tensor, type TensorLike } from './tensor.js'
export { currentTrace, type Trace, traceProgram } from './trace.js'
export {
  type BatchOptions,
  type DataSpec,
  evaluation,
  prediction,
  train,
  type TrainOptions,
} from './train.js'
