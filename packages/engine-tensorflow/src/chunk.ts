/**
 * Runs chunks in any thread: the module that a worker loads.
 *
 * A chunk is a few calls into TensorFlow, each a loop of as many steps as take some 50 ms; between
 * two of them, progress is told and the stop word looked at. A thread keeps the models it has
 * loaded until their execution is disposed of.
 */
import { SharedRecord, type ChunkStatus } from '@gradpool/core'
import { collectRows, orderOf, tell, type TensorFlowChunkTask } from './chunk-task.js'
import { modelOf, readStates, releaseModels } from './held-models.js'
import type { LoadedModel, LoopStatus } from './loaded-model.js'
import { runShared } from './sharing/run-shared.js'

/** How long a call may take, and so a stop. */
const SLICE_MS = 50

export async function executeChunk(task: unknown): Promise<ChunkStatus> {
  const slices = runSlices(task as TensorFlowChunkTask)
  for (;;) {
    const { done, value } = await slices.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each slice. */
export function runSlices(task: TensorFlowChunkTask): AsyncGenerator<undefined, ChunkStatus> {
  const { sharing, member } = task
  return sharing === undefined ? runAlone(task) : runShared(task, sharing, member)
}

async function* runAlone(task: TensorFlowChunkTask): AsyncGenerator<undefined, ChunkStatus> {
  releaseModels()
  const record = new SharedRecord(task.record)
  const model = await modelOf(task, record)
  if (task.trains) model.version = -1
  const first = record.step
  const end = first + task.steps
  let status: ChunkStatus = 'done'
  let epoch = -1
  while (record.step < end) {
    if (record.stopped) {
      status = 'stopped'
      break
    }
    const { step } = record
    const epochNow = Math.floor(step / task.stepsPerEpoch)
    if (epochNow !== epoch) model.begin(step, orderOf(task, epochNow), task.batchSize)
    epoch = epochNow
    const loop = runSlice(model, step, end, task)
    tell(record, loop, task)
    if (!loop.finite) {
      status = 'notFinite'
      break
    }
    yield
  }
  collectRows(model, record, first, task)
  if (task.trains) readStates(model, task)
  return status
}

/** One call: steps of one epoch and one kind. */
function runSlice(
  model: LoadedModel,
  step: number,
  end: number,
  { stepsPerEpoch, hasTail }: TensorFlowChunkTask,
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
