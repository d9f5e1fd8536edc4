/** Runs single instructions of the compiled kernels over a memory of its own, for tests. */
import { expect } from 'vitest'
import { EXEC } from '../instructions.js'
import type { MatmulShape } from '../kernels.js'
import { instanceOf, type MultiplyAdd, type WasmBuild, wasmModule } from '../wasm-modules.js'
import { wasmBuilds } from '../wasm-engine.js'

export interface Exports extends MultiplyAdd {
  run(exec: number, steps: number, worker: number): number
  check(exec: number, numPages: number): number
  execute(exec: number, instructions: number, words: number): number
  matmul_scratch(...product: MatmulShape): number
  readonly __stack_pointer: WebAssembly.Global<'i32'>
  readonly __heap_base: WebAssembly.Global<'i32'>
}

const PAGES = 1024
/** What surrounds every array: a kernel that writes outside of its result changes it. */
const GUARD_BYTE = 0x5a
const GUARD_BYTES = 64

export class KernelHost {
  readonly module: WebAssembly.Module
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  readonly exports: Exports
  #next = 0
  #guards: number[] = []

  constructor(build: WasmBuild = wasmBuilds()[0] ?? 'emulated') {
    this.module = wasmModule(build)
    this.exports = instanceOf(this.module, this.memory) as unknown as Exports
    this.reset()
  }

  /** Forgets all arrays. */
  reset(): void {
    this.#next = this.exports.__heap_base.value
    this.#guards = []
  }

  /** Memory between guards, `misaligned` bytes after a multiple of 64. */
  allocate(bytes: number, misaligned = 0): number {
    const start = Math.ceil(this.#next / 64) * 64
    const address = start + GUARD_BYTES + misaligned
    this.#next = address + bytes + GUARD_BYTES
    if (this.#next > this.memory.buffer.byteLength) throw new RangeError('the test needs more memory')
    new Uint8Array(this.memory.buffer, start, this.#next - start).fill(GUARD_BYTE)
    this.#guards.push(start, address, address + bytes, this.#next)
    return address
  }

  /** Whether all memory around the arrays is as it was. */
  guardsHold(): boolean {
    const bytes = new Uint8Array(this.memory.buffer)
    for (let g = 0; g < this.#guards.length; g += 2) {
      for (let at = this.#guards[g] ?? 0; at < (this.#guards[g + 1] ?? 0); at++) {
        if (bytes[at] !== GUARD_BYTE) return false
      }
    }
    return true
  }

  floats(values: ArrayLike<number> | number, misaligned = 0): Float32Array {
    const count = typeof values === 'number' ? values : values.length
    const array = new Float32Array(this.memory.buffer, this.allocate(4 * count, misaligned), count)
    if (typeof values !== 'number') array.set(values)
    return array
  }

  doubles(count: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.allocate(8 * count), count)
  }

  ints(values: ArrayLike<number> | number): Int32Array {
    const count = typeof values === 'number' ? values : values.length
    const array = new Int32Array(this.memory.buffer, this.allocate(4 * count), count)
    if (typeof values !== 'number') array.set(values)
    return array
  }

  bytes(values: ArrayLike<number> | number, misaligned = 0): Uint8Array {
    const count = typeof values === 'number' ? values : values.length
    const array = new Uint8Array(this.memory.buffer, this.allocate(count, misaligned), count)
    if (typeof values !== 'number') array.set(values)
    return array
  }

  /** Executes one instruction; arrays stand for their addresses. @returns the status */
  execute(opcode: number, ...operands: (number | ArrayBufferView)[]): number {
    const words = operands.map(addressOf)
    return this.executeAll([opcode, words.length + 2, ...words])
  }

  executeAll(words: readonly number[], exec = this.ints(EXEC.WORDS)): number {
    const plan = this.ints(words)
    return this.exports.execute(exec.byteOffset, plan.byteOffset, words.length)
  }
}

export function addressOf(operand: number | ArrayBufferView): number {
  return typeof operand === 'number' ? operand : operand.byteOffset
}

/** Reproducible numbers in [0, 1) for test data. */
export function testNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** `count` floats between -1 and 1. */
export function testFloats(count: number, seed: number): Float32Array {
  const next = testNumbers(seed)
  return Float32Array.from({ length: count }, () => 2 * next() - 1)
}

/** An element, NaN past the end. */
export function at(array: ArrayLike<number>, index: number): number {
  return array[index] ?? NaN
}

export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length)
  const bits = (array: Float32Array): Uint32Array => new Uint32Array(new Float32Array(array).buffer)
  const a = bits(actual)
  const b = bits(expected)
  const different = a.findIndex((word, i) => word !== b[i] && !(Number.isNaN(actual[i]) && Number.isNaN(expected[i])))
  if (different >= 0) {
    expect.fail(`element ${different} of ${a.length}: ${at(actual, different)}, not ${at(expected, different)}`)
  }
}

/** The sum of contiguous elements as plan.h defines it: 16 lanes, folded in halves. */
export function laneSum(values: ArrayLike<number>): number {
  const lanes = new Float32Array(16)
  for (let i = 0; i < values.length; i++) lanes[i % 16] = at(lanes, i % 16) + Math.fround(at(values, i))
  for (let width = 8; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = at(lanes, lane) + at(lanes, lane + width)
  }
  return at(lanes, 0)
}
