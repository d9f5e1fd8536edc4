/**
 * Stacks: several trainings of one structure as one Program, which share their batches.
 *
 * The replicas may differ in their states' values and in numbers that fill constants, such as a learning rate. Each gets
 * the bits that it gets alone. What does not differ (a batch, Adam's bias corrections) is there once. A product of the
 * batch with the first layer's weights, narrow for one replica, is one wide product for all; that, and fewer calls, is
 * what a stack saves.
 *
 * In the literature: batching a function over an axis of its operands, as `vmap` of JAX does (Frostig, Johnson & Leary,
 * Compiling machine learning programs via high-level tracing, 2018).
 */
import type { BatchProgram } from '../training/batch-program.js'
import { sizeOf, type Shape } from '../program/dtype.js'
import type { StateValues } from '../engine/engine.js'
import { UserError } from '../errors.js'
import type { Program } from '../program/program.js'
import { joinPrograms } from './joint-nodes.js'
import { FIRST } from './stacked-value.js'
import { differingStates, traceStack, type Axes } from './tracer.js'

interface StateLayout {
  readonly name: string
  /** Of the stack's state. */
  readonly shape: Shape
  /** Undefined where all replicas share it. */
  readonly axis: number | undefined
}

export class Stack {
  readonly numReplicas: number
  /**
   * Trains all replicas. Each result is `[replicas, ...]`. The states must be given, as `join` makes them: they have no
   * first values of their own.
   */
  readonly training: BatchProgram
  readonly #axes: Axes

  private constructor(numReplicas: number, training: BatchProgram, axes: Axes) {
    this.numReplicas = numReplicas
    this.training = training
    this.#axes = axes
  }

  /**
   * The stack of these trainings, in order. Undefined where they cannot be stacked: they differ in more than numbers,
   * draw random numbers within a step, look up rows by values of their own, or have several microBatches.
   */
  static of(trainings: readonly BatchProgram[]): Stack | undefined {
    if (trainings.some(({ microBatches = 1 }) => microBatches > 1)) return undefined
    const joint = joinPrograms(trainings.map(({ program }) => program))
    if (joint === undefined) return undefined
    let axes: Axes = new Map([...differingStates(joint)].map((name) => [name, FIRST]))
    // Where one state had better lie depends on where others do; each moves once at most.
    for (;;) {
      const traced = traceStack(joint, trainings.length, axes)
      if (traced === undefined) return undefined
      const { natural } = traced
      if ([...axes].every(([name, axis]) => natural.get(name) === axis)) break
      axes = natural
    }
    const training = stackBatchPrograms(trainings, axes)
    return training && new Stack(trainings.length, training, axes)
  }

  /**
   * In how many numbers two trainings differ, such as a learning rate; infinite where they differ in more than numbers, and
   * do not stack.
   */
  static numDiffering(a: BatchProgram, b: BatchProgram): number {
    if (!areAlike([a, b])) return Infinity
    const programs = [
      [a.program, b.program],
      ...(a.tail && b.tail ? [[a.tail, b.tail]] : []),
    ] as const
    return Math.max(
      ...programs.map(
        (both) => joinPrograms(both)?.nodes.filter(({ fills }) => fills).length ?? Infinity,
      ),
    )
  }

  /** An evaluation of each replica; it shares the states of the training. Undefined where they cannot be stacked. */
  evaluation(evaluations: readonly BatchProgram[]): BatchProgram | undefined {
    return stackBatchPrograms(evaluations, this.#axes)
  }

  /**
   * The stack's states from those of its replicas.
   *
   * @throws UserError where a replica lacks a state, or replicas differ in one that they share
   */
  join(states: readonly StateValues[]): Record<string, Float32Array> {
    const joined = this.#layouts.map(({ name, shape, axis }) => {
      const own = states.map((state) => valuesOf(state, name))
      if (axis === undefined) return [name, common(name, own)] as const
      const all = new Float32Array(sizeOf(shape))
      own.forEach((values, replica) => {
        scatter(values, all, placeOf(shape, axis, replica))
      })
      return [name, all] as const
    })
    return Object.fromEntries(joined)
  }

  /** One replica's states from the stack's. @throws UserError where a state is missing */
  take(states: StateValues, replica: number): Record<string, Float32Array> {
    const taken = this.#layouts.map(({ name, shape, axis }) => {
      const all = valuesOf(states, name)
      if (axis === undefined) return [name, all.slice()] as const
      const own = new Float32Array(all.length / this.numReplicas)
      collect(all, own, placeOf(shape, axis, replica))
      return [name, own] as const
    })
    return Object.fromEntries(taken)
  }

  get #layouts(): StateLayout[] {
    const { program } = this.training
    return program.inputs
      .filter(({ role }) => role === 'state')
      .map(({ name, node }) => ({
        name,
        shape: program.node(node).shape,
        axis: this.#axes.get(name),
      }))
  }
}

function stackBatchPrograms(
  batchPrograms: readonly BatchProgram[],
  axes: Axes,
): BatchProgram | undefined {
  const [one] = batchPrograms
  if (one === undefined || !areAlike(batchPrograms)) return undefined
  const { batchSize, numExamples, shuffle } = one
  const stacked = (programs: readonly Program[]): Program | undefined => {
    const joint = joinPrograms(programs)
    return joint && traceStack(joint, programs.length, axes)?.program
  }
  const program = stacked(batchPrograms.map((each) => each.program))
  const tails = batchPrograms.flatMap(({ tail }) => tail ?? [])
  const tail = tails.length > 0 ? stacked(tails) : undefined
  if (program === undefined || (tails.length > 0 && tail === undefined)) return undefined
  return { batchSize, numExamples, shuffle, program, ...(tail && { tail }) }
}

/** The same examples a step. */
function areAlike([one, ...others]: readonly BatchProgram[]): boolean {
  return others.every(
    (other) =>
      other.batchSize === one?.batchSize &&
      other.numExamples === one.numExamples &&
      other.shuffle === one.shuffle,
  )
}

function valuesOf(states: StateValues, name: string): Float32Array {
  const values = states[name]
  if (values === undefined) throw new UserError(`there is no state "${name}" to stack`)
  return values
}

function common(name: string, [one, ...others]: readonly Float32Array[]): Float32Array {
  const isSame = others.every((other) => other.every((value, i) => Object.is(value, one?.[i])))
  if (one === undefined || !isSame) {
    throw new UserError(`replicas share the state "${name}", so its values cannot differ`)
  }
  return one.slice()
}

/** Where a replica's elements are among all: runs of `size` from `first` on, `stride` apart. */
interface Place {
  readonly first: number
  readonly size: number
  readonly stride: number
}

function placeOf(shape: Shape, axis: number, replica: number): Place {
  const size = sizeOf(shape.slice(axis + 1))
  return { first: replica * size, size, stride: (shape[axis] ?? 1) * size }
}

/** Runs are as short as a row of a narrow layer, for which a loop is faster than `set`. */
function scatter(own: Float32Array, all: Float32Array, { first, size, stride }: Place): void {
  for (let from = 0, to = first; from < own.length; from += size, to += stride) {
    for (let i = 0; i < size; i++) all[to + i] = own[from + i] ?? 0
  }
}

function collect(all: Float32Array, own: Float32Array, { first, size, stride }: Place): void {
  for (let to = 0, from = first; to < own.length; to += size, from += stride) {
    for (let i = 0; i < size; i++) own[to + i] = all[from + i] ?? 0
  }
}
