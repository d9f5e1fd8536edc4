/** The calculation that follows from a number: its Program, and what an oracle is told of it. */
import { createHash } from 'node:crypto'
import { add, constant, grad, mul, square, sum, type Tensor } from '@gradpool/core'
import { sizeOf, traceProgram, withMicroBatches, type Program, type Split } from '@gradpool/core/engine'
import { splitOf } from '../compare.js'
import { Random } from '../mutations/random.js'
import { Calculation, type Kind, type Step } from './calculation.js'
import { COMPUTING } from './computing.js'
import { MOVING } from './moving.js'
import { WINDOWS } from './windows.js'

const KINDS: Readonly<Record<string, Kind>> = { ...COMPUTING, ...MOVING, ...WINDOWS }
export const KIND_NAMES = Object.keys(KINDS)

const MOST_STEPS = 7

/** What an oracle is told; plain JSON. */
export interface Recipe {
  readonly seed: number
  readonly steps: readonly Step[]
  /** The steps whose values are told. */
  readonly leaves: readonly number[]
  /**
   * 1: the gradients are those of the loss, the sum of y (y + w) for the elements y of all f32 leaves, w of
   * `weightsOf`; 2: those of the sum of the squares of these gradients.
   */
  readonly order: 1 | 2
}

export interface RandomCalculation {
  readonly recipe: Recipe
  /** Results `value 0`, … of the leaves, and `by 0`, … of the f32 inputs. */
  readonly program: Program
  readonly data: Split
  readonly state: Readonly<Record<string, Float32Array>>
  /** The kinds that it was made of. */
  readonly kinds: readonly string[]
}

/**
 * By which an oracle's figures know what they are of: a changed generator makes other calculations of the same seed.
 */
export function digestOf(recipe: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12)
}

/** Odd eighths from -7 to 7, by which the elements of a leaf count. */
export function weightsOf(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => ((i * 5 + 1) % 8) / 4 - 0.875)
}

export function randomCalculation(seed: number): RandomCalculation {
  const random = new Random(seed)
  const order = random.isOneIn(4) ? 2 : 1
  const first = KIND_NAMES[seed % KIND_NAMES.length] ?? ''
  const others = Array.from({ length: random.below(MOST_STEPS) }, () => random.of(KIND_NAMES))
  const kinds = others.toSpliced(random.below(others.length + 1), 0, first)
  let made: Calculation | undefined
  const program = traceProgram((trace) => {
    const calculation = new Calculation(trace, random)
    for (const kind of kinds) KINDS[kind]?.(calculation)
    const leaves = calculation.leaves.flatMap((place) => calculation.tensors[place] ?? [])
    leaves.forEach((leaf, i) => trace.result(`value ${i}`, leaf))
    gradients(leaves, calculation.parameters, order).forEach((gradient, i) => trace.result(`by ${i}`, gradient))
    made = calculation
  })
  if (made === undefined) throw new Error('nothing was traced')
  const { steps, leaves, fields, state, numExamples } = made
  return {
    recipe: { seed, steps, leaves, order },
    program: random.isOneIn(2) ? withMicroBatches(program, 3) : program,
    data: splitOf(fields, numExamples),
    state,
    kinds,
  }
}

function gradients(leaves: readonly Tensor[], parameters: readonly Tensor[], order: 1 | 2): Tensor[] {
  const terms = leaves
    .filter(({ dtype }) => dtype === 'f32')
    .map((leaf) => sum(mul(leaf, add(leaf, constant(weightsOf(sizeOf(leaf.shape)), leaf.shape)))))
  const by = grad(total(terms), parameters)
  return order === 1 ? by : grad(total(by.map((gradient) => sum(square(gradient)))), parameters)
}

function total(terms: readonly Tensor[]): Tensor {
  return terms.reduce((sofar, term) => add(sofar, term), constant(0))
}
