/**
 * Numbers that come one by one, in memory that threads can share: at once where it is known how many there are at most,
 * since the system gives memory when it is written to; else in blocks, which are copied at the end.
 */
import { allocateShared } from '../idx/read.js'

const BLOCK = 2 ** 18

export class Floats {
  readonly #blocks: Float32Array[] = []
  #last: Float32Array
  #filled = 0
  #capacity: number
  length = 0

  constructor(most = 0) {
    this.#last = new Float32Array(allocateShared(4 * most).buffer)
    this.#capacity = most
    this.#blocks.push(this.#last)
  }

  push(value: number): void {
    if (this.#filled === this.#capacity) {
      // Small tables stay small.
      this.#capacity = Math.min(BLOCK, Math.max(64, this.length))
      this.#last = new Float32Array(this.#capacity)
      this.#blocks.push(this.#last)
      this.#filled = 0
    }
    this.#last[this.#filled++] = value
    this.length++
  }

  pushAll(values: Float32Array): void {
    if (this.#filled + values.length <= this.#capacity) {
      this.#last.set(values, this.#filled)
      this.#filled += values.length
      this.length += values.length
    } else for (const value of values) this.push(value)
  }

  /** Those that came since the last time, in memory that the next ones are written to. */
  drain(): Float32Array {
    const values = this.finish()
    this.#blocks.splice(0, this.#blocks.length, values)
    this.#last = values
    this.#capacity = values.length
    this.#filled = this.length = 0
    return values
  }

  /** All of them. */
  finish(): Float32Array {
    const [first = this.#last, ...others] = this.#blocks
    if (others.length === 0) return first.subarray(0, this.length)
    const values = new Float32Array(allocateShared(4 * this.length).buffer)
    let at = 0
    for (const block of this.#blocks) {
      values.set(block.length > this.length - at ? block.subarray(0, this.length - at) : block, at)
      at += block.length
    }
    return values
  }
}
