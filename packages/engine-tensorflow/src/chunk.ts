/**
 * Runs chunks in any thread: the module that a worker loads.
 *
 * A chunk is a few calls into TensorFlow, each a loop of as many steps as take some 50 ms; between
 * two of them, progress is told and the stop word looked at. A thread keeps the models it has
 * loaded until their execution is disposed of.
 */
import { SharedRecord, stepsPerEpochOf, type ChunkStatus } from '@gradpool/core/engine'
import { collectRows, orderOf, tell, type TensorFlowChunkTask } from './chunk-task.js'
import { modelOf, readStates, releaseModels } from './held-models.js'
import type { LoadedModel, LoopStatus } from './loaded-model.js'
import type { StepKind } from './sharing/cut-batch.js'
import { SharedSteps } from './sharing/shared-steps.js'

/** How long a call may take, and so a stop. */
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
  const { sharing, member, batches } = task
  const stepsPerEpoch = stepsPerEpochOf(batches)
  const numFull = stepsPerEpoch - Number(batches.tail !== undefined)
  releaseModels()
  const record = new SharedRecord(task.record)
  const model = await modelOf(task, record)
  const shared = sharing && new SharedSteps(model, sharing, member)
  const first = record.step
  const end = first + task.steps
  let step = first
  let status: ChunkStatus = 'done'
  let epoch = -1
  while (step < end) {
    const goesOn = shared ? shared.arrive(() => !record.stopped) : !record.stopped
    if (goesOn !== true) {
      status = goesOn === undefined ? 'abandoned' : 'stopped'
      break
    }
    if (task.trains) model.version = -1
    const epochNow = Math.floor(step / stepsPerEpoch)
    if (epochNow !== epoch) model.begin(step, orderOf(task, epochNow), batches.batchSize)
    epoch = epochNow
    const kind = step % stepsPerEpoch === numFull ? 'tail' : 'full'
    if (shared?.makeSums(kind) === false) {
      status = 'abandoned'
      break
    }
    const loop = shared
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
    if (task.trains) readStates(model, task)
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
