/**
 * Some queries over all rows of a collection, in one or several tasks, each over some of the rows: writes what the
 * kernels are to do, and reads what they have found.
 */
import { invariant } from '@gradpool/core/engine'
import type { Arena } from '../arena.js'
import { STACK_BYTES } from '../instructions.js'
import type { ArenaTask } from '../kernels.js'
import { BLOCK_ROWS, MAX_CODE_BYTES, SCAN, SEARCH } from './words.js'

/** The memory of a collection. */
export interface CodeRegion {
  /** Address of the blocks. */
  readonly codes: number
  /** Address of the labels. */
  readonly labels: number
  readonly codeBytes: number
  readonly numRows: number
}

export interface NearBounds {
  /** Rows farther than the k-th nearest are left out. */
  readonly k: number
  /** Rows farther than this are left out. */
  readonly radius: number
  /** Rows before this one, a multiple of BLOCK_ROWS, are left out. Default: 0. */
  readonly firstRow?: number | undefined
  /** [256], 1 for each label to be found. Default: all labels. */
  readonly allowed?: Uint8Array | undefined
}

/** What a thread needs for a part of a scan. */
export interface ScanTask extends ArenaTask {
  /** Address of the scan's words. */
  readonly scan: number
}

/** Rows and their distances, [n, 2]. */
export type NearRows = Uint32Array

export class Scan {
  readonly #arena: Arena
  readonly #bounds: NearBounds
  readonly #numQueries: number
  readonly #capacity: number
  readonly #allocated: number[] = []
  /** For each task: addresses of its words, of the end of its stack, of its searches and of the rows found. */
  readonly parts: readonly {
    readonly scan: number
    readonly stackTop: number
    readonly searches: number
    readonly found: number
  }[]

  /**
   * @param queries packed, [n, codeBytes]
   * @param capacity how many rows each query can find in each task
   * @throws UserError if the arena is full
   */
  constructor(
    arena: Arena,
    region: CodeRegion,
    queries: Uint8Array,
    bounds: NearBounds,
    { capacity, numTasks }: { readonly capacity: number; readonly numTasks: number },
  ) {
    this.#arena = arena
    this.#bounds = bounds
    this.#numQueries = queries.length / region.codeBytes
    this.#capacity = capacity
    try {
      const queriesAt = this.#place(queries)
      const allowedAt = bounds.allowed === undefined ? 0 : this.#place(bounds.allowed)
      const firstBlock = (bounds.firstRow ?? 0) / BLOCK_ROWS
      const numBlocks = Math.ceil(region.numRows / BLOCK_ROWS) - firstBlock
      this.parts = Array.from({ length: numTasks }, (_, task) => {
        const boundary = (part: number) => BLOCK_ROWS * (firstBlock + Math.floor((numBlocks * part) / numTasks))
        const searches = this.#placeSearches()
        const found = this.#allocate(8 * capacity * this.#numQueries)
        const scan = this.#allocate(4 * SCAN.WORDS)
        const words = arena.words(scan, SCAN.WORDS)
        words[SCAN.CODES] = region.codes
        words[SCAN.CODE_BYTES] = region.codeBytes
        words[SCAN.LABELS] = region.labels
        words[SCAN.ALLOWED] = allowedAt
        words[SCAN.FIRST_ROW] = boundary(task)
        words[SCAN.END_ROW] = Math.min(boundary(task + 1), region.numRows)
        words[SCAN.NUM_QUERIES] = this.#numQueries
        words[SCAN.QUERIES] = queriesAt
        words[SCAN.K] = bounds.k
        words[SCAN.SEARCHES] = searches
        words[SCAN.FOUND] = found
        words[SCAN.CAPACITY] = capacity
        return { scan, searches, found, stackTop: this.#allocate(STACK_BYTES) + STACK_BYTES }
      })
    } catch (error) {
      this.dispose()
      throw error
    }
  }

  /** To be called when all tasks are done. Returns what each query found; undefined if that did not fit. */
  results(): (NearRows | undefined)[] {
    return Array.from({ length: this.#numQueries }, (_, query) => this.#resultOf(query))
  }

  dispose(): void {
    for (const address of this.#allocated.splice(0)) this.#arena.free(address)
  }

  #resultOf(query: number): NearRows | undefined {
    const lists: Int32Array[] = []
    const counts = new Uint32Array(8 * MAX_CODE_BYTES + 1)
    for (const { searches, found } of this.parts) {
      const words = this.#arena.words(searches + 4 * SEARCH.WORDS * query, SEARCH.WORDS)
      if (words[SEARCH.OVERFLOW] !== 0) return undefined
      const numFound = words[SEARCH.NUM_FOUND] ?? 0
      lists.push(this.#arena.words(found + 8 * this.#capacity * query, 2 * numFound))
      const counted = words.subarray(SEARCH.COUNTS, SEARCH.COUNTS + counts.length)
      for (let distance = 0; distance < counts.length; distance++) {
        counts[distance] = (counts[distance] ?? 0) + (counted[distance] ?? 0)
      }
    }
    // The distance of the k-th nearest, or of the farthest if there are fewer.
    let radius = -1
    let within = 0
    while (radius < counts.length - 1 && within < this.#bounds.k) within += counts[++radius] ?? 0
    const near = new Uint32Array(2 * within)
    let next = 0
    for (const list of lists) {
      for (let at = 0; at < list.length; at += 2) {
        const distance = list[at + 1] ?? 0
        if (distance > radius) continue
        near[next++] = list[at] ?? 0
        near[next++] = distance
      }
    }
    invariant(next === near.length, `a search counted ${within} rows and has ${next / 2}`)
    return near
  }

  #place(bytes: Uint8Array): number {
    const address = this.#allocate(bytes.length)
    this.#arena.bytes(address, bytes.length).set(bytes)
    return address
  }

  #placeSearches(): number {
    const numWords = SEARCH.WORDS * this.#numQueries
    const address = this.#allocate(4 * numWords)
    const words = this.#arena.words(address, numWords).fill(0)
    const radius = Math.min(this.#bounds.radius, 8 * MAX_CODE_BYTES)
    for (let query = 0; query < this.#numQueries; query++) {
      words[SEARCH.WORDS * query + SEARCH.RADIUS] = radius
    }
    return address
  }

  #allocate(numBytes: number): number {
    const address = this.#arena.allocate(numBytes)
    this.#allocated.push(address)
    return address
  }
}
