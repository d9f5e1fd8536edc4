/**
 * A collection of packed codes with labels, in shared memory of its own, and its search by Hamming distance, which the
 * kernels do.
 *
 * Codes are stored in blocks, interleaved byte by byte (`kernels/hamming.h`). Rows are never removed. One thread adds
 * rows and starts searches; several threads may do the work of a search (`begin`).
 */
import { hasNativeCode, nativeCode } from '#native'
import { invariant } from '@gradpool/core/engine'
import { Arena, newArenaId, reserveMemory } from '../arena.js'
import { boundTo, instantiate } from '../instantiate.js'
import type { BoundCode, KernelCode, Kernels } from '../kernels.js'
import { stepChunkUrl } from '../step-chunk-url.js'
import { wasmCode } from '../wasm-engine.js'
import { Scan, type CodeRegion, type NearBounds, type NearRows, type ScanTask } from './scan.js'
import { BLOCK_ROWS, MAX_CODE_BYTES } from './words.js'

export interface PackedCodesOptions {
  /** Bytes of a code, 1 to 32. */
  readonly codeBytes: number
  /**
   * `wasm`, `native`, or an instruction set of `nativeInstructionSets()`: all find the same. Default: native code if it
   * is built, else WebAssembly.
   */
  readonly kernels?: string | undefined
  /** Size of the memory, which is only reserved. Default: 2 GiB, or what the system allows. */
  readonly memoryBytes?: number | undefined
}

/** A search in progress. */
export interface BegunScan {
  /** Each is run by `executeScan` of `workerModule`, in a thread of its own or one after the other. */
  readonly tasks: readonly ScanTask[]
  /** To be called when all tasks are done. Returns, for each query, what `near` returns. */
  finish(): NearRows[]
  /** Ends the search without `finish`. No task may be running. */
  abandon(): void
}

/** The most queries of one scan, and the most memory for their results together. */
const MOST_QUERIES = 256
const MOST_FOUND_BYTES = 2 ** 26

export class PackedCodes {
  /** URL of the module whose `executeScan` runs tasks in a worker thread. */
  static get workerModule(): string {
    return stepChunkUrl()
  }

  readonly codeBytes: number
  readonly #arenaId = newArenaId()
  readonly #code: BoundCode
  readonly #kernels: Kernels
  readonly #arena: Arena
  #numRows = 0
  #capacity = 0
  #codes = 0
  #labels = 0
  #blocks: Uint8Array = new Uint8Array()
  #numScans = 0
  /** Addresses of memory that larger memory has replaced, but that scans in progress may still read. */
  #outgrown: number[] = []

  /** @throws UserError if the kernels are not available, or the memory cannot be reserved */
  constructor({ codeBytes, kernels, memoryBytes }: PackedCodesOptions) {
    invariant(codeBytes >= 1 && codeBytes <= MAX_CODE_BYTES, `codes of ${codeBytes} bytes`)
    this.codeBytes = codeBytes
    const code = codeOf(kernels)
    const memory = reserveMemory(memoryBytes)
    this.#code = boundTo(memory, code)
    this.#kernels = instantiate(this.#code)
    this.#arena = new Arena(memory, this.#kernels.firstAddress)
  }

  get numRows(): number {
    return this.#numRows
  }

  /**
   * @param codes packed, [n, codeBytes]
   * @param labels [n]
   * @throws UserError if the memory is full; no row is added then
   */
  append(codes: Uint8Array, labels: Uint8Array): void {
    const numRows = this.#numRows + labels.length
    if (numRows > this.#capacity) this.#grow(Math.max(numRows, 2 * this.#capacity))
    this.#arena.bytes(this.#labels + this.#numRows, labels.length).set(labels)
    const blocks = this.#blocks
    let next = 0
    for (let row = this.#numRows; row < numRows; row++) {
      for (let at = this.placeOf(row), byte = 0; byte < this.codeBytes; byte++, at += BLOCK_ROWS) {
        blocks[at] = codes[next++] ?? 0
      }
    }
    this.#numRows = numRows
  }

  /** A copy of the codes of rows `first` to `end` - 1, [n, codeBytes]. */
  read(first: number, end: number): Uint8Array {
    const blocks = this.#blocks
    const codes = new Uint8Array(this.codeBytes * (end - first))
    let next = 0
    for (let row = first; row < end; row++) {
      for (let at = this.placeOf(row), byte = 0; byte < this.codeBytes; byte++, at += BLOCK_ROWS) {
        codes[next++] = blocks[at] ?? 0
      }
    }
    return codes
  }

  /** [n]; valid until the next `append`. */
  get labels(): Uint8Array {
    return this.#arena.bytes(this.#labels, this.#numRows)
  }

  /**
   * For each query, the rows that are no farther than the k-th nearest, in row order.
   *
   * @param queries packed, [n, codeBytes]
   * @throws UserError if the memory is too small for the results
   */
  near(queries: Uint8Array, bounds: NearBounds): NearRows[] {
    return this.#groups(queries, bounds).flatMap((group) => this.#nearGroup(group, bounds))
  }

  /**
   * The same, with the rows divided among several tasks. Rows added in the meantime are not found.
   *
   * @param queries packed, at most 256 of them
   */
  begin(queries: Uint8Array, bounds: NearBounds, numTasks: number): BegunScan {
    const [group = queries, ...more] = this.#groups(queries, bounds)
    const scan = this.#scan(group, bounds, numTasks)
    const tasks = scan.parts.map(({ scan, stackTop }) => ({ arena: this.#arenaId, code: this.#code, scan, stackTop }))
    return {
      tasks,
      finish: () => {
        const results = this.#finish(scan, group, bounds)
        return results.concat(more.flatMap((rest) => this.#nearGroup(rest, bounds)))
      },
      abandon: () => this.#end(scan),
    }
  }

  #nearGroup(queries: Uint8Array, bounds: NearBounds, capacity?: number): NearRows[] {
    const scan = this.#scan(queries, bounds, 1, capacity)
    for (const { scan: address, stackTop } of scan.parts) {
      invariant(this.#kernels.scan(address, stackTop), 'the kernels refuse a scan')
    }
    return this.#finish(scan, queries, bounds)
  }

  /** The results of a scan. Queries whose results did not fit are run again, with room for all rows. */
  #finish(scan: Scan, queries: Uint8Array, bounds: NearBounds): NearRows[] {
    const results = scan.results()
    this.#end(scan)
    return results.map((result, query) => {
      if (result !== undefined) return result
      const start = query * this.codeBytes
      const [again] = this.#nearGroup(queries.subarray(start, start + this.codeBytes), bounds, this.#numRows)
      invariant(again, 'a query has no result')
      return again
    })
  }

  #scan(queries: Uint8Array, bounds: NearBounds, numTasks: number, capacity = this.#roomFor(bounds)): Scan {
    const region: CodeRegion = {
      codes: this.#codes,
      labels: this.#labels,
      codeBytes: this.codeBytes,
      numRows: this.#numRows,
    }
    const scan = new Scan(this.#arena, region, queries, bounds, { capacity, numTasks })
    this.#numScans++
    return scan
  }

  #end(scan: Scan): void {
    scan.dispose()
    this.#numScans--
    this.#freeOutgrown()
  }

  #freeOutgrown(): void {
    if (this.#numScans > 0) return
    for (const address of this.#outgrown.splice(0)) this.#arena.free(address)
  }

  /** The number of rows that a query has room for at first: the k nearest, and rows found before them. */
  #roomFor({ k }: NearBounds): number {
    return Math.min(this.#numRows, 4 * k + 1000)
  }

  #groups(queries: Uint8Array, bounds: NearBounds): Uint8Array[] {
    const numQueries = queries.length / this.codeBytes
    const room = Math.floor(MOST_FOUND_BYTES / (8 * Math.max(1, this.#roomFor(bounds))))
    const size = Math.max(1, Math.min(MOST_QUERIES, room))
    return Array.from({ length: Math.ceil(numQueries / size) }, (_, group) =>
      queries.subarray(group * size * this.codeBytes, (group + 1) * size * this.codeBytes),
    )
  }

  #grow(numRows: number): void {
    const capacity = BLOCK_ROWS * Math.ceil(numRows / BLOCK_ROWS)
    const labels = this.labels
    const codesAt = this.#arena.allocate(capacity * (this.codeBytes + 1))
    const labelsAt = codesAt + capacity * this.codeBytes
    const blocks = this.#arena.bytes(codesAt, capacity * this.codeBytes)
    blocks.set(this.#blocks)
    this.#arena.bytes(labelsAt, labels.length).set(labels)
    if (this.#capacity > 0) this.#outgrown.push(this.#codes)
    this.#freeOutgrown()
    this.#codes = codesAt
    this.#blocks = blocks
    this.#labels = labelsAt
    this.#capacity = capacity
  }

  /** All codes, in blocks of BLOCK_ROWS rows, with spare capacity at the end; valid until the next `append`. */
  get blocks(): Uint8Array {
    return this.#blocks
  }

  /** Index in `blocks` of the first byte of a row's code. Each further byte is BLOCK_ROWS later. */
  placeOf(row: number): number {
    return Math.floor(row / BLOCK_ROWS) * BLOCK_ROWS * this.codeBytes + (row % BLOCK_ROWS)
  }
}

function codeOf(kernels: string | undefined): KernelCode {
  if (kernels === 'wasm' || (kernels === undefined && !hasNativeCode())) return wasmCode().code
  return nativeCode(kernels === 'native' ? undefined : kernels)
}
