/**
 * The profile of an execution: memory of the arena that the kernels write slices of time to (`kernels/plan.h`), and
 * what each slice is of.
 */
import type { ExecutionProfile, ProfiledSlice } from '@gradpool/core/engine'
import type { Arena } from './arena.js'
import { PROFILE, SLICE, SLICE_WHAT } from './instructions.js'
import type { PlannedKernel } from './planner/describe.js'
import type { Plan } from './planner/plan.js'

/** Steps of which it tells, where there is room. */
const MOST_STEPS = 100
/** Slices of one worker. */
const MOST_SLICES = 2 ** 16
/** Steps before these, at most: caches are warm then, and WebAssembly is compiled by its best compiler. */
const MOST_SKIPPED = 1000

interface Profiled {
  readonly plans: { readonly full: Plan; readonly tail: Plan | undefined }
  readonly workers: number
  /** With that of `tail`, where there is one. */
  readonly stepsPerEpoch: number
}

export class ArenaProfile {
  readonly #address: number
  readonly #arena: Arena
  readonly #workers: number
  readonly #stepsPerEpoch: number
  readonly #capacity: number
  readonly #numSteps: number
  readonly #kernels: readonly PlannedKernel[]
  readonly #full: Int32Array
  readonly #tail: Int32Array | undefined
  #isBegun = false

  /** @param allocate gives memory that is freed with the execution */
  constructor(arena: Arena, allocate: (numBytes: number) => number, { plans, workers, stepsPerEpoch }: Profiled) {
    const { full, tail } = plans
    this.#arena = arena
    this.#workers = workers
    this.#stepsPerEpoch = stepsPerEpoch
    const ofFull = full.describe()
    const ofTail = tail?.describe() ?? []
    this.#kernels = [...ofFull, ...ofTail]
    this.#full = kernelByWord(ofFull, 0)
    this.#tail = tail && kernelByWord(ofTail, ofFull.length)
    const perStep = Math.max(full.mostSlices, tail?.mostSlices ?? 0)
    this.#numSteps = Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_SLICES / perStep)))
    this.#capacity = this.#numSteps * perStep
    this.#address = allocate(workers * this.#bytesEach)
  }

  addressOf(worker: number): number {
    return this.#address + worker * this.#bytesEach
  }

  /** Before a chunk of so many steps: the first one, of an epoch as a rule, says which steps are told of. */
  begin(step: number, steps: number): void {
    if (this.#isBegun) return
    this.#isBegun = true
    const from = step + Math.min(MOST_SKIPPED, Math.floor(steps / 2))
    for (let worker = 0; worker < this.#workers; worker++) {
      const words = this.#arena.words(this.addressOf(worker), PROFILE.WORDS)
      words[PROFILE.FROM] = from
      words[PROFILE.TO] = from + this.#numSteps
      words[PROFILE.CAPACITY] = this.#capacity
      words[PROFILE.COUNT] = 0
    }
  }

  read(): ExecutionProfile {
    const other = (name: string) => ({ name, kind: 'other', flops: 0, bytes: 0 })
    const kernels = [
      ...this.#kernels.map(({ name, kind, flops, bytes }) => ({ name, kind, flops, bytes })),
      other('wait for other workers'),
      other('add up results, choose the next batch'),
    ]
    const slices: ProfiledSlice[] = []
    for (let worker = 0; worker < (this.#isBegun ? this.#workers : 0); worker++) {
      this.#readWorker(worker, slices)
    }
    return { kernels, slices }
  }

  #readWorker(worker: number, slices: ProfiledSlice[]): void {
    const address = this.addressOf(worker)
    const count = this.#arena.words(address, PROFILE.WORDS)[PROFILE.COUNT] ?? 0
    const first = address + 4 * PROFILE.WORDS
    const words = this.#arena.words(first, SLICE.WORDS * count)
    const times = this.#arena.doubles(first, (SLICE.WORDS / 2) * count)
    for (let at = 0; at < words.length; at += SLICE.WORDS) {
      const step = words[at + SLICE.STEP] ?? 0
      const what = words[at + SLICE.WHAT] ?? 0
      const isKernel = what >= SLICE_WHAT.INSTRUCTION
      const kernel = isKernel ? this.#kernelAt(step, what - SLICE_WHAT.INSTRUCTION) : this.#kernels.length + what
      const begin = times[(at + SLICE.BEGIN) / 2] ?? 0
      slices.push({ kernel, step, worker, begin, end: times[(at + SLICE.END) / 2] ?? 0 })
    }
  }

  #kernelAt(step: number, word: number): number {
    const isLast = step % this.#stepsPerEpoch === this.#stepsPerEpoch - 1
    const kernels = isLast ? (this.#tail ?? this.#full) : this.#full
    return kernels[word] ?? -1
  }

  get #bytesEach(): number {
    return 4 * (PROFILE.WORDS + SLICE.WORDS * this.#capacity)
  }
}

/** By the words of a plan, which kernel's instruction it is, counted from `first`. */
function kernelByWord(kernels: readonly PlannedKernel[], first: number): Int32Array {
  const byWord = new Int32Array(kernels.at(-1)?.end ?? 0).fill(-1)
  for (const [index, { first: begin, end }] of kernels.entries()) byWord.fill(first + index, begin, end)
  return byWord
}
