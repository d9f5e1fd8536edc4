/**
 * A Program as plain JSON.
 */
import type { FirstValue } from '../random/initializers.js'
import type { Node } from './node.js'

/**
 * What an `input` node stands for:
 * - `state`: a value that lives from step to step (weights, optimizer slots); `initializer` gives
 *   its first value;
 * - `batch`: rows of the dataset field of that name, `[batch, ...field shape]`;
 * - `step`: the number of the step, i32 scalar, from 0;
 * - `seed`: the seed of the run, i32 scalar.
 */
export type Input =
  | {
      readonly role: 'state'
      readonly name: string
      readonly node: number
      readonly initializer: FirstValue
    }
  | { readonly role: 'batch'; readonly name: string; readonly node: number }
  | { readonly role: 'step' | 'seed'; readonly name: 'step' | 'seed'; readonly node: number }

/** A named node: the next value of a state, or a result of the step. */
export interface Output {
  readonly name: string
  readonly node: number
}

/**
 * What a step tells: a loss, a metric, a prediction. Its value is averaged over the examples; with
 * `rows`, its first axis is the batch, and the values of all examples are collected.
 */
export interface Result extends Output {
  readonly rows?: true
}

export interface ProgramData {
  /** Node `i` reads only nodes before it. */
  readonly nodes: readonly Node[]
  readonly inputs: readonly Input[]
  /** The next value of a state, by the state's name; a state that is not named keeps its value. */
  readonly updates: readonly Output[]
  /** By convention `loss` first, then metrics. */
  readonly results: readonly Result[]
}
