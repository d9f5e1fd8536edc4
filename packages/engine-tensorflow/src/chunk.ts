/**
 * Runs chunks in any thread: the module that a worker loads.
 *
 * A chunk is a few calls into TensorFlow, each a loop of as many steps as take about 50 ms. Between two calls, progress
 * is recorded and the stop word is read. A thread keeps the models it has loaded until their execution is disposed of.
 */
import {
  examplesBefore,
  passSizeOf,
  placesOf,
  SharedRecord,
  shuffled,
  stepsPerEpochOf,
  type ChunkStatus,
} from '@gradpool/core/engine'
import type { TensorFlowChunkTask } from './chunk-task.js'
import { modelOf, releaseModels, type LoadedModel, type LoopStatus } from './loaded-model.js'
import type { StepKind } from './sharing/cut-batch.js'
import { arrive, makeSums } from './sharing/shared-steps.js'

/** How long a call may take, and so how long a stop may take to have an effect. */
const SLICE_MS = 50

export async function executeChunk(task: unknown): Promise<ChunkStatus> {
  const slices = runSlices(task as TensorFlowChunkTask)
  for (;;) {
    const { done, value } = await slices.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each slice, or after each step that workers share. */
export async function* runSlices(task: TensorFlowChunkTask): AsyncGenerator<undefined, ChunkStatus> {
  const { sharing, member, batches, rows, seed } = task
  const stepsPerEpoch = stepsPerEpochOf(batches)
  const numFull = stepsPerEpoch - Number(batches.tail !== undefined)
  releaseModels()
  const record = new SharedRecord(task.record)
  const model = await modelOf(task, record)
  const first = record.step
  const end = first + task.steps
  let step = first
  let status: ChunkStatus = 'done'
  let epoch = -1
  while (step < end) {
    const goesOn = sharing ? arrive(sharing, member, () => !record.stopped) : !record.stopped
    if (goesOn !== true) {
      status = goesOn === undefined ? 'abandoned' : 'stopped'
      break
    }
    if (task.trains) model.version = -1
    const epochNow = Math.floor(step / stepsPerEpoch)
    if (epochNow !== epoch) model.begin(step, task.shuffle ? shuffled(rows, seed, epochNow) : rows, batches.batchSize)
    epoch = epochNow
    const kind = step % stepsPerEpoch === numFull ? 'tail' : 'full'
    if (sharing && !makeSums(model, sharing, member, kind)) {
      status = 'abandoned'
      break
    }
    const loop = sharing
      ? model.loop(kind, step + 1)
      : runSlice(model, kind, step, Math.min(end, step + numFull - (step % stepsPerEpoch)))
    if (member.worker === 0) tell(record, loop, task)
    step = loop.step
    if (!loop.finite) {
      status = 'notFinite'
      break
    }
    yield
  }
  if (member.worker === 0 && status !== 'abandoned') {
    collectRows(model, record, first, task)
    if (task.trains) model.readStates(task)
  }
  return status
}

/** One call: steps of one epoch and one kind. */
function runSlice(model: LoadedModel, kind: StepKind, step: number, end: number): LoopStatus {
  if (kind === 'tail') return model.loop(kind, step + 1)
  const steps = Math.min(model.sliceSteps, end - step)
  const started = performance.now()
  const status = model.loop(kind, step + steps)
  const elapsedMs = Math.max(performance.now() - started, 0.001)
  const fitting = Math.round((steps * SLICE_MS) / elapsedMs)
  if (steps === model.sliceSteps) {
    model.sliceSteps = Math.max(1, Math.min(4 * model.sliceSteps, fitting))
  }
  return status
}

/** Records the results of a loop, whose steps are all of one size, and how far it came. */
function tell(record: SharedRecord, loop: LoopStatus, task: TensorFlowChunkTask): void {
  const { batches, results } = task
  const examples = examplesBefore(batches, record.step + 1) - examplesBefore(batches, record.step)
  const isAhead = loop.step > record.step
  for (const [index, { name, kind, place }] of results.entries()) {
    if (kind === 'rows') continue
    const isScalar = kind === 'scalar'
    const values = isScalar ? loop.scalarSums.subarray(place, place + 1) : loop.sums[place]
    record.add(index, values ?? [], examples)
    if (!isScalar || !isAhead) continue
    const last = loop.last[place] ?? NaN
    record.last[index]?.fill(last)
    if (name === 'loss' && Number.isFinite(last)) record.lastLoss = last
  }
  record.step = loop.step
}

/** Records the rows that the steps of the chunk, from `first` on, have written to the model. */
function collectRows(
  model: LoadedModel,
  record: SharedRecord,
  first: number,
  { results, batches }: TensorFlowChunkTask,
): void {
  const { step } = record
  if (step === first || results.every(({ kind }) => kind !== 'rows')) return
  const places = placesOf(batches, first, step)
  const collected = model.collected()
  for (const [index, { kind, place }] of results.entries()) {
    const values = collected[place]
    if (kind !== 'rows' || values === undefined) continue
    const size = values.length / passSizeOf(batches)
    for (const [from, to] of places) {
      record.rows[index]?.set(values.subarray(from * size, to * size), from * size)
    }
  }
}
