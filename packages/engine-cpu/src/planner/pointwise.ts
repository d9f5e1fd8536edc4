/**
 * Writes the pointwise program of a kernel: its elementwise nodes as micro-ops over registers. The format is in
 * `kernels/plan.h`.
 */
import { invariant } from '@gradpool/core/engine'
import { MICRO, REGISTER, POINTWISE } from '../instructions.js'
import { matchAdam, type AdamStep } from './adam.js'
import { productOf, type Kernel } from './fuse.js'
import type { Graph, View } from './graph.js'
import { rowSums } from './reduction.js'

/** The addresses of values while a step runs. */
export interface Addresses {
  /** Of a value; undefined if no other kernel reads it. */
  of(node: number): number | undefined
  /** Of a constant's single value as f32. */
  scalar(node: number): number
  /** Of the state's memory that holds, or will hold, this node's value. */
  stateWrittenBy(node: number): number | undefined
}

const NUM_KINDS = Object.keys(REGISTER).length

interface Register {
  readonly kind: number
  readonly address: number
}

export function buildPointwise(graph: Graph, kernel: Kernel, addresses: Addresses): number[] {
  return new PointwiseBuilder(graph, kernel, addresses).words()
}

class PointwiseBuilder {
  readonly #graph: Graph
  readonly #kernel: Kernel
  readonly #addresses: Addresses
  readonly #registers: Register[] = []
  /** By kind and address. */
  readonly #registerOf = new Map<number, number>()
  readonly #temps = new Map<number, number>()
  /** The temporary registers that have been used and are free. */
  readonly #freeTemps: number[] = []
  #numTemps = 0
  readonly #product: number | undefined

  constructor(graph: Graph, kernel: Kernel, addresses: Addresses) {
    this.#graph = graph
    this.#kernel = kernel
    this.#addresses = addresses
    this.#product = kernel.kind === 'product' ? productOf(kernel) : undefined
  }

  words(): number[] {
    const graph = this.#graph
    const sums: number[] = []
    const elementwise: number[] = []
    for (const node of this.#kernel.nodes) {
      if (node === this.#product) continue
      if (graph.microOp(node) === undefined) sums.push(node)
      else elementwise.push(node)
    }
    const adams = this.#adamSteps(elementwise)
    const absorbed = (node: number): boolean => adams.some((adam) => adam.absorbed.has(node))
    const steps = adams.length === 0 ? elementwise : elementwise.filter((node) => !absorbed(node))

    const summed = sums.flatMap((sum) => graph.dependencies(sum))
    const lastUse = this.#lastUses(steps, adams, summed)
    const ops: number[] = []
    const atEnd: [from: number, to: number][] = []
    steps.forEach((node, position) => {
      const adam = adams.find((candidate) => candidate.weight === node)
      if (adam) ops.push(adam.microOp, 0, this.#adamRegisters(adam), 0, 0)
      else ops.push(...this.#microOp(node, position, lastUse, atEnd))
      for (const temp of this.#temps.keys()) if ((lastUse.get(temp) ?? -1) <= position) this.#release(temp)
    })
    for (const [from, to] of atEnd) ops.push(MICRO.COPY, to, from, 0, 0)
    const sumWords = sums.flatMap((sum, index) => [
      this.#read({ kind: 'full', node: summed[index] ?? 0, columns: undefined }),
      this.#memory(sum),
      ...this.#sumWords(sum),
    ])
    const { length: numRegisters } = this.#registers
    invariant(numRegisters <= POINTWISE.MAX_REGISTERS, `a pointwise program of ${numRegisters} registers`)
    const words = [numRegisters, ops.length / 5, sums.length]
    for (const { kind, address } of this.#registers) words.push(kind, address)
    words.push(...ops, ...sumWords)
    return words
  }

  #sumWords(sum: number): [columns: number, parts: number] {
    const sums = rowSums(this.#graph, sum)
    invariant(sums, `node ${sum} is a sum of rows`)
    return [sums.columns, sums.parts]
  }

  #microOp(node: number, position: number, lastUse: ReadonlyMap<number, number>, atEnd: [number, number][]): number[] {
    const graph = this.#graph
    const op = graph.microOp(node)
    invariant(op !== undefined, `node ${node} is elementwise`)
    const read: number[] = []
    for (const view of graph.views(node)) read.push(this.#read(view))
    const [a = 0, b = 0, c = 0] = read
    const [code, second] = op === MICRO.MUL && a === b ? [MICRO.SQUARE, 0] : [op, b]
    const state = this.#addresses.stateWrittenBy(node)
    const stateIsReadLater = state !== undefined && this.#readsLater(state, position, lastUse)
    const memory = this.#addresses.of(node)
    if (memory !== undefined && !stateIsReadLater) {
      const to = this.#register(REGISTER.FULL, memory)
      return [code, to, a, second, c]
    }
    const temp = this.#takeTemp(node)
    if (memory !== undefined) atEnd.push([temp, this.#register(REGISTER.FULL, memory)])
    return [code, temp, a, second, c]
  }

  /**
   * The position after which no step reads a node from a register. A node that is summed or copied at the end stays
   * until then.
   */
  #lastUses(steps: readonly number[], adams: readonly AdamStep[], summed: readonly number[]): Map<number, number> {
    const lastUse = new Map<number, number>()
    steps.forEach((node, position) => {
      const adam = adams.find((candidate) => candidate.weight === node)
      const views = adam ? adam.operands : this.#graph.views(node)
      for (const view of views) lastUse.set(view.node, position)
    })
    for (const node of summed) lastUse.set(node, Infinity)
    for (const node of steps) if (this.#addresses.stateWrittenBy(node) !== undefined) lastUse.set(node, Infinity)
    return lastUse
  }

  #readsLater(stateAddress: number, position: number, lastUse: ReadonlyMap<number, number>): boolean {
    return [...lastUse].some(([node, last]) => {
      if (last <= position || this.#graph.input(node)?.role !== 'state') return false
      return this.#addresses.of(node) === stateAddress
    })
  }

  #adamSteps(elementwise: readonly number[]): AdamStep[] {
    const isState = (node: number): boolean => this.#addresses.stateWrittenBy(node) !== undefined
    if (!elementwise.some(isState)) return []
    const members = new Set(elementwise)
    const found = elementwise.flatMap((node) => (isState(node) ? (matchAdam(this.#graph, node) ?? []) : []))
    return found.filter((adam) => {
      const inside = [...adam.absorbed].every((node) => members.has(node))
      const isWritten = isState(adam.mean) && isState(adam.variance)
      const readElsewhere = elementwise.some(
        (node) =>
          node !== adam.weight &&
          !adam.absorbed.has(node) &&
          this.#graph.dependencies(node).some((read) => adam.absorbed.has(read) || adam.states.has(read)),
      )
      const kept = [...adam.absorbed].some(
        (node) => node !== adam.mean && node !== adam.variance && this.#addresses.of(node) !== undefined,
      )
      return inside && isWritten && !readElsewhere && !kept
    })
  }

  #adamRegisters(adam: AdamStep): number {
    const written = [adam.weight, adam.mean, adam.variance].map((node) => ({
      kind: REGISTER.FULL,
      address: this.#memory(node),
    }))
    const read = adam.operands.map((view) => this.#source(view))
    const first = this.#registers.length
    this.#registers.push(...written, ...read)
    invariant(this.#registers.length - first === POINTWISE.ADAM_REGISTERS, 'an Adam step has its registers in a row')
    return first
  }

  #read(view: View): number {
    const temp = this.#temps.get(view.node)
    if (view.kind === 'full' && temp !== undefined) return temp
    const { kind, address } = this.#source(view)
    return this.#register(kind, address)
  }

  #source(view: View): Register {
    const { node } = view
    const temp = this.#temps.get(node)
    if (view.kind === 'full' && temp !== undefined) return this.#at(temp)
    if (view.kind === 'full' && node === this.#product) return { kind: REGISTER.PRODUCT, address: 0 }
    if (this.#graph.node(node).op === 'constant' && view.kind === 'scalar') {
      return { kind: REGISTER.SCALAR, address: this.#addresses.scalar(node) }
    }
    const address = this.#memory(node)
    if (view.kind === 'scalar') return { kind: REGISTER.SCALAR, address }
    if (view.kind === 'row') return { kind: REGISTER.ROW, address }
    if (view.kind === 'col') return { kind: REGISTER.COL, address }
    const dtype = this.#graph.storedDType(node)
    const kind = dtype === 'u8' ? REGISTER.FULL_U8 : dtype === 'i32' ? REGISTER.FULL_I32 : REGISTER.FULL
    return { kind, address }
  }

  #takeTemp(node: number): number {
    const number = this.#freeTemps.pop() ?? this.#numTemps++
    invariant(number < POINTWISE.MAX_TEMPS, 'a pointwise program runs out of temps')
    const register = this.#register(REGISTER.TEMP, number)
    this.#temps.set(node, register)
    return register
  }

  #release(node: number): void {
    const register = this.#temps.get(node)
    invariant(register !== undefined, `node ${node} holds a temp`)
    this.#temps.delete(node)
    this.#freeTemps.push(this.#at(register).address)
  }

  #register(kind: number, address: number): number {
    const key = NUM_KINDS * address + kind
    const known = this.#registerOf.get(key)
    if (known !== undefined) return known
    this.#registers.push({ kind, address })
    this.#registerOf.set(key, this.#registers.length - 1)
    return this.#registers.length - 1
  }

  #at(register: number): Register {
    const found = this.#registers[register]
    invariant(found, `register ${register} exists`)
    return found
  }

  #memory(node: number): number {
    const address = this.#addresses.of(node)
    invariant(address !== undefined, `node ${node} has memory`)
    return address
  }
}
