/**
 * A random calculation with the ops that users call, noted as plain JSON for an oracle while it is traced.
 *
 * The notes name ops and options as users write them, not the primitive ops that those are made of, so that an oracle
 * checks these compositions, too.
 */
import { constant, reshape, zeros, type DType, type Shape, type Tensor } from '@gradpool/core'
import { sizeOf, type Field, type Trace } from '@gradpool/core/engine'
import type { Random } from '../mutations/random.js'
import { values } from '../programs.js'

export type Option = number | string | boolean | readonly Option[]

/** One value: what it is computed from, and its type. */
export interface Step {
  readonly op: string
  /** Numbers of the steps whose values it takes. */
  readonly of: readonly number[]
  readonly options: Readonly<Record<string, Option | undefined>>
  readonly shape: Shape
  readonly dtype: DType
}

/** 1, primes and a 4; the small ones more often. */
const EXTENTS = [1, 1, 2, 2, 3, 3, 4, 5, 7, 11, 17]
const MOST_ELEMENTS = 64
const MOST_AXES = 4

export class Calculation {
  readonly steps: Step[] = []
  readonly tensors: Tensor[] = []
  readonly fields: Record<string, Field> = {}
  readonly state: Record<string, Float32Array> = {}
  /** Rows of all fields. */
  readonly numExamples: number
  readonly #places = new Map<Tensor, number>()
  readonly #used = new Set<number>()

  constructor(
    readonly trace: Trace,
    readonly random: Random,
  ) {
    this.numExamples = random.of(EXTENTS)
  }

  /** Notes how a value is made, and returns it. */
  note(op: string, of: readonly Tensor[], options: Step['options'], value: Tensor): Tensor {
    const places = of.map((tensor) => this.#places.get(tensor) ?? -1)
    for (const place of places) this.#used.add(place)
    const { shape, dtype } = value
    this.#places.set(value, this.steps.push({ op, of: places, options, shape, dtype }) - 1)
    this.tensors.push(value)
    return value
  }

  /** The steps whose values no other takes. */
  get leaves(): number[] {
    return this.steps.flatMap(({ op }, place) => (this.#used.has(place) || op === 'input' ? [] : [place]))
  }

  /** The inputs of f32, in order. */
  get parameters(): Tensor[] {
    return this.tensors.filter(({ dtype }, place) => dtype === 'f32' && this.steps[place]?.op === 'input')
  }

  /** A shape of few elements. */
  shape(rank = this.random.below(MOST_AXES + 1)): number[] {
    for (;;) {
      const shape = Array.from({ length: rank }, () => this.random.of(EXTENTS))
      if (rank > 0 && this.random.isOneIn(2)) shape[0] = this.numExamples
      if (sizeOf(shape) <= MOST_ELEMENTS) return shape
    }
  }

  /** A new input: a field where its first axis allows, or a state, which has f32 alone. */
  input(dtype: DType, shape: Shape): Tensor {
    const { random, steps, trace } = this
    const name = `x${steps.length}`
    const numbers = this.#numbers(dtype, sizeOf(shape))
    const isField = dtype !== 'f32' || (shape[0] === this.numExamples && !random.isOneIn(4))
    const tensor = isField ? trace.batch(name, dtype, shape) : trace.state(name, shape, zeros)
    if (isField) this.fields[name] = { dtype, shape: shape.slice(1), values: numbers }
    else this.state[name] = Float32Array.from(numbers)
    return this.note('input', [], { values: [...numbers] }, tensor)
  }

  /** f32 from -1 to 1, every third time with equal ones and zeros among them; small integers. */
  #numbers(dtype: DType, size: number): Float32Array | Int32Array | Uint8Array {
    const salt = this.random.below(1000)
    if (dtype === 'f32') {
      const apart = values(size, salt)
      return this.random.isOneIn(3) ? apart.map((x) => Math.round(x * 4) / 4 + 0) : apart
    }
    const below = this.random.of([3, 7, 251])
    const small = Array.from({ length: size }, (_, i) => (i * 7919 + salt) % below)
    return dtype === 'u8' ? Uint8Array.from(small) : Int32Array.from(small, (x) => x - 2)
  }

  constant(numbers: Int32Array | number, shape?: Shape): Tensor {
    const listed = typeof numbers === 'number' ? [numbers] : [...numbers]
    return this.note('constant', [], { values: listed }, constant(numbers, shape))
  }

  /** Any value that fits, or now and then a new input; the later ones more often. */
  float(fits: (shape: Shape) => boolean = () => true, make: () => Shape = () => this.shape()): Tensor {
    return this.#known((tensor) => tensor.dtype === 'f32' && fits(tensor.shape)) ?? this.input('f32', make())
  }

  /** f32 of a shape: a new input, or a value of as many elements. */
  shaped(shape: Shape): Tensor {
    const found = this.#known(({ dtype, size }) => dtype === 'f32' && size === sizeOf(shape))
    if (!found) return this.input('f32', shape)
    if (found.shape.join() === shape.join()) return found
    return this.note('reshape', [found], { shape }, reshape(found, shape))
  }

  /** Of at least one axis. */
  axes(least = 1): Tensor {
    const shape = () => this.shape(least + this.random.below(MOST_AXES + 1 - least))
    return this.float(({ length }) => length >= least, shape)
  }

  /** Of any dtype. */
  any(least = 0): Tensor {
    return this.random.isOneIn(4) ? this.integer(least) : this.axes(least)
  }

  /** i32 or u8: a value, a field, or a constant with numbers from -2 to beyond a number of rows. */
  integer(least = 0, rows = 5): Tensor {
    const { random } = this
    const known = this.#known(({ dtype, rank }) => dtype !== 'f32' && rank >= least)
    if (known) return known
    const shape = this.shape(Math.max(least, random.below(3)))
    if (random.isOneIn(2)) return this.numbered(shape, rows)
    return this.input(random.of(['u8', 'i32']), [this.numExamples, ...shape.slice(1)])
  }

  /** An i32 constant with numbers from -2 to beyond a number of rows. */
  numbered(shape: Shape, rows: number): Tensor {
    const salt = this.random.below(100)
    const numbers = Int32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7 + salt) % (rows + 4)) - 2)
    return this.constant(numbers, shape)
  }

  /** A value that broadcasts with another. */
  beside(x: Tensor): Tensor {
    const { random } = this
    if (random.isOneIn(6)) return this.constant(random.of([-1.5, -0.5, 0, 0.5, 1, 3]))
    const fits = (shape: Shape) =>
      shape.every((extent, axis) => {
        const other = x.shape[axis + x.rank - shape.length]
        return extent === 1 || other === undefined || other === 1 || other === extent
      })
    return this.float(
      (shape) => fits(shape),
      () => x.shape.slice(random.below(x.rank + 1)).map((extent) => (random.isOneIn(4) ? 1 : extent)),
    )
  }

  /** One axis, counted from the front or the end. */
  axis({ rank }: Tensor): number {
    return this.random.below(rank) - (this.random.isOneIn(3) ? rank : 0)
  }

  /** Some axes, in any order. */
  someAxes({ rank, shape }: Tensor): number[] {
    const kept = shape.flatMap((_, axis) =>
      this.random.isOneIn(2) ? [axis - (this.random.isOneIn(3) ? rank : 0)] : [],
    )
    return this.random.isOneIn(2) ? kept : kept.toReversed()
  }

  /** From `low` to `high`, both of which it may be. */
  between(low: number, high: number): number {
    return low + this.random.below(high - low + 1)
  }

  #known(fits: (tensor: Tensor) => boolean): Tensor | undefined {
    const { random } = this
    const known = this.tensors.filter((tensor) => tensor.size <= MOST_ELEMENTS && fits(tensor))
    if (known.length === 0 || random.isOneIn(4)) return undefined
    return known[Math.max(random.below(known.length), random.below(known.length))]
  }
}

/** Makes one or a few steps of what is known, the last of which is of the kind. */
export type Kind = (calculation: Calculation) => void
