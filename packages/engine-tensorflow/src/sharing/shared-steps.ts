/**
 * A worker's part in steps that several workers share.
 *
 * Each worker computes the sums over its micro-batches (gradients, loss) and writes them to shared memory. When all
 * have arrived, each adds up the sums of all micro-batches, in their order, and applies the same update to its own copy
 * of the states. So the states are the same in every worker, and do not depend on how many there are.
 */
import type { LoadedModel } from '../loaded-model.js'
import { arriveAt } from './barrier.js'
import { exchangeSignature, partSignature, type StepKind } from './cut-batch.js'
import type { Membership, Sharing, SumRegion } from './sharing.js'

/** See `arriveAt`. */
export function arrive(
  { barrier, timeoutMs }: Sharing,
  { workers }: Membership,
  decide: () => boolean,
): boolean | undefined {
  return arriveAt(barrier, { workers, timeoutMs }, decide)
}

/** Computes the sums of a step, if it has any. @returns false if the chunk is abandoned */
export function makeSums(model: LoadedModel, sharing: Sharing, member: Membership, kind: StepKind): boolean {
  const { partials } = sharing
  const { microBatches = [], levels = [] } = sharing.layouts.get(kind) ?? {}
  for (const [level, regions] of levels.entries()) {
    for (let microBatch = member.worker; microBatch < microBatches.length; microBatch += member.workers) {
      const { start = 0, length = 0 } = microBatches[microBatch] ?? {}
      const positions = Int32Array.from({ length }, (_, i) => start + i)
      const sums = model.part(partSignature(kind, level, length), positions)
      for (const { name, size, offset } of regions) partials.set(sums[name] ?? [], offset + microBatch * size)
    }
    if (arrive(sharing, member, () => true) === undefined) return false
    const totals = regions.map((region) => ({ ...region, values: totalOf(partials, region, microBatches.length) }))
    model.write(exchangeSignature(kind, level), totals)
  }
  return true
}

/** The sum over the micro-batches, in their order, rounded after each addition. */
function totalOf(partials: Float32Array, { size, offset }: SumRegion, numMicroBatches: number): Float32Array {
  const total = partials.slice(offset, offset + size)
  for (let microBatch = 1; microBatch < numMicroBatches; microBatch++) {
    const from = offset + microBatch * size
    for (let i = 0; i < size; i++) total[i] = (total[i] ?? 0) + (partials[from + i] ?? 0)
  }
  return total
}
