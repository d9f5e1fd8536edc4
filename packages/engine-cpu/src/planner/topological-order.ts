/**
 * An order in which what is needed comes first, kept while things are merged and moved. A question about two of them
 * looks only at what stands between, not at all that there is. The things have numbers, from 0.
 *
 * Source: Pearce & Kelly, A dynamic topological sort algorithm for directed acyclic graphs (2006), with places in a
 * list for their numbers.
 */

/** Who has more than these between them counts as needing each other: it is never wrong to keep two apart. */
const MOST_BETWEEN = 256

/** In place of an item before the first, and after the last. */
const NONE = -1

export class TopologicalOrder {
  /** Of each item: ascending along the list. */
  readonly #labels: Float64Array
  readonly #before: Int32Array
  readonly #after: Int32Array
  #first: number

  /** @param items the numbers from 0 on, in order */
  constructor(items: readonly number[]) {
    const { length } = items
    this.#labels = new Float64Array(length)
    this.#before = new Int32Array(length)
    this.#after = new Int32Array(length)
    this.#first = items[0] ?? NONE
    items.forEach((item, place) => {
      this.#labels[item] = place
      this.#before[item] = items[place - 1] ?? NONE
      this.#after[item] = items[place + 1] ?? NONE
    })
  }

  get items(): number[] {
    const items: number[] = []
    for (let item = this.#first; item !== NONE; item = this.#next(item)) items.push(item)
    return items
  }

  isBefore(one: number, other: number): boolean {
    return this.#label(one) < this.#label(other)
  }

  /**
   * What `last` needs of what stands after `first`, in order, all of which may stand before `first` just as well; that
   * `last` needs `first` itself is no matter.
   *
   * @param needs what an item needs directly
   * @returns undefined where some of it needs `first`, or may do so
   */
  between(first: number, last: number, needs: (item: number) => Iterable<number>): number[] | undefined {
    const found = new Set([last])
    // A set is visited in the order in which it grows.
    for (const item of found) {
      for (const needed of needs(item)) {
        if (needed === first) {
          if (item !== last) return undefined
        } else if (this.isBefore(first, needed)) found.add(needed)
      }
      if (found.size > MOST_BETWEEN) return undefined
    }
    found.delete(last)
    return [...found].sort((a, b) => this.#label(a) - this.#label(b))
  }

  /** @param items in order, which nothing that stands between forbids to move */
  moveBefore(items: readonly number[], item: number): void {
    for (const moved of items) {
      this.#unlink(moved)
      this.#linkBefore(moved, item)
    }
  }

  /** Of two things that have become one, the first stays in place and the last is gone; it is called `merged`. */
  merge(first: number, last: number, merged: number): void {
    this.#unlink(last)
    if (merged === first) return
    this.#link(this.#previous(first), merged)
    this.#link(merged, this.#next(first))
    this.#labels[merged] = this.#label(first)
  }

  #label(item: number): number {
    return this.#labels[item] ?? NaN
  }

  #previous(item: number): number {
    return this.#before[item] ?? NONE
  }

  #next(item: number): number {
    return this.#after[item] ?? NONE
  }

  /** Makes two items neighbours; one of them may be none. */
  #link(before: number, after: number): void {
    if (before === NONE) this.#first = after
    else this.#after[before] = after
    if (after !== NONE) this.#before[after] = before
  }

  #unlink(item: number): void {
    this.#link(this.#previous(item), this.#next(item))
  }

  #linkBefore(item: number, next: number): void {
    const before = this.#previous(next)
    this.#link(before, item)
    this.#link(item, next)
    const label = before === NONE ? this.#label(next) - 1 : (this.#label(before) + this.#label(next)) / 2
    this.#labels[item] = label
    const fits = label < this.#label(next) && (before === NONE || this.#label(before) < label)
    if (!fits) this.#labelAnew()
  }

  #labelAnew(): void {
    let label = 0
    for (let item = this.#first; item !== NONE; item = this.#next(item)) this.#labels[item] = label++
  }
}
