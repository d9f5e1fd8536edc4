/** Files of tools/oracles, and the weights of a multilayer perceptron as they have them. */
import { readFileSync } from 'node:fs'

export interface OracleLayer {
  readonly weights: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

export function readOracle(name: string): unknown {
  const file = new URL(`../../../../tools/oracles/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** By the names of `mlp`'s states. */
export function statesOf(layers: readonly OracleLayer[]): Record<string, Float32Array> {
  return Object.fromEntries(
    layers.flatMap(({ weights, bias }, i) => [
      [`head.${i}.weight`, Float32Array.from(weights.flat())],
      [`head.${i}.bias`, Float32Array.from(bias)],
    ]),
  )
}
