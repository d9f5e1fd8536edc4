/**
 * The chunk of one of several workers that share each step.
 *
 * Each makes the sums of its microBatches (gradients, loss) and leaves them in shared memory. When
 * all have come, each adds up those of all microBatches, in their order, and does the same update
 * on states of its own. So every worker has the same states, and their number decides nothing.
 */
import { SharedRecord, type ChunkStatus } from '@gradpool/core'
import { modelOf, readStates, releaseModels } from '../held-models.js'
import type { LoadedModel } from '../loaded-model.js'
import { collectRows, orderOf, tell, type TensorFlowChunkTask } from '../chunk-task.js'
import { exchangeSignature, partSignature, type StepKind } from './cut-batch.js'
import { Barrier } from './barrier.js'
import type { Membership, Sharing, StepLayout, SumRegion } from './sharing.js'

/** With a pause after each step. */
export async function* runShared(
  task: TensorFlowChunkTask,
  sharing: Sharing,
  { worker, workers }: Membership,
): AsyncGenerator<undefined, ChunkStatus> {
  releaseModels()
  const record = new SharedRecord(task.record)
  const model = await modelOf(task, record)
  const barrier = new Barrier(sharing.barrier, workers, sharing.barrierTimeoutMs)
  const partials = new Float32Array(sharing.partials)
  const first = record.step
  let step = first
  const end = step + task.steps
  const numFull = task.stepsPerEpoch - Number(task.hasTail)
  let status: ChunkStatus = 'done'
  let epoch = -1
  while (step < end) {
    const goesOn = barrier.arrive(() => !record.stopped)
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
    if (layout && !makeSums(model, kind, layout, { worker, workers, barrier, partials })) {
      status = 'abandoned'
      break
    }
    const loop = model.loop(kind, step + 1)
    if (worker === 0) tell(record, loop, task)
    step = loop.step
    if (!loop.finite) {
      status = 'notFinite'
      break
    }
    yield
  }
  if (worker === 0 && status !== 'abandoned') {
    collectRows(model, record, first, task)
    if (task.trains) readStates(model, task)
  }
  return status
}

interface Member extends Membership {
  readonly barrier: Barrier
  readonly partials: Float32Array
}

/** @returns false where the chunk is abandoned */
function makeSums(
  model: LoadedModel,
  kind: StepKind,
  { microBatches, levels }: StepLayout,
  { worker, workers, barrier, partials }: Member,
): boolean {
  for (const [level, regions] of levels.entries()) {
    for (let microBatch = worker; microBatch < microBatches.length; microBatch += workers) {
      const { start = 0, length = 0 } = microBatches[microBatch] ?? {}
      const positions = Int32Array.from({ length }, (_, i) => start + i)
      const made = model.part(partSignature(kind, level, length), positions)
      for (const { variable, size, offset } of regions) {
        partials.set(made[variable] ?? [], offset + microBatch * size)
      }
    }
    if (barrier.arrive(() => true) === undefined) return false
    const added = regions.map(
      (region) =>
        [
          region.variable,
          { ...region, values: sumOver(partials, region, microBatches.length) },
        ] as const,
    )
    model.write(exchangeSignature(kind, level), Object.fromEntries(added))
  }
  return true
}

/** The sum over the microBatches, in their order, each addition rounded. */
function sumOver(
  partials: Float32Array,
  { size, offset }: SumRegion,
  numMicroBatches: number,
): Float32Array {
  const total = partials.slice(offset, offset + size)
  for (let microBatch = 1; microBatch < numMicroBatches; microBatch++) {
    const from = offset + microBatch * size
    for (let i = 0; i < size; i++) total[i] = (total[i] ?? 0) + (partials[from + i] ?? 0)
  }
  return total
}
