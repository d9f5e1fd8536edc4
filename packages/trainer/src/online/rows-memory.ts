/** Memory of fields whose rows the caller brings, which an engine reads without a copy. */
import { type Values } from '@gradpool/core'
import { bytesPerElement, sizeOf, type Allocate, type Field, type Split } from '@gradpool/core/engine'
import type { ValueSpec } from '@gradpool/storage'
import { ARRAYS } from '../predict/rows-in.js'

export class RowsMemory {
  readonly #specs: readonly ValueSpec[]
  readonly #allocate: Allocate
  #capacity = 0
  #fields: Readonly<Record<string, Field>> = {}

  constructor(specs: readonly ValueSpec[], allocate: Allocate) {
    this.#specs = specs
    this.#allocate = allocate
    this.grow(1)
  }

  /** Other memory, for at least so many rows. @returns for how many */
  grow(numRows: number): number {
    this.#capacity = Math.max(numRows, 2 * this.#capacity)
    const made = this.#specs.map((spec) => [spec.name, this.#field(spec)] as const)
    this.#fields = Object.fromEntries(made)
    return this.#capacity
  }

  /** The first rows. */
  split(numRows: number): Split {
    return { fields: this.#fields, rows: Int32Array.from({ length: numRows }, (_, row) => row) }
  }

  /** @param arrays in the order of the specs */
  write(arrays: readonly Values[]): void {
    this.#specs.forEach(({ name }, i) => this.#fields[name]?.values.set(arrays[i] ?? []))
  }

  #field({ shape, dtype }: ValueSpec): Field {
    const count = this.#capacity * sizeOf(shape)
    const { buffer, byteOffset } = this.#allocate(count * bytesPerElement[dtype])
    return { dtype, shape, values: new ARRAYS[dtype](buffer, byteOffset, count) }
  }
}
