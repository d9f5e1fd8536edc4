/** Memory of fields whose rows the caller brings, which an engine reads without a copy. */
import { type Values } from '@gradpool/core'
import { bytesPerElement, sizeOf, type Allocate, type Split } from '@gradpool/core/engine'
import type { ValueSpec } from '@gradpool/storage/saved-model'
import { ARRAYS } from './rows-in.js'

export class RowsMemory {
  readonly #specs: readonly ValueSpec[]
  readonly #allocate: Allocate
  /** In rows. */
  #capacity = 0
  /** In the order of the specs, as all arrays here. */
  #values: readonly Values[] = []

  constructor(specs: readonly ValueSpec[], allocate: Allocate, numRows = 1) {
    this.#specs = specs
    this.#allocate = allocate
    this.grow(numRows)
  }

  /** Other memory, for at least so many rows. @returns for how many */
  grow(numRows: number): number {
    this.#capacity = Math.max(numRows, 2 * this.#capacity)
    this.#values = this.#specs.map(({ dtype, shape }) => {
      const count = this.#capacity * sizeOf(shape)
      const { buffer, byteOffset } = this.#allocate(count * bytesPerElement[dtype])
      return new ARRAYS[dtype](buffer, byteOffset, count)
    })
    return this.#capacity
  }

  /** The first rows. */
  split(numRows: number): Split {
    const fields = this.#specs.map(({ name, dtype, shape }, i) => {
      return [name, { dtype, shape, values: this.#values[i] ?? new ARRAYS[dtype](0) }] as const
    })
    return { fields: Object.fromEntries(fields), rows: Int32Array.from({ length: numRows }, (_, row) => row) }
  }

  /** Puts rows of these arrays where they are read; any others there stay. */
  write(arrays: readonly Values[], start = 0, numRows = this.#capacity): void {
    this.#values.forEach((values, i) => {
      const size = values.length / this.#capacity
      values.set(arrays[i]?.subarray(start * size, (start + numRows) * size) ?? [])
    })
  }
}
