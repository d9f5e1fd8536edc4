/**
 * Steps that several workers share, as one of them does them.
 *
 * Each makes the sums of its microBatches (gradients, loss) and leaves them in shared memory. When
 * all have come, each adds up those of all microBatches, in their order, and does the same update
 * on states of its own. So every worker has the same states, and their number decides nothing.
 */
import type { LoadedModel } from '../loaded-model.js'
import { exchangeSignature, partSignature, type StepKind } from './cut-batch.js'
import { Barrier } from './barrier.js'
import type { Membership, Sharing, SumRegion } from './sharing.js'

export class SharedSteps {
  readonly #model: LoadedModel
  readonly #layouts: Sharing['layouts']
  readonly #member: Membership
  readonly #barrier: Barrier
  readonly #partials: Float32Array

  constructor(model: LoadedModel, sharing: Sharing, member: Membership) {
    this.#model = model
    this.#layouts = sharing.layouts
    this.#member = member
    this.#barrier = new Barrier(sharing.barrier, member.workers, sharing.barrierTimeoutMs)
    this.#partials = new Float32Array(sharing.partials)
  }

  /** See `Barrier.arrive`. */
  arrive(decide: () => boolean): boolean | undefined {
    return this.#barrier.arrive(decide)
  }

  /** Makes the sums of a step, where it has any. @returns false where the chunk is abandoned */
  makeSums(kind: StepKind): boolean {
    const { microBatches = [], levels = [] } = this.#layouts[kind] ?? {}
    const { worker, workers } = this.#member
    for (const [level, regions] of levels.entries()) {
      for (let microBatch = worker; microBatch < microBatches.length; microBatch += workers) {
        const { start = 0, length = 0 } = microBatches[microBatch] ?? {}
        const positions = Int32Array.from({ length }, (_, i) => start + i)
        const made = this.#model.part(partSignature(kind, level, length), positions)
        for (const { variable, size, offset } of regions) {
          this.#partials.set(made[variable] ?? [], offset + microBatch * size)
        }
      }
      if (this.arrive(() => true) === undefined) return false
      const added = regions.map((region) => {
        const values = this.#sumOver(region, microBatches.length)
        return [region.variable, { values, shape: region.shape }] as const
      })
      this.#model.write(exchangeSignature(kind, level), Object.fromEntries(added))
    }
    return true
  }

  /** The sum over the microBatches, in their order, each addition rounded. */
  #sumOver({ size, offset }: SumRegion, numMicroBatches: number): Float32Array {
    const total = this.#partials.slice(offset, offset + size)
    for (let microBatch = 1; microBatch < numMicroBatches; microBatch++) {
      const from = offset + microBatch * size
      for (let i = 0; i < size; i++) total[i] = (total[i] ?? 0) + (this.#partials[from + i] ?? 0)
    }
    return total
  }
}
