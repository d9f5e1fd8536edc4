/**
 * An index of binary codes, all computed by one model, with exact search by bucket and by Hamming distance.
 *
 * Rows are never removed. The results of a search have a total order (`compare` in neighbour.ts).
 */
import { UserError } from '@gradpool/core'
import { PackedCodes, type NearBounds } from '@gradpool/engine-cpu'
import { Column } from './column.js'
import { CodeValues, packStored, VALUE_KINDS, type ValueKind } from './code-values.js'
import { ModelMismatchError } from './errors.js'
import type { HashIndexOptions, IndexContents, ModelId } from './index-contents.js'
import { readIndex, writeIndex } from './index-file.js'
import { NearestRows } from './nearest-rows.js'
import type { SearchThreads } from './search-threads.js'
import { Nearest, NO_LABEL, type Neighbour } from './neighbour.js'
import { bytesPerCode, checkBits, checkCodes, packAtLeast } from './pack-codes.js'

export interface AddOptions {
  /** Real-valued codes in [0, 1], row-major [n, bits]. */
  readonly codes: Float32Array
  /** [n], whole numbers from 0 to 2^32 - 1. Default: row numbers, from 0 on. */
  readonly ids?: ArrayLike<number> | undefined
  /** [n], 0 to 254. Default: none. */
  readonly labels?: ArrayLike<number> | undefined
  /** The model that computed the codes. It must be the index's. */
  readonly model?: ModelId | undefined
}

export interface SearchOptions {
  /** The most neighbours to return. Default: 10. */
  readonly k?: number | undefined
  /** Only rows with one of these labels are found. */
  readonly labels?: readonly number[] | undefined
  /** The model that computed the query. It must be the index's. */
  readonly model?: ModelId | undefined
}

export interface HammingSearchOptions extends SearchOptions {
  /** Only rows within this Hamming distance are found. Default: all. */
  readonly radius?: number | undefined
}

const MAX_ROWS = 2 ** 32 - 1

export class HashIndex {
  readonly bits: number
  readonly model: ModelId
  /** What is kept of the real-valued codes. */
  readonly values: ValueKind
  readonly encoder: Uint8Array | undefined
  readonly about: string | undefined
  readonly #ids: Column<Uint32Array>
  readonly #packed: PackedCodes
  readonly #values: CodeValues | undefined
  readonly #search: NearestRows

  private constructor({ options, ids, labels, values }: IndexContents) {
    this.bits = options.bits
    this.model = options.model
    this.values = options.values
    this.encoder = options.encoder
    this.about = options.about
    this.#ids = new Column(ids)
    const keepsValues = options.values !== 'none'
    this.#values = keepsValues ? new CodeValues(this.bits, values) : undefined
    const packed = keepsValues ? packStored(values, this.bits) : Uint8Array.from(values)
    const { kernels, leastTableBytes = 2 ** 20 } = options
    this.#packed = new PackedCodes({ codeBytes: bytesPerCode(this.bits), kernels })
    this.#packed.append(packed, labels)
    this.#search = new NearestRows(this.#packed, this.bits, leastTableBytes)
  }

  /** An empty index. @throws UserError for invalid options */
  static create(options: HashIndexOptions): HashIndex {
    const { bits, values = 'f32' } = options
    checkBits(bits)
    if (!VALUE_KINDS.includes(values)) {
      throw new UserError(`an index keeps values of kind ${VALUE_KINDS.join(', ')}, not ${values}`)
    }
    return new HashIndex({
      options: { ...options, values },
      ids: new Uint32Array(),
      labels: new Uint8Array(),
      values: values === 'f32' ? new Float32Array() : new Uint8Array(),
    })
  }

  /** @throws IndexFileError for a file that is not a whole index; UserError for one that cannot be read */
  static async load(path: string): Promise<HashIndex> {
    return new HashIndex(await readIndex(path))
  }

  /**
   * Writes the index to a file, atomically. Its folder must exist.
   *
   * @throws UserError if it cannot be written
   */
  async save(path: string): Promise<void> {
    const { bits, model, values, encoder, about } = this
    await writeIndex(path, {
      options: { bits, model, values, encoder, about },
      ids: this.#ids.values,
      // A copy, as rows may be added while it is written.
      labels: this.#packed.labels.slice(),
      values: this.#values?.stored ?? this.#packed.read(0, this.size),
    })
  }

  /** How many rows there are. */
  get size(): number {
    return this.#ids.values.length
  }

  /**
   * Adds rows, all or none.
   *
   * @throws UserError for invalid codes, ids or labels; ModelMismatchError for codes of another model
   */
  add({ codes, ids, labels, model }: AddOptions): void {
    this.checkModel(model)
    checkCodes(codes, this.bits)
    const numRows = codes.length / this.bits
    if (this.size + numRows > MAX_ROWS) throw new UserError(`an index holds ${MAX_ROWS} rows at most`)
    const newIds =
      ids === undefined
        ? Uint32Array.from({ length: numRows }, (_, row) => this.size + row)
        : Uint32Array.from(wholeNumbers('ids', ids, numRows, MAX_ROWS))
    const newLabels =
      labels === undefined
        ? new Uint8Array(numRows).fill(NO_LABEL)
        : Uint8Array.from(wholeNumbers('labels', labels, numRows, NO_LABEL - 1))
    // First, as it throws if the memory is full.
    this.#packed.append(packAtLeast(codes, this.bits, 0.5), newLabels)
    this.#ids.append(newIds)
    this.#values?.append(codes)
  }

  /**
   * The search of semantic hashing: the rows in the query's bucket, which have the same bits, in the order of the
   * squared distance of their real-valued codes.
   *
   * @param query a real-valued code, [bits]
   * @throws UserError for a query or options that cannot be
   */
  searchBucket(query: Float32Array, options: SearchOptions = {}): Neighbour[] {
    return this.searchHamming(query, { ...options, radius: 0 })
  }

  /**
   * The k nearest rows by Hamming distance, exactly.
   *
   * @param query a real-valued code, [bits]
   * @throws UserError for a query or options that cannot be
   */
  searchHamming(query: Float32Array, options: HammingSearchOptions = {}): Neighbour[] {
    if (query.length !== this.bits) {
      throw new UserError(`a query of this index has ${this.bits} numbers, not ${query.length}`)
    }
    return this.searchHammingBatch(query, options)[0] ?? []
  }

  /**
   * The same for many queries, which is faster than one by one.
   *
   * @param queries real-valued codes, row-major [n, bits]
   * @returns [n] lists of neighbours
   */
  searchHammingBatch(queries: Float32Array, options: HammingSearchOptions = {}): Neighbour[][] {
    const { packed, bounds } = this.#prepare(queries, options)
    return this.#rankAll(queries, this.#search.near(packed, bounds), bounds.k)
  }

  /**
   * The same on several threads, each of which scans some of the rows: for large collections. Rows added in the
   * meantime are not found.
   *
   * @throws WorkerDied if a thread ends before; the index is unchanged
   */
  async searchHammingOn(
    threads: SearchThreads,
    queries: Float32Array,
    options: HammingSearchOptions = {},
  ): Promise<Neighbour[][]> {
    const { packed, bounds } = this.#prepare(queries, options)
    return this.#rankAll(queries, await threads.near(this.#packed, packed, bounds), bounds.k)
  }

  /** @throws ModelMismatchError if a model is not the one that computed the codes of this index */
  checkModel(model: ModelId | undefined): void {
    if (model === undefined || model.hash === this.model.hash) return
    throw new ModelMismatchError(
      `the index holds codes of ${describe(this.model)}, and these are of ${describe(model)}`,
    )
  }

  #prepare(queries: Float32Array, options: HammingSearchOptions): { packed: Uint8Array; bounds: NearBounds } {
    this.checkModel(options.model)
    checkCodes(queries, this.bits)
    return { packed: packAtLeast(queries, this.bits, 0.5), bounds: this.#boundsOf(options) }
  }

  #rankAll(queries: Float32Array, near: readonly ArrayLike<number>[], k: number): Neighbour[][] {
    return near.map((rows, query) => this.#rank(queries.subarray(query * this.bits, (query + 1) * this.bits), rows, k))
  }

  #rank(query: Float32Array, near: ArrayLike<number>, k: number): Neighbour[] {
    const labels = this.#packed.labels
    const ids = this.#ids.values
    const distances = this.#values?.squaredDistances(query, near)
    const nearest = new Nearest(k)
    const numNear = near.length / 2
    for (let at = 0; at < numNear; at++) {
      const row = near[2 * at] ?? 0
      const hamming = near[2 * at + 1] ?? 0
      const distance = distances === undefined ? null : (distances[at] ?? null)
      if (nearest.excludes(hamming, distance)) continue
      const label = labels[row] === NO_LABEL ? null : (labels[row] ?? null)
      nearest.add({ row, id: ids[row] ?? 0, label, hamming, distance })
    }
    return nearest.sorted()
  }

  #boundsOf({ k = 10, radius = this.bits, labels }: HammingSearchOptions): NearBounds {
    if (!Number.isSafeInteger(k) || k < 1) {
      throw new UserError(`k is a whole number of at least 1, not ${k}`)
    }
    if (!Number.isSafeInteger(radius) || radius < 0) {
      throw new UserError(`a radius is a whole number of at least 0, not ${radius}`)
    }
    if (labels === undefined) return { k, radius }
    const allowed = new Uint8Array(256)
    for (const label of wholeNumbers('labels', labels, labels.length, NO_LABEL - 1)) {
      allowed[label] = 1
    }
    return { k, radius, allowed }
  }
}

function describe({ name, hash }: ModelId): string {
  return `${name} (${hash.slice(0, 12)})`
}

/** @throws UserError if they are not `count` whole numbers from 0 to `most` */
function wholeNumbers(what: string, numbers: ArrayLike<number>, count: number, most: number): number[] {
  if (numbers.length !== count) {
    throw new UserError(`there are ${numbers.length} ${what} for ${count} codes`)
  }
  const list = Array.from(numbers)
  const wrong = list.find((value) => !Number.isInteger(value) || value < 0 || value > most)
  if (wrong === undefined) return list
  throw new UserError(`${what} are whole numbers from 0 to ${most}, not ${wrong}`)
}
