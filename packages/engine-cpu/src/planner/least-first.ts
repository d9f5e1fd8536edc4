/**
 * Numbers that come out with the least first: a binary heap.
 */
export class LeastFirst {
  readonly #heap: number[] = []

  add(value: number): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] ?? 0
      if (parent <= value) break
      heap[at] = parent
      at = above
    }
    heap[at] = value
  }

  /** Undefined where there is none. */
  take(): number | undefined {
    const heap = this.#heap
    const [least] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return least
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if ((heap[below + 1] ?? Infinity) < (heap[below] ?? Infinity)) below++
      const child = heap[below]
      if (child === undefined || child >= last) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return least
  }
}
