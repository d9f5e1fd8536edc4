/**
 * The public names of @gradpool/core.
 */
export {
  type Batches,
  type BatchProgram,
  examplesBefore,
  passSizeOf,
  placesOf,
  resultSize,
  stepsPerEpochOf,
} from './training/batch-program.js'
export { averaging, type Averaging, type Replica } from './averaging/averaging.js'
export { type AverageOptions, partsOf, replicaSeed } from './averaging/parts.js'
export { type BatchAxis, batchAxes } from './program/batch-axis.js'
export { type Allocate, type Field, type Split } from './engine/dataset.js'
export {
  bytesPerElement,
  type DType,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
  type Values,
} from './program/dtype.js'
export {
  type CompileOptions,
  type Engine,
  type Execution,
  type Position,
  type Progress,
  type RunOptions,
  type ChunkExecutor,
  type ChunkOptions,
  type ChunkOutcome,
  type ChunkResult,
  type ChunkStatus,
  type ChunkTask,
  type StateValues,
} from './engine/engine.js'
export { FieldError, invariant, ShapeError, UserError } from './errors.js'
export type { Backend, ExecutionRecord, States } from './engine/backend.js'
export { BaseEngine } from './engine/base-engine.js'
export { stateSizes } from './engine/execution-checks.js'
export { NamedStates } from './engine/named-states.js'
export { WordRecord } from './engine/word-record.js'
export { grad } from './gradients/gradients.js'
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  initialValue,
  type Initializer,
  initializerFor,
  type InitializerLike,
  normal,
  ones,
  type ShapedInitializer,
  uniform,
  zeros,
} from './random/initializers.js'
export {
  assign,
  Binding,
  type BoundOf,
  type Buffer,
  buffer,
  frozen,
  isTraining,
  layer,
  type Module,
  module,
  type NamedTensor,
  type Parameter,
  parameter,
  type Params,
  type Scope,
  type WithParameters,
} from './training/module.js'
export {
  SharedRecord,
  type SharedRecordData,
  SharedStates,
  type SharedStatesData,
} from './engine/shared-memory.js'
export { logF32 } from './random/numeric.js'
export { computedBytes, flopsOf } from './program/work.js'
export { OPS, type OpName } from './program/op-table.js'
export { constant, type NestedNumbers } from './ops/constant.js'
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
export { broadcastShapes, broadcastTo, cast } from './ops/operands.js'
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
  ADAM_PATTERN,
  type AdamOperand,
  adamw,
  type AdamW,
  checkClip,
  type Clip,
  clipByGlobalNorm,
  clipByValue,
  type Optimizer,
  type OptimizerData,
  type ParameterUpdate,
  type ParameterState,
  parseOptimizer,
  rmsprop,
  type RmsProp,
  sgd,
  SGD_PATTERNS,
  type MomentumOperand,
  type Sgd,
  type OptimizerUpdate,
  type OptimizerStep,
  type UpdateRule,
  updateRule,
} from './optimizers/index.js'
export {
  type AttributesOf,
  type ByOp,
  dispatch,
  fillValue,
  type Node,
  type NodeOf,
} from './program/node.js'
export { type BatchField, Program, type State } from './program/program.js'
export { type Input, type Output, type ProgramData, type Result } from './program/program-data.js'
export { matchPattern, type Match, type Pattern, type Searched } from './program/pattern.js'
export { mapNodes, prune, renameStates, substitute } from './program/rewrite.js'
export { segmentsOf } from './program/segments.js'
export { initialState } from './random/initial-state.js'
export { fillNormal, fillUniform, philox, purposeOf, shuffled } from './random/random.js'
export { eager, type EagerValue } from './reference/eager.js'
export { evaluate, type Evaluation, type EvaluationInputs } from './reference/reference.js'
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
} from './training/schedules.js'
export { withMicroBatches } from './training/micro-batches.js'
export {
  type Batch,
  defineModel,
  type FieldsOf,
  type MetricsOf,
  type Model,
  type ModelData,
  type ModelDefinition,
  modelFor,
  type ModelFunctions,
  type ModelTypes,
  type OutputsOf,
  type PredictFieldsOf,
  type Predictions,
  type StepResults,
} from './training/model.js'
export { finisher, type FinisherName } from './metrics/finishers.js'
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
export { finishMetrics, type GatheredResults, type MetricSpec } from './metrics/metric-spec.js'
export { lineOf, recordingLines } from './tracing/recorded-lines.js'
export { Tensor, type TensorLike } from './tracing/tensor.js'
export { currentTrace, type Trace, traceProgram } from './tracing/trace.js'
export { type LayerSummary, type ModelSummary, summary } from './training/summary.js'
export {
  type BatchOptions,
  type DataSpec,
  evaluation,
  prediction,
  train,
  type TrainOptions,
} from './training/train.js'
