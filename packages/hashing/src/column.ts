/** A typed array that grows at its end. Its capacity doubles, so each append takes constant time on average. */

type Values = Float32Array | Uint32Array | Uint8Array

export class Column<T extends Values> {
  #values: T
  #length: number

  /** @param values the first values; used as they are, not copied */
  constructor(values: T) {
    this.#values = values
    this.#length = values.length
  }

  append(values: T): void {
    const length = this.#length + values.length
    if (length > this.#values.length) {
      const grown = new (this.#values.constructor as new (length: number) => T)(Math.max(length, 2 * this.#length))
      grown.set(this.values)
      this.#values = grown
    }
    this.#values.set(values, this.#length)
    this.#length = length
  }

  /** All values so far; valid until the next `append`. */
  get values(): T {
    return this.#values.subarray(0, this.#length) as T
  }
}
