/** A column of texts as numbers: those of its names, in an order of their own. */
import { UserError } from '@gradpool/core'
import { listed, shown } from '../spec-rules.js'
import { namesInOrder } from './names-in-order.js'
import { numberIn } from './numbers.js'
import { ownCopy } from './records.js'
import { placeOf, type TableSpec } from './table-spec.js'

/** More than that are no categories, but names or texts: where nothing was said of the column, and at all. */
const MOST_UNNAMED = 1000
const MOST = 10_000

export interface Naming {
  readonly column: string
  /** One of them, and several. */
  readonly words: readonly [one: string, several: string]
  /** Whether the spec says that these are categories. */
  readonly isNamed: boolean
  /** In the order of their numbers, where they are known. */
  readonly names?: readonly string[] | undefined
  /** What becomes of one that is not among the names. */
  readonly unknown: 'refuse' | 'zeros'
}

export class Categories {
  readonly #spec: TableSpec
  readonly #naming: Naming
  /** Numbers in the order in which they come, or of the names that are known. */
  readonly #numbers: Map<string, number>

  constructor(spec: TableSpec, naming: Naming) {
    this.#spec = spec
    this.#naming = naming
    this.#numbers = new Map(naming.names?.map((name, number) => [name, number]))
  }

  has(cell: string): boolean {
    return this.#numbers.has(cell)
  }

  /** Until `finish`, a number of its own for each text. */
  numberOf(cell: string | number, line: number): number {
    const { column, words, names, unknown, isNamed } = this.#naming
    const { path } = this.#spec
    const text = categoryText(cell)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (names) {
      if (unknown === 'zeros') return names.length
      throw new UserError(
        `${path} has the ${words[0]} ${shown(text)} in ${placeOf(this.#spec, line)}, column ${shown(column)}, which is none of ${listed(names)}`,
      )
    }
    const number = this.#numbers.size
    const most = isNamed ? MOST : MOST_UNNAMED
    if (number === most) {
      const unless = isNamed ? '' : ' unless it is named in them, so leave it out of columns'
      throw new UserError(
        `${path} has more than ${most} different texts in column ${shown(column)}, too many for ${words[1]}${unless}`,
      )
    }
    this.#numbers.set(ownCopy(text), number)
    return number
  }

  /** The names in their order, and the place in it of each number that was given until now. */
  finish(): { readonly names: readonly string[]; readonly places: readonly number[] } {
    const found = [...this.#numbers.keys()]
    // In an order of their own, so that the order of rows does not change them.
    const names = this.#naming.names ?? namesInOrder(found)
    const numbers = new Map(names.map((name, number) => [name, number]))
    return { names, places: found.map((name) => numbers.get(name) ?? 0) }
  }
}

/** 1, 1.0 and +1 are one category. */
export function categoryText(cell: string | number): string {
  const found = numberIn(cell)
  return String(typeof found === 'number' ? found : cell)
}
