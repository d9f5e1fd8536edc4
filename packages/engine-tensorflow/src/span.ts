/**
 * Runs spans in any thread: the module that a worker loads.
 *
 * A span is a few calls into TensorFlow, each a loop of as many steps as take some 50 ms; between two of them, progress is
 * told and the stop word looked at. A thread keeps the models it has loaded until their execution is disposed of.
 */
import { shuffled, type SpanStatus } from '@gradpool/core'
import { LoadedModel, type LoopStatus } from './loaded-model.js'
import { SharedProgress, SharedStates, type SharedStatesData } from './shared.js'

/** How long a call may take, and so a stop. */
const SLICE_MS = 50

/** Structured-cloneable; buffers are shared, not copied. */
export interface TensorFlowSpanTask {
  /** The folder of the SavedModel, which is the name of the execution too. */
  readonly model: string
  readonly progress: SharedArrayBuffer
  readonly states: SharedStatesData
  /** The states that are variables of the model, in their order. */
  readonly variables: readonly {
    readonly name: string
    readonly state: string
    readonly shape: readonly number[]
  }[]
  /** Whether a step changes states. */
  readonly trains: boolean
  readonly rows: Int32Array
  readonly shuffle: boolean
  /** Keys the order of the rows. */
  readonly orderSeed: number
  readonly batchSize: number
  readonly hasTail: boolean
  readonly stepsPerEpoch: number
  /** Elements of each result. */
  readonly resultSizes: readonly number[]
  /** Where the loss is among the results of one element; -1 where there is none. */
  readonly lossIndex: number
  readonly steps: number
}

export interface TensorFlowSpanOutcome {
  readonly status: SpanStatus
  /** Of each result, over the examples of the span. */
  readonly sums: readonly Float64Array[]
}

const models = new Map<string, { readonly model: LoadedModel; readonly progress: SharedProgress }>()

export async function executeSpan(task: unknown): Promise<TensorFlowSpanOutcome> {
  const slices = runSlices(task as TensorFlowSpanTask)
  for (;;) {
    const { done, value } = await slices.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each call into TensorFlow. */
export async function* runSlices(
  task: TensorFlowSpanTask,
): AsyncGenerator<undefined, TensorFlowSpanOutcome> {
  releaseModels()
  const progress = new SharedProgress(task.progress)
  const states = new SharedStates(task.states)
  const model = await modelOf(task, progress)
  if (model.version !== states.version) writeStates(model, states, task)
  const sums: Float64Array[] = []
  const end = progress.step + task.steps
  let status: SpanStatus = 'done'
  let epoch = -1
  while (progress.step < end) {
    if (progress.stopped) {
      status = 'stopped'
      break
    }
    const { step } = progress
    const epochNow = Math.floor(step / task.stepsPerEpoch)
    if (epochNow !== epoch) model.begin(step, orderOf(task, epochNow), task.batchSize)
    epoch = epochNow
    const loop = runSlice(model, step, end, task)
    addTo(sums, loop, examplesOf(task, step), task)
    publish(progress, loop, task)
    if (!loop.finite) {
      status = 'notFinite'
      break
    }
    yield
  }
  if (task.trains) readStates(model, states, task)
  return { status, sums }
}

/** Frees the models whose executions are gone. */
export function releaseModels(): void {
  for (const [name, { model, progress }] of models) {
    if (!progress.disposed) continue
    models.delete(name)
    model.dispose()
  }
}

async function modelOf(task: TensorFlowSpanTask, progress: SharedProgress): Promise<LoadedModel> {
  const known = models.get(task.model)
  if (known !== undefined) return known.model
  const names = ['write', 'read', 'begin', 'full', 'status', ...(task.hasTail ? ['tail'] : [])]
  const model = await LoadedModel.load(task.model, names)
  models.set(task.model, { model, progress })
  return model
}

function writeStates(model: LoadedModel, states: SharedStates, task: TensorFlowSpanTask): void {
  const { version } = states
  model.write(
    Object.fromEntries(
      task.variables.map(({ name, state, shape }) => [name, { values: states.get(state), shape }]),
    ),
  )
  model.version = version
}

function readStates(model: LoadedModel, states: SharedStates, task: TensorFlowSpanTask): void {
  const values = model.read()
  states.write(
    Object.fromEntries(
      task.variables.map(({ name, state }) => [state, Float32Array.from(values[name] ?? [])]),
    ),
  )
  model.version = states.version
}

function orderOf({ rows, shuffle, orderSeed }: TensorFlowSpanTask, epoch: number): Int32Array {
  return shuffle ? shuffled(rows, orderSeed, epoch) : rows
}

/** One call: steps of one epoch and one kind. */
function runSlice(
  model: LoadedModel,
  step: number,
  end: number,
  { stepsPerEpoch, hasTail }: TensorFlowSpanTask,
): LoopStatus {
  const numFull = stepsPerEpoch - Number(hasTail)
  const batch = step % stepsPerEpoch
  if (batch === numFull) return model.loop('tail', step + 1)
  const most = Math.min(end - step, numFull - batch)
  const steps = Math.min(model.sliceSteps, most)
  const started = performance.now()
  const status = model.loop('full', step + steps)
  const elapsedMs = Math.max(performance.now() - started, 0.001)
  const fitting = Math.round((steps * SLICE_MS) / elapsedMs)
  if (steps === model.sliceSteps) {
    model.sliceSteps = Math.max(1, Math.min(4 * model.sliceSteps, fitting))
  }
  return status
}

/** Examples of a batch, which is the weight of its results. */
function examplesOf({ rows, batchSize, stepsPerEpoch, hasTail }: TensorFlowSpanTask, step: number) {
  const isTail = hasTail && step % stepsPerEpoch === stepsPerEpoch - 1
  return isTail ? rows.length % batchSize : batchSize
}

function addTo(
  sums: Float64Array[],
  loop: LoopStatus,
  examples: number,
  { resultSizes }: TensorFlowSpanTask,
): void {
  let [scalar, other] = [0, 0]
  for (const [index, size] of resultSizes.entries()) {
    const values = size === 1 ? loop.scalarSums.slice(scalar, ++scalar) : (loop.sums[other++] ?? [])
    const sum = (sums[index] ??= new Float64Array(size))
    values.forEach((value, element) => (sum[element] = (sum[element] ?? 0) + value * examples))
  }
}

function publish(
  progress: SharedProgress,
  { step, last }: LoopStatus,
  { lossIndex }: TensorFlowSpanTask,
): void {
  if (step > progress.step) {
    progress.results.set(last)
    const loss = last[lossIndex] ?? NaN
    if (Number.isFinite(loss)) progress.lastLoss = loss
  }
  progress.step = step
}
