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
import { KernelDescriptions, type PlannedKernel } from './describe.js'
import { emit, matmulShape, type Layout, type Place } from './emit.js'
import { Kernels, type Kernel } from './fuse.js'
import { Graph, valuesOf } from './graph.js'
import { schedule, type Schedule } from './schedule.js'
import { cutIntoSections, type Section } from './sections.js'
import { lower } from './lower.js'
import { layOut, type Storage } from './storage.js'

/** Addresses of what the plan does not own. */
export interface PlanOptions {
  readonly batchSize: number
  readonly state: (name: string) => number
  readonly field: Layout['field']
  /** Of the step number and of the seed, i32. */
  readonly step: number
  readonly seed: number
  /** Bytes of scratch that a matmul asks for. */
  readonly matmulScratch: (...product: MatmulShape) => number
  /** Whether several workers may run the plan together. */
  readonly isShared: boolean
}

export class Plan {
  readonly numBytes: number
  readonly numInstructionWords: number
  /** Scratch memory of kernels, for each worker. */
  readonly workingBytes: number
  readonly #graph: Graph
  readonly #schedule: Schedule
  readonly #sections: readonly Section[]
  readonly #storage: Storage
  readonly #options: PlanOptions
  readonly #constants = new Constants()
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
    this.#sections = cut.sections
    this.#schedule = cut.schedule
    const barriers = new Set<number>()
    let position = 0
    for (const { actions } of cut.sections) {
      barriers.add(position)
      position += actions.length
    }
    const isBarrier = (at: number): boolean => !isShared || barriers.has(at)
    this.#storage = layOut(this.#graph, kernels, this.#schedule, isBarrier)
    this.workingBytes = align(Math.max(0, ...kernels.all.map((kernel) => this.#workingOf(kernel))))
    // Neither the number of words nor the constants depend on addresses, as long as all addresses differ: a trial run
    // finds both.
    const trial = emit(this.#graph, this.#sections, this.#layout(0, -(2 ** 40), 2 ** 40, 0))
    this.numInstructionWords = trial.instructions.length
    this.#places = trial.places
    this.#numWordBytes = align(4 * (trial.instructions.length + trial.programs.length))
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
    const layout = this.#layoutAt(0, 0)
    const descriptions = new KernelDescriptions(this.#graph, (node) => layout.of(node) !== undefined)
    return this.#places.map((place) => ({ ...descriptions.of(place.action), first: place.first, end: place.end }))
  }

  /** The most slices of time that a worker's part of a step is cut into, by a profile. */
  get mostSlices(): number {
    const { instructions } = emit(this.#graph, this.#sections, this.#layoutAt(0, 0))
    let count = 0
    for (let at = 0; at < instructions.length; at += wordsOf(instructions, at)) count++
    // A section is an instruction: its worker waits for others. Then there is the end of the step, and a wait for that.
    return count + 2
  }

  /**
   * Writes words and constants at `address`, where `numBytes` bytes are free.
   *
   * @param working address of the kernels' scratch memory
   */
  write(memory: WebAssembly.Memory, address: number, working: number): void {
    const { instructions, programs } = emit(this.#graph, this.#sections, this.#layoutAt(address, working))
    const words = [...instructions, ...programs]
    new Uint32Array(memory.buffer, address, words.length).set(words)
    this.#constants.write(memory, address + this.#numWordBytes)
  }

  /** The address of a result's value after a run of the plan that is written at `address`. */
  resultAddress(index: number, address: number): number {
    const result = this.#graph.program.results[index]
    invariant(result, `result ${index} exists`)
    const place = this.#layoutAt(address, 0).of(this.#graph.base(result.node))
    invariant(place !== undefined, `result ${result.name} has memory`)
    return place
  }

  #workingOf(kernel: Kernel): number {
    const [product = -1] = kernel.nodes
    const node = this.#graph.node(product)
    if (node.op !== 'matmul') return 0
    const { m, n, k, flags, segments } = matmulShape(this.#graph, node)
    const hasMemory =
      kernel.kind === 'single' || this.#storage.values.has(product) || this.#schedule.inPlace.has(product)
    const hasEpilogue = kernel.nodes.length > 1
    const { matmulScratch } = this.#options
    return matmulScratch(m, n, k, flags, Number(hasMemory), Number(hasEpilogue), segments)
  }

  #layoutAt(address: number, working: number): Layout {
    const constants = address + this.#numWordBytes
    const programs = address + 4 * this.numInstructionWords
    return this.#layout(programs, constants, constants + this.#constants.numBytes, working)
  }

  #layout(programs: number, constants: number, scratch: number, working: number): Layout {
    const graph = this.#graph
    const { inPlace } = this.#schedule
    const stateAddress = (node: number | undefined): number | undefined => {
      const input = node === undefined ? undefined : graph.input(node)
      return input?.role === 'state' ? this.#options.state(input.name) : undefined
    }
    const of = (node: number): number | undefined => {
      const role = graph.input(node)?.role
      if (role === 'step' || role === 'seed') return this.#options[role]
      const state = stateAddress(inPlace.get(node) ?? node)
      if (state !== undefined) return state
      const described = graph.node(node)
      if (described.op === 'constant') return constants + this.#constants.full(node, described)
      const offset = this.#storage.values.get(node)
      return offset === undefined ? undefined : scratch + offset
    }
    return {
      of,
      scalar: (node) => {
        const constant = graph.node(node)
        invariant(constant.op === 'constant', `node ${node} is a constant`)
        return constants + this.#constants.scalar(node, constant)
      },
      stateWrittenBy: (node) => stateAddress(inPlace.get(node)),
      working,
      field: this.#options.field,
      batchSize: this.#options.batchSize,
      programs,
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
  readonly #placed = new Map<string, Placed>()

  full(index: number, node: NodeOf<'constant'>): number {
    return this.#place(`${index}`, valuesOf(node), sizeOf(node.shape), node.dtype)
  }

  scalar(index: number, node: NodeOf<'constant'>): number {
    return this.#place(`${index} scalar`, valuesOf(node), 1, 'f32')
  }

  write({ buffer }: WebAssembly.Memory, address: number): void {
    for (const { offset, values, size, dtype } of this.#placed.values()) {
      const [first = 0] = values
      const array = new ARRAYS[dtype](buffer, address + offset, size)
      if (values.length === 1) array.fill(first)
      else array.set(values)
    }
  }

  #place(key: string, values: readonly number[], size: number, dtype: DType): number {
    const known = this.#placed.get(key)
    if (known) return known.offset
    const offset = this.numBytes
    this.#placed.set(key, { offset, values, size, dtype })
    this.numBytes += align(size * bytesPerElement[dtype])
    return offset
  }
}
