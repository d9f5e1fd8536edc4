/**
 * Turns a Program into a plan: instructions, constants and scratch memory in one block of the arena.
 *
 * The passes, in order: lower.ts (what kernels can do) → graph.ts (what needs computing) → fuse.ts (kernels) →
 * schedule.ts (order, updates in place) → storage.ts (memory) → emit.ts (words; pointwise programs by pointwise.ts).
 */
import { type DType } from '@gradpool/core'
import { bytesPerElement, invariant, sizeOf, type NodeOf, type Program } from '@gradpool/core/engine'
import { align } from '../free-list.js'
import type { MatmulShape } from '../kernels.js'
import { addressIn, addressOfInput, resolver } from './addresses.js'
import { KernelDescriptions, type PlannedKernel } from './describe.js'
import { emit, matmulShape, sortScratch, type Layout, type Place } from './emit.js'
import { Kernels, type Kernel } from './fuse.js'
import { Graph, valuesOf } from './graph.js'
import { schedule, type Schedule } from './schedule.js'
import { cutIntoSections } from './sections.js'
import { lower } from './lower.js'
import { layOut, type Storage } from './storage.js'
import { convolutionScratch, isConvolution } from './windows.js'
import type { WasmMemory } from '../web-assembly.js'

export interface PlanOptions {
  readonly batchSize: number
  /** Of a field in the data. */
  readonly dtypeOf: (field: string) => DType
  /** Bytes of scratch that a matmul asks for. */
  readonly matmulScratch: (...product: MatmulShape) => number
  /** Whether several workers may run the plan together. */
  readonly isShared: boolean
}

/** Addresses of what a plan does not own. */
export interface InputPlaces {
  readonly state: (name: string) => number
  /** Of a field's values in the data. */
  readonly field: (name: string) => number
  /** Of the step number and of the seed, i32. */
  readonly step: number
  readonly seed: number
}

/** It has no place and no data yet: executions of a Program share one plan. */

export class Plan {
  readonly numBytes: number
  readonly numInstructionWords: number
  /** Scratch memory of kernels, for each worker. */
  readonly workingBytes: number
  readonly #graph: Graph
  readonly #schedule: Schedule
  readonly #storage: Storage
  readonly #options: PlanOptions
  readonly #constants = new Constants()
  readonly #layout: Layout
  readonly #words: readonly number[]
  readonly #numWordBytes: number
  readonly #places: readonly Place[]

  constructor(program: Program, options: PlanOptions) {
    const { isShared } = options
    this.#options = options
    this.#graph = new Graph(lower(program))
    const kernels = new Kernels(this.#graph, isShared)
    const inOrder = schedule(this.#graph, kernels)
    const cut = isShared
      ? cutIntoSections(this.#graph, inOrder)
      : { sections: [{ actions: inOrder.actions }], schedule: inOrder }
    this.#schedule = cut.schedule
    const barriers = new Set<number>()
    let position = 0
    for (const { actions } of cut.sections) {
      barriers.add(position)
      position += actions.length
    }
    const isBarrier = (at: number): boolean => !isShared || barriers.has(at)
    this.#storage = layOut(this.#graph, kernels, this.#schedule, isBarrier)
    this.workingBytes = align(kernels.all.reduce((most, kernel) => Math.max(most, this.#workingOf(kernel)), 0))
    this.#layout = this.#layOut()
    const { instructions, programs, places } = emit(this.#graph, cut.sections, this.#layout)
    this.#words = [...instructions, ...programs]
    this.#places = places
    this.numInstructionWords = instructions.length
    this.#numWordBytes = align(4 * this.#words.length)
    this.numBytes = this.#numWordBytes + this.#constants.numBytes + this.#storage.numBytes
  }

  /** The actions in order, with the ops of kernels, for tests. */
  get kernels(): readonly { readonly kind: string; readonly ops: readonly string[] }[] {
    return this.#schedule.actions.map((action) =>
      action.kind === 'kernel'
        ? { kind: action.kernel.kind, ops: action.kernel.nodes.map((node) => this.#graph.node(node).op) }
        : { kind: action.kind, ops: [] },
    )
  }

  /** What each action does, for people, and where its instructions are. */
  describe(): PlannedKernel[] {
    const descriptions = new KernelDescriptions(this.#graph, (node) => this.#layout.of(node) !== undefined)
    return this.#places.map((place) => ({ ...descriptions.of(place.action), first: place.first, end: place.end }))
  }

  /** The most slices of time that a worker's part of a step is cut into, by a profile. */
  get mostSlices(): number {
    let count = 0
    for (let at = 0; at < this.numInstructionWords; at += wordsOf(this.#words, at)) count++
    // A section is an instruction: its worker waits for others. Then there is the end of the step, and a wait for that.
    return count + 2
  }

  /**
   * Writes words and constants at `address`, where `numBytes` bytes are free.
   *
   * @param working address of the kernels' scratch memory
   */
  write(memory: WasmMemory, address: number, working: number, inputs: InputPlaces): void {
    const { length } = this.#words
    const resolve = this.#resolverAt(address, working, inputs)
    const words = new Uint32Array(memory.buffer, address, length)
    for (let i = 0; i < length; i++) words[i] = resolve(this.#words[i] ?? 0)
    this.#constants.write(memory, address + this.#numWordBytes)
  }

  /** The address of a result's value after a run of the plan that is written at `address`. */
  resultAddress(index: number, address: number, inputs: InputPlaces): number {
    const result = this.#graph.program.results[index]
    invariant(result, `result ${index} exists`)
    const place = this.#layout.of(this.#graph.base(result.node))
    invariant(place !== undefined, `result ${result.name} has memory`)
    return this.#resolverAt(address, 0, inputs)(place)
  }

  #workingOf(kernel: Kernel): number {
    const [product = -1] = kernel.nodes
    const node = this.#graph.node(product)
    const hasMemory =
      kernel.kind === 'single' || this.#storage.values[product] !== undefined || this.#schedule.inPlace.has(product)
    if (isConvolution(node)) return convolutionScratch(this.#graph, node, hasMemory)
    if (node.op === 'sort' || node.op === 'sortSpread') return sortScratch(node)
    if (node.op !== 'matmul') return 0
    const { m, n, k, flags, segments } = matmulShape(this.#graph, node)
    const hasEpilogue = kernel.nodes.length > 1
    const { matmulScratch } = this.#options
    return matmulScratch(m, n, k, flags, Number(hasMemory), Number(hasEpilogue), segments)
  }

  #resolverAt(address: number, working: number, places: InputPlaces): (word: number) => number {
    const inputs = this.#graph.program.inputs.map(({ role, name }) => {
      if (role === 'state') return places.state(name)
      return role === 'batch' ? places.field(name) : places[role]
    })
    const constants = address + this.#numWordBytes
    return resolver({
      programs: address + 4 * this.numInstructionWords,
      constants,
      scratch: constants + this.#constants.numBytes,
      working,
      inputs,
    })
  }

  #layOut(): Layout {
    const graph = this.#graph
    const { inPlace } = this.#schedule
    const { dtypeOf, batchSize } = this.#options
    const { program } = graph
    /** By node, where its value is; not of constants. */
    const places = this.#storage.values.map((offset) =>
      offset === undefined ? undefined : addressIn('scratch', offset),
    )
    const fields = new Map<string, number>()
    for (const [position, { role, name, node }] of program.inputs.entries()) {
      if (role === 'batch') fields.set(name, addressOfInput(position))
      else places[node] = addressOfInput(position)
    }
    const written = new Array<number | undefined>(program.nodes.length)
    inPlace.forEach((stateNode, node) => (places[node] = written[node] = places[stateNode]))
    return {
      of: (node) => {
        const described = graph.node(node)
        if (described.op !== 'constant') return places[node]
        return addressIn('constants', this.#constants.full(node, described))
      },
      scalar: (node) => {
        const constant = graph.node(node)
        invariant(constant.op === 'constant', `node ${node} is a constant`)
        return addressIn('constants', this.#constants.scalar(node, constant))
      },
      stateWrittenBy: (node) => written[node],
      field(name) {
        const address = fields.get(name)
        invariant(address !== undefined, `field ${name} is an input`)
        return { address, dtype: dtypeOf(name) }
      },
      batchSize,
    }
  }
}

/** How far it is from an instruction to the next one; that of a section is followed by those in it. */
function wordsOf(instructions: readonly number[], at: number): number {
  return instructions[at + 1] ?? instructions.length
}

interface Placed {
  readonly offset: number
  readonly values: readonly number[]
  readonly size: number
  readonly dtype: DType
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const

/** Constants that the words refer to, laid out in the order of first use, and made in the arena. */
class Constants {
  numBytes = 0
  readonly #placed: Placed[] = []
  /** By node, the offset of all of it, and of its single value. */
  readonly #full = new Map<number, number>()
  readonly #scalar = new Map<number, number>()

  full(index: number, node: NodeOf<'constant'>): number {
    return this.#full.get(index) ?? this.#place(this.#full, index, node, sizeOf(node.shape), node.dtype)
  }

  scalar(index: number, node: NodeOf<'constant'>): number {
    return this.#scalar.get(index) ?? this.#place(this.#scalar, index, node, 1, 'f32')
  }

  write({ buffer }: WasmMemory, address: number): void {
    for (const { offset, values, size, dtype } of this.#placed) {
      const [first = 0] = values
      const array = new ARRAYS[dtype](buffer, address + offset, size)
      if (values.length === 1) array.fill(first)
      else array.set(values)
    }
  }

  #place(offsets: Map<number, number>, index: number, node: NodeOf<'constant'>, size: number, dtype: DType): number {
    const offset = this.numBytes
    offsets.set(index, offset)
    this.#placed.push({ offset, values: valuesOf(node), size, dtype })
    this.numBytes += align(size * bytesPerElement[dtype])
    return offset
  }
}
