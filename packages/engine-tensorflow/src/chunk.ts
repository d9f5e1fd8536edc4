/**
 * Runs chunks in any thread: the module that a worker loads.
 *
 * A chunk is a few calls into TensorFlow, each a loop of as many steps as take some 50 ms; between two of them, progress is
 * told and the stop word looked at. A thread keeps the models it has loaded until their execution is disposed of.
 */
import type { ChunkStatus } from '@gradpool/core'
import { modelOf, readStates, releaseModels } from './held-models.js'
import type { LoadedModel, LoopStatus } from './loaded-model.js'
import { SharedProgress, SharedStates } from './shared.js'
import { runShared } from './sharing/run-shared.js'
import {
  addTo,
  examplesOf,
  orderOf,
  publish,
  type TensorFlowChunkOutcome,
  type TensorFlowChunkTask,
} from './chunk-task.js'

/** How long a call may take, and so a stop. */
const SLICE_MS = 50

export async function executeChunk(task: unknown): Promise<TensorFlowChunkOutcome> {
  const slices = runSlices(task as TensorFlowChunkTask)
  for (;;) {
    const { done, value } = await slices.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each slice. */
export function runSlices(
  task: TensorFlowChunkTask,
): AsyncGenerator<undefined, TensorFlowChunkOutcome> {
  const { sharing, member } = task
  return sharing === undefined ? runAlone(task) : runShared(task, sharing, member)
}

async function* runAlone(
  task: TensorFlowChunkTask,
): AsyncGenerator<undefined, TensorFlowChunkOutcome> {
  releaseModels()
  const progress = new SharedProgress(task.progress)
  const states = new SharedStates(task.states)
  const model = await modelOf(task, progress)
  if (task.trains) model.version = -1
  const sums: Float64Array[] = []
  const end = progress.step + task.steps
  let status: ChunkStatus = 'done'
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
