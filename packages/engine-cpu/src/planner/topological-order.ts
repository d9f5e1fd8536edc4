/**
 * An order in which what is needed comes first, kept while things are merged and moved. A question about two of them
 * looks only at what stands between, not at all that there is.
 *
 * Source: Pearce & Kelly, A dynamic topological sort algorithm for directed acyclic graphs (2006), with places in a
 * list for their numbers.
 */
import { invariant } from '@gradpool/core/engine'

/** Who has more than these between them counts as needing each other: it is never wrong to keep two apart. */
const MOST_BETWEEN = 256

interface Place {
  /** Ascending along the list. */
  label: number
  before: Place | undefined
  after: Place | undefined
}

export class TopologicalOrder<Item> {
  readonly #places = new Map<Item, Place>()
  #first: Place | undefined

  /** @param items in order */
  constructor(items: Iterable<Item>) {
    let last: Place | undefined
    for (const item of items) {
      const place: Place = { label: this.#places.size, before: last, after: undefined }
      if (last) last.after = place
      else this.#first = place
      this.#places.set(item, place)
      last = place
    }
  }

  get items(): Item[] {
    return this.#sorted([...this.#places.keys()])
  }

  isBefore(one: Item, other: Item): boolean {
    return this.#place(one).label < this.#place(other).label
  }

  /**
   * What `last` needs of what stands after `first`, in order, all of which may stand before `first` just as well; that
   * `last` needs `first` itself is no matter.
   *
   * @param needs what an item needs directly
   * @returns undefined where some of it needs `first`, or may do so
   */
  between(first: Item, last: Item, needs: (item: Item) => Iterable<Item>): Item[] | undefined {
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
    return this.#sorted([...found])
  }

  /** @param items in order, which nothing that stands between forbids to move */
  moveBefore(items: readonly Item[], item: Item): void {
    const place = this.#place(item)
    for (const each of items) {
      const moved = this.#place(each)
      this.#unlink(moved)
      this.#linkBefore(moved, place)
    }
  }

  /** One thing in place of two, where the first of them stood. */
  merge(first: Item, last: Item, merged: Item): void {
    const place = this.#place(first)
    this.#unlink(this.#place(last))
    this.#places.delete(first)
    this.#places.delete(last)
    this.#places.set(merged, place)
  }

  #sorted(items: Item[]): Item[] {
    return items.sort((a, b) => this.#place(a).label - this.#place(b).label)
  }

  #unlink(place: Place): void {
    const { before, after } = place
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
  }

  #linkBefore(place: Place, next: Place): void {
    const { before } = next
    place.before = before
    place.after = next
    next.before = place
    if (before) before.after = place
    else this.#first = place
    place.label = before ? (before.label + next.label) / 2 : next.label - 1
    const fits = place.label < next.label && (before === undefined || before.label < place.label)
    if (!fits) this.#labelAnew()
  }

  #labelAnew(): void {
    let label = 0
    for (let place = this.#first; place; place = place.after) place.label = label++
  }

  #place(item: Item): Place {
    const place = this.#places.get(item)
    invariant(place, 'what is asked for is in the order')
    return place
  }
}
