/** What JAX says of 500 random calculations (oracle/programs_jax.json), and an engine beside it. */
import { readFileSync } from 'node:fs'
import type { Engine } from '@gradpool/core/engine'
import { expectClose, wholeBatch } from './compare.js'
import { digestOf, randomCalculation, type RandomCalculation } from './oracle/random-calculation.js'

/** One calculation with what JAX says of it: the values of its leaves, and the gradients by its f32 inputs. */
export interface OracleCase {
  readonly seed: number
  readonly calculation: RandomCalculation
  /** By the names of the Program's results. */
  readonly expected: Readonly<Record<string, readonly number[]>>
}

interface OracleFile {
  readonly programs: readonly {
    readonly seed: number
    readonly digest: string
    readonly values: readonly (readonly number[])[]
    readonly gradients: readonly (readonly number[])[]
  }[]
}

const FILE = new URL('../oracle/programs_jax.json', import.meta.url)

let cases: readonly OracleCase[] | undefined

/** @throws Error where the calculation of the number is another than JAX was given */
export function calculationOf(seed: number, digest: string): RandomCalculation {
  const calculation = randomCalculation(seed)
  if (digestOf(calculation.recipe) === digest) return calculation
  throw new Error(`calculation ${seed} is no longer the one that JAX evaluated: run tools/oracles/programs_jax.py`)
}

/** @throws Error where a calculation is another than JAX was given */
export function oracleCases(): readonly OracleCase[] {
  cases ??= (JSON.parse(readFileSync(FILE, 'utf8')) as OracleFile).programs.map((program) => {
    const { seed, digest, values, gradients } = program
    const calculation = calculationOf(seed, digest)
    const expected = Object.fromEntries([
      ...values.map((numbers, i) => [`value ${i}`, numbers] as const),
      ...gradients.map((numbers, i) => [`by ${i}`, numbers] as const),
    ])
    return { seed, calculation, expected }
  })
  return cases
}

/** @param tolerance relative to the largest magnitude of each result */
export async function expectOracle(
  engine: Engine,
  { seed, calculation, expected }: OracleCase,
  tolerance: number,
): Promise<void> {
  const { program, data, state } = calculation
  const execution = await engine.compile(wholeBatch(program, data.rows.length), { data, state, seed: 0 })
  try {
    const { means } = await execution.run({ steps: 1 })
    for (const [name, numbers] of Object.entries(expected)) {
      expectClose(means[name] ?? [], numbers, tolerance, () => `${name} of calculation ${seed},\n${program.toString()}`)
    }
  } finally {
    execution.dispose()
  }
}
