/** The part of an execution's record that is words in memory which several threads see. */
import type { ExecutionRecord } from './backend.js'

export abstract class WordRecord implements ExecutionRecord {
  abstract readonly sums: readonly Float64Array[]
  abstract readonly rows: readonly Float32Array[]
  abstract readonly last: readonly Float32Array[]
  readonly #words: Int32Array
  readonly #places: { readonly STEP: number; readonly STOP: number }
  readonly lastLossView: Float32Array | Float64Array

  /**
   * @param places of the step and of the stop word
   * @param lastLossView of one number
   */
  constructor(
    words: Int32Array,
    places: { readonly STEP: number; readonly STOP: number },
    lastLossView: Float32Array | Float64Array,
  ) {
    this.#words = words
    this.#places = places
    this.lastLossView = lastLossView
  }

  get step(): number {
    return Atomics.load(this.#words, this.#places.STEP)
  }

  set step(step: number) {
    Atomics.store(this.#words, this.#places.STEP, step)
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, this.#places.STOP) !== 0
  }

  set stopped(stopped: boolean) {
    Atomics.store(this.#words, this.#places.STOP, Number(stopped))
  }

  get lastLoss(): number {
    return this.lastLossView[0] ?? NaN
  }

  set lastLoss(loss: number) {
    this.lastLossView[0] = loss
  }
}
