/**
 * The names for authors of engines and trainers: Programs, the contract of engines, random numbers, the reference
 * evaluator.
 */
export {
  type Batches,
  type BatchProgram,
  examplesBefore,
  passSizeOf,
  placesOf,
  resultSize,
  stepsPerEpochOf,
} from '../training/batch-program.js'
export { averaging, type Averaging, type Replica } from '../averaging/averaging.js'
export { type AverageOptions, partsOf, replicaSeed } from '../averaging/parts.js'
export { type BatchAxis, batchAxes } from '../program/batch-axis.js'
export {
  type Allocate,
  type BlockShuffle,
  type Field,
  type FieldFile,
  type LengthShuffle,
  type Reading,
  type Split,
} from './dataset.js'
export { RowOrder, type RowShuffle, rowShuffleOf } from '../training/row-order.js'
export { FieldCopies } from './field-copies.js'
export { bytesPerElement, sameShape, sizeOf, stridesOf } from '../program/dtype.js'
export {
  type CompileOptions,
  type Engine,
  type Execution,
  type ExecutionProfile,
  type Position,
  type ProfiledKernel,
  type ProfiledSlice,
  type Progress,
  type RunOptions,
  type ChunkCopy,
  type ChunkExecutor,
  type ChunkMemory,
  type ChunkOptions,
  type ChunkOutcome,
  type ChunkResult,
  type ChunkStatus,
  type ChunkTask,
  type StateValues,
} from './engine.js'
export { availableCores } from './available-cores.js'
export * as checks from '../checks.js'
export { FieldError, invariant } from '../errors.js'
export { visible, visibleOnOneLine } from '../visible.js'
export type { Backend, ExecutionRecord, States } from './backend.js'
export { BaseEngine } from './base-engine.js'
export { stateSizes } from './execution-checks.js'
export { NamedStates } from './named-states.js'
export { WordRecord } from './word-record.js'
export { type Fill, initialValue, initializerFor } from '../random/initializers.js'
export { Binding, leavesOf, type NamedTensor } from '../training/module.js'
export { SharedRecord, type SharedRecordData, SharedStates, type SharedStatesData } from './shared-memory.js'
export { logF32 } from '../random/numeric.js'
export { computedBytes, flopsOf, flopsOfNode } from '../program/work.js'
export { OPS, type OpName } from '../program/op-table.js'
export { broadcastShapes } from '../ops/operands.js'
export {
  ADAM_CONSTANTS,
  ADAM_PATTERN,
  type AdamOperand,
  checkClip,
  isRule,
  type OptimizerData,
  parseOptimizer,
  type PlateauState,
  SGD_PATTERNS,
  type MomentumOperand,
} from '../optimizers/index.js'
export { type AttributesOf, type ByOp, dispatch, fillValue, type Node, type NodeOf } from '../program/node.js'
export { beginningOf, MAX_OWN_NAME_LENGTH, nameProblem, sizeProblem } from '../program/limits.js'
export { type BatchField, Program, type State } from '../program/program.js'
export { type Input, type Output, type ProgramData, type Result } from '../program/program-data.js'
export { matchPattern, type Match, type Pattern, type Searched } from '../program/pattern.js'
export { mapNodes, prune, renameStates, substitute } from '../program/rewrite.js'
export { withBatchSize, withMarkedBatch } from '../program/with-batch-size.js'
export { segmentsOf } from '../program/segments.js'
export { convolution, type Convolution, poolAxes, tapsInside, type WindowAxis } from '../program/windows.js'
export { initialState } from '../random/initial-state.js'
export { fillNormal, fillUniform, NORMAL_QUANTILE, philox, purposeOf, shuffled } from '../random/random.js'
export { fusedMultiplyAdd } from '../reference/fused-multiply-add.js'
export { evaluate, type Evaluation, type EvaluationInputs } from '../reference/reference.js'
export { learningRateAt } from '../training/schedules.js'
export { withMicroBatches } from '../training/micro-batches.js'
export {
  type FieldStatistics,
  type Imputation,
  type ModelData,
  modelFor,
  type ModelFunctions,
  type EncoderNames,
  type TableNames,
} from '../training/model.js'
export { isTokens, type Tokens } from '../training/tokens.js'
export { adjustedRandIndex, clusterAccuracy, normalizedMutualInformation } from '../metrics/confusion.js'
export { finisher, type FinisherName } from '../metrics/finishers.js'
export { finishMetrics, type GatheredResults, type MetricSpec } from '../metrics/metric-spec.js'
export { lineOf, recordingLines } from '../tracing/recorded-lines.js'
export { currentTrace, type Trace, traceProgram } from '../tracing/trace.js'
export {
  type BatchOptions,
  type DataSpec,
  evaluation,
  prediction,
  train,
  type TrainOptions,
} from '../training/train.js'
export { type FileLocation, type FileSearch, findFile, findUrl, WORKER_FILE } from '../platform/files.js'
export { nextTurn, pause } from '../platform/next-turn.js'
export { createSha256, type Sha256 } from '../platform/sha256.js'
export { canShareMemory, threadMemory } from '../platform/threads.js'
