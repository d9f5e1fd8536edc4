/**
 * The span of one of several workers that share each step.
 *
 * Each makes the sums of its shards (gradients, loss) and leaves them in shared memory. When all have come, each adds up those of
 * all shards, in their order, and does the same update on states of its own. So every worker has the same states, and their
 * number decides nothing.
 */
import type { SpanStatus } from '@gradpool/core'
import { modelOf, readStates, releaseModels } from '../held-models.js'
import type { LoadedModel } from '../loaded-model.js'
import { SharedProgress, SharedStates } from '../shared.js'
import {
  addTo,
  examplesOf,
  orderOf,
  publish,
  type TensorFlowSpanOutcome,
  type TensorFlowSpanTask,
} from '../span-task.js'
import { exchangeSignature, partSignature, type StepKind } from './cut-batch.js'
import { Meeting } from './meeting.js'
import type { Membership, Sharing, StepLayout, SumRegion } from './sharing.js'

/** With a pause after each step. */
export async function* runShared(
  task: TensorFlowSpanTask,
  sharing: Sharing,
  { worker, workers }: Membership,
): AsyncGenerator<undefined, TensorFlowSpanOutcome> {
  releaseModels()
  const progress = new SharedProgress(task.progress)
  const states = new SharedStates(task.states)
  const model = await modelOf(task, progress)
  const meeting = new Meeting(sharing.meeting, workers, sharing.patienceMs)
  const partials = new Float32Array(sharing.partials)
  const sums: Float64Array[] = []
  let { step } = progress
  const end = step + task.steps
  const numFull = task.stepsPerEpoch - Number(task.hasTail)
  let status: SpanStatus = 'done'
  let epoch = -1
  while (step < end) {
    const goesOn = meeting.meet(() => !progress.stopped)
    if (goesOn !== true) {
      status = goesOn === undefined ? 'abandoned' : 'stopped'
      break
    }
    model.version = -1
    const epochNow = Math.floor(step / task.stepsPerEpoch)
    if (epochNow !== epoch) model.begin(step, orderOf(task, epochNow), task.batchSize)
    epoch = epochNow
    const kind = step % task.stepsPerEpoch === numFull ? 'tail' : 'full'
    const layout = sharing.layouts[kind]
    if (layout && !makeSums(model, kind, layout, { worker, workers, meeting, partials })) {
      status = 'abandoned'
      break
    }
    const loop = model.loop(kind, step + 1)
    addTo(sums, loop, examplesOf(task, step), task)
    if (worker === 0) publish(progress, loop, task)
    step = loop.step
    if (!loop.finite) {
      status = 'notFinite'
      break
    }
    yield
  }
  if (worker === 0 && task.trains && status !== 'abandoned') readStates(model, states, task)
  return { status, sums }
}

interface Member extends Membership {
  readonly meeting: Meeting
  readonly partials: Float32Array
}

/** @returns false where the span is abandoned */
function makeSums(
  model: LoadedModel,
  kind: StepKind,
  { shards, levels }: StepLayout,
  { worker, workers, meeting, partials }: Member,
): boolean {
  for (const [level, regions] of levels.entries()) {
    for (let shard = worker; shard < shards.length; shard += workers) {
      const { start = 0, length = 0 } = shards[shard] ?? {}
      const positions = Int32Array.from({ length }, (_, i) => start + i)
      const made = model.part(partSignature(kind, level, length), positions)
      for (const { variable, size, offset } of regions) {
        partials.set(made[variable] ?? [], offset + shard * size)
      }
    }
    if (meeting.meet(() => true) === undefined) return false
    const added = regions.map(
      (region) =>
        [region.variable, { ...region, values: sumOver(partials, region, shards.length) }] as const,
    )
    model.write(exchangeSignature(kind, level), Object.fromEntries(added))
  }
  return true
}

/** The sum over the shards, in their order, each addition rounded. */
function sumOver(
  partials: Float32Array,
  { size, offset }: SumRegion,
  numShards: number,
): Float32Array {
  const total = partials.slice(offset, offset + size)
  for (let shard = 1; shard < numShards; shard++) {
    const from = offset + shard * size
    for (let i = 0; i < size; i++) total[i] = (total[i] ?? 0) + (partials[from + i] ?? 0)
  }
  return total
}
