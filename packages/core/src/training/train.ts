/**
 * From a model to the Programs that engines run: training, evaluation, prediction.
 *
 * All three name the states of parameters and buffers by their paths, so the states of one serve
 * the others. Only training adds the optimizer's.
 */
import type { BatchProgram } from './batch-program.js'
import type { Split } from '../engine/dataset.js'
import { sameShape } from '../program/dtype.js'
import { number, whole } from '../checks.js'
import { UserError } from '../errors.js'
import { Binding } from './module.js'
import { TrainedParts, type Clip, type Optimizer, type UpdateRule } from '../optimizers/index.js'
import { checkClip } from '../optimizers/clipping.js'
import type { Program } from '../program/program.js'
import { withMicroBatches } from './micro-batches.js'
import { checkedLosses } from './losses.js'
import type { Model, ModelData } from './model.js'
import { traceMetrics, type MetricSpec } from '../metrics/metric-spec.js'
import { traceUpdates } from './updates.js'
import { traceProgram, userError, type Trace } from '../tracing/trace.js'

/** What a dataset looks like, without its values. */
export interface DataSpec extends ModelData {
  readonly numExamples: number
}

export interface BatchOptions {
  /** Examples per step; a split that has fewer is one batch. */
  readonly batchSize: number
  /** The split to run over, or what it looks like. */
  readonly data: Split | DataSpec
}

export interface TrainOptions extends BatchOptions {
  readonly optimizer: Optimizer | UpdateRule
  /** Bounds all gradients together, in place of the optimizers' own `clip`. */
  readonly clip?: Clip
  /**
   * Weights are averaged over the steps, exponentially with this decay, as 0.999. The model's own states are the
   * averages, which evaluations and predictions go by; `optimizer/raw/…` are the weights that are trained. Default:
   * none.
   */
  readonly ema?: number
  /**
   * How many steps make one update, by the mean of their gradients. Memory is that of one batch. A schedule goes by
   * updates; what follows the last whole number of them is not used. Default: 1.
   */
  readonly accumulate?: number
  /**
   * Into how many parts each batch is cut: its gradient is the sum of theirs, in order. Decides how
   * sums round, so it belongs to the experiment. Default: 1.
   */
  readonly microBatches?: number
  /** Whether each epoch visits the examples in an order of its own. Default: true. */
  readonly shuffle?: boolean
  /**
   * What becomes of examples that fill no batch at the end of an epoch: a shorter batch, or nothing; where each epoch
   * has an order of its own, they are others in each. Default: 'keep'.
   */
  readonly lastBatch?: 'keep' | 'drop'
  /** Steps of the whole training, where a schedule without `totalSteps` ends. */
  readonly totalSteps?: number
}

/**
 * The Program of a training step: loss, gradients, and the optimizer's update of each parameter
 * that is not frozen.
 *
 * @throws UserError for a loss that is not an f32 scalar, a field that the data lacks, options out
 *   of range
 */
export function train(model: Model, options: TrainOptions): BatchProgram {
  const { optimizer, clip, ema, accumulate = 1, microBatches = 1, totalSteps } = options
  if (clip !== undefined) checkClip(clip)
  if (ema !== undefined) number(0, 1)(ema, 'ema')
  checkCount('microBatches', microBatches)
  checkCount('accumulate', accumulate)
  if (totalSteps !== undefined) checkCount('totalSteps', totalSteps)
  const parts = new TrainedParts(optimizer, totalSteps && Math.max(1, Math.floor(totalSteps / accumulate)))
  const { traceStep } = model.forData(options.data)
  const whole = batchProgram(options, options.shuffle ?? true, (trace, batch, size) => {
    const isAveraged = (name: string) => ema !== undefined && parts.of(name).rule !== undefined
    const binding = new Binding(trace, true, isAveraged)
    const { losses, results } = checkedLosses(traceStep(binding, batch))
    traceUpdates(binding, { losses, parts, clip, ema, accumulate })
    return traceMetrics(trace, results, size)
  })
  const { plateaus } = parts
  const training = plateaus.length > 0 ? { ...whole, plateaus } : whole
  if (microBatches === 1) return training
  const { program, tail } = training
  return {
    ...training,
    microBatches,
    program: withMicroBatches(program, microBatches),
    ...(tail && { tail: withMicroBatches(tail, microBatches) }),
  }
}

/**
 * The Program of an evaluation: loss and metrics, no updates, examples in the order of the split.
 */
export function evaluation(model: Model, options: BatchOptions): BatchProgram {
  const { traceStep } = model.forData(options.data)
  return batchProgram(options, false, (trace, batch, size) => {
    const { results } = checkedLosses(traceStep(new Binding(trace, false), batch))
    return traceMetrics(trace, results, size)
  })
}

/**
 * The Program of a prediction: what the model's `predict` gives, collected for every example, in
 * the order of the split.
 *
 * @throws UserError where the model has no `predict`, or a prediction is not one row per example
 */
export function prediction(model: Model, options: BatchOptions): BatchProgram {
  const { tracePrediction } = model.forData(options.data)
  if (tracePrediction === undefined) throw new UserError('this model has no predict function')
  return batchProgram(options, false, (trace, batch, numExamples) => {
    const predictions = tracePrediction(new Binding(trace, false), batch)
    for (const [name, value] of Object.entries(predictions)) {
      if (value.shape[0] !== numExamples) {
        throw userError(`prediction "${name}" is ${value.toString()}: its first axis must be the batch, ${numExamples}`)
      }
      trace.result(name, value, { rows: true })
    }
    return []
  })
}

type Build = (trace: Trace, batch: object, batchSize: number) => readonly MetricSpec[]

function batchProgram(
  options: BatchOptions & Pick<TrainOptions, 'lastBatch'>,
  shuffle: boolean,
  build: Build,
): BatchProgram {
  const { data } = options
  const numExamples = numExamplesOf(data)
  checkCount('batchSize', options.batchSize)
  checkCount('the number of examples', numExamples)
  const batchSize = Math.min(options.batchSize, numExamples)
  let metrics: readonly MetricSpec[] = []
  const traceFor = (size: number): Program =>
    traceProgram((trace) => {
      metrics = build(trace, lazyBatch(trace, data.fields, size), size)
    })
  const program = traceFor(batchSize)
  const rest = numExamples % batchSize
  if (rest === 0 || options.lastBatch === 'drop') return { batchSize, numExamples, shuffle, program, metrics }
  const tail = traceFor(rest)
  checkSame(program, tail)
  return { batchSize, numExamples, shuffle, program, tail, metrics }
}

function numExamplesOf(data: Split | DataSpec): number {
  return 'rows' in data ? data.rows.length : data.numExamples
}

function checkCount(name: string, count: number): void {
  whole(1)(count, name)
}

/**
 * An object whose properties become inputs of the Program when they are read; one that the data
 * lacks throws.
 */
function lazyBatch(trace: Trace, fields: DataSpec['fields'], batchSize: number): object {
  return new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name === 'symbol') return undefined
        const field = Object.hasOwn(fields, name) ? fields[name] : undefined
        if (field === undefined) {
          const known = Object.keys(fields).join(', ')
          throw userError(`the data has no field "${name}"; its fields are ${known}`)
        }
        return trace.batch(name, field.dtype, [batchSize, ...field.shape])
      },
      has: (_, name) => Object.hasOwn(fields, name),
      ownKeys: () => Object.keys(fields),
      getOwnPropertyDescriptor: (_, name) =>
        Object.hasOwn(fields, name) ? { enumerable: true, configurable: true } : undefined,
    },
  )
}

/**
 * States and results must not depend on the size of the batch, but for the first axis of results by
 * rows.
 */
function checkSame(program: Program, tail: Program): void {
  const shapes = (each: Program) => [
    ...each.states.map(({ name, shape }) => ({ what: `state "${name}"`, shape })),
    ...each.results.map(({ name, node, rows }) => {
      const { shape } = each.node(node)
      return { what: `result "${name}"`, shape: rows ? shape.slice(1) : shape }
    }),
  ]
  const full = shapes(program)
  const rest = shapes(tail)
  full.forEach(({ what, shape }, index) => {
    const other = rest[index]
    if (other?.what !== what || !sameShape(shape, other.shape)) {
      throw new UserError(`the shape of ${what} depends on the batch size: [${shape.join(', ')}] for a full batch`)
    }
  })
}
