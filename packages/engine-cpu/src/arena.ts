/**
 * The arena: one memory of fixed size per engine, which threads can share. It holds everything that kernels read and
 * write: datasets, states, plans and scratch memory.
 *
 * The size is only reserved: a page takes memory once it is written. The arena never grows, so addresses and views stay
 * valid in all threads. Only the thread that created it allocates and frees.
 */
import { UserError } from '@gradpool/core'
import { FreeList } from './free-list.js'
import type { WasmMemory } from './web-assembly.js'

const PAGE_BYTES = 65536
const DEFAULT_BYTES = 2 ** 31
const LEAST_BYTES = 2 ** 26

/** The memory of an engine is full. */
export class OutOfMemory extends UserError {}

export class Arena {
  readonly memory: WasmMemory
  readonly #free: FreeList

  /** @param firstAddress the end of the kernels' own data */
  constructor(memory: WasmMemory, firstAddress: number) {
    this.memory = memory
    this.#free = new FreeList(firstAddress, memory.buffer.byteLength)
  }

  /** Aligned to 64 bytes. @throws OutOfMemory if there is not enough free memory */
  allocate(numBytes: number): number {
    const address = this.#free.take(numBytes)
    if (address !== undefined) return address
    const free = megabytes(this.#free.freeBytes)
    const total = megabytes(this.memory.buffer.byteLength)
    throw new OutOfMemory(
      `${megabytes(numBytes)} more of memory are needed, but only ${free} of the engine's ${total} are free`,
    )
  }

  free(address: number): void {
    this.#free.give(address)
  }

  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count)
  }

  words(address: number, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, count)
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count)
  }

  doubles(address: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, count)
  }
}

/**
 * A memory of `numBytes` bytes. Default: 2 GiB, or what the system allows.
 *
 * @param isShared Whether threads can share it.
 * @throws UserError if that size cannot be reserved
 */
export function reserveMemory(numBytes?: number, isShared = true): WasmMemory {
  if (numBytes !== undefined) return newMemory(numBytes, isShared)
  for (let size = DEFAULT_BYTES; ; size /= 2) {
    try {
      return newMemory(size, isShared)
    } catch (error) {
      if (size <= LEAST_BYTES) throw error
    }
  }
}

/** Tells the memories apart that a thread may see. */
export function newArenaId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}

function newMemory(numBytes: number, shared: boolean): WasmMemory {
  const pages = Math.ceil(numBytes / PAGE_BYTES)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch (cause) {
    throw new UserError(`the system does not let this process reserve ${megabytes(numBytes)} of memory`, { cause })
  }
}

function megabytes(numBytes: number): string {
  return `${(numBytes / 2 ** 20).toFixed(1)} MiB`
}
