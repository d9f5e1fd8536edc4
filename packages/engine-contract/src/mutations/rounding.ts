/**
 * How far rounding may take an engine from the reference evaluator: the Program is evaluated again
 * with noise on every value that an engine rounds, a little larger than f32's roundings.
 */
import { evaluate, sizeOf, type EvaluationInputs, type Node, type ProgramData } from '@gradpool/core/engine'
import { EXACT_OPS } from './mutate-program.js'
import { Random } from './random.js'

const TRIALS = 3
/** Relative; f32 rounds by 2^-24. */
const NOISE = 2 ** -21
const SMALLEST = 2 ** -126
const LARGEST = 2 ** 127

export interface Rounded {
  /** Values by name, states with `state `, results with `result ` before it. */
  readonly values: ReadonlyMap<string, Float64Array>
  /** By how much the noise changed each at most. */
  readonly spread: ReadonlyMap<string, number>
  /** Whether all that was computed is in f32's range of normal numbers, so that f32 says the same. */
  readonly isInRange: boolean
}

/** One step by the reference evaluator. */
export function evaluateWithNoise(program: ProgramData, inputs: EvaluationInputs): Rounded {
  const largest: number[] = []
  let isInRange = true
  const values = named(program, {
    ...inputs,
    eachNode(values, node) {
      largest[node] = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      // Constants are f32, and rounded no more.
      const most = program.nodes[node]?.op === 'constant' ? Infinity : LARGEST
      isInRange &&= values.every((value) => value === 0 || (Math.abs(value) > SMALLEST && Math.abs(value) < most))
      return values
    },
  })
  const spread = new Map<string, number>()
  for (let trial = 0; trial < TRIALS; trial++) {
    const random = new Random(trial)
    const noisy = named(program, {
      ...inputs,
      eachNode(values, index) {
        const node = program.nodes[index]
        if (!node || EXACT_OPS.has(node.op)) return values
        const common = commonError(node, program, largest)
        return values.map((value) => {
          const sign = () => 2 * random.next() - 1
          return value + NOISE * (sign() * Math.abs(value) + sign() * common)
        })
      },
    })
    for (const [name, exact] of values) {
      const other = noisy.get(name) ?? exact
      const difference = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0)
      spread.set(name, Math.max(spread.get(name) ?? 0, difference))
    }
  }
  return { values, spread, isInRange }
}

/** The size of what is added up, whose roundings a small sum has, too. */
function commonError({ op, inputs, shape }: Node, { nodes }: ProgramData, largest: readonly number[]): number {
  const [a = 0, b = 0] = inputs
  const [ofA = 0, ofB = 0] = [largest[a], largest[b]]
  const numSummed = sizeOf(nodes[a]?.shape ?? []) / sizeOf(shape)
  switch (op) {
    case 'sum':
    case 'scatterAdd':
      return Math.sqrt(Math.max(1, numSummed)) * ofA
    case 'matmul':
      return Math.sqrt(Math.max(...(nodes[a]?.shape ?? [1]))) * ofA * ofB
    case 'conv':
    case 'convTranspose':
    case 'convFilter':
      return Math.sqrt(Math.max(...[a, b].map((operand) => sizeOf(nodes[operand]?.shape ?? [])))) * ofA * ofB
    case 'maxPoolSpread':
      return ofB
    case 'softmax':
    case 'logSoftmax':
      return ofA
    default:
      return 0
  }
}

function named(program: ProgramData, inputs: EvaluationInputs): Map<string, Float64Array> {
  const { state, results } = evaluate(program, inputs)
  return new Map([
    ...Object.entries(state).map(([name, values]) => [`state ${name}`, values] as const),
    ...Object.entries(results).map(([name, values]) => [`result ${name}`, values] as const),
  ])
}
