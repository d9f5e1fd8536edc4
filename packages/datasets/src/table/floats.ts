/**
 * Numbers that come one by one, how many is known at the end: kept in blocks, which are let go one by one as they are
 * copied. The collector may take its time for that, so a reading can hold them twice.
 */
const BLOCK = 2 ** 18

export class Floats {
  #blocks: Float32Array[] = []
  #last = new Float32Array(0)
  #filled = 0
  #capacity = 0
  length = 0

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

  /** All of them, into memory that threads can share; then there are none here. */
  takeInto(values: Float32Array | Int32Array): void {
    const blocks = this.#blocks.reverse()
    let at = 0
    for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
      values.set(block.length > this.length - at ? block.subarray(0, this.length - at) : block, at)
      at += block.length
    }
    this.#blocks = []
    this.#last = new Float32Array(0)
    this.length = this.#filled = this.#capacity = 0
  }
}
