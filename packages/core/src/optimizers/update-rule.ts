/**
 * What an optimizer is: the slots it keeps, and one pure function, traced like the model, from gradients to the next
 * weights and slots.
 *
 * Rules see all parameters at once, so a value that all share (a bias correction, a norm) is computed once a step.
 * States that decay towards zero are flushed: kernels would slow down on denormal numbers, and all targets agree on 0.
 */
import type { Tensor } from '../tracing/tensor.js'

/** One parameter at one step; gradient and slots have the shape of the weight. */
export interface ParameterState<Slot extends string = string> {
  readonly name: string
  readonly weight: Tensor
  readonly gradient: Tensor
  readonly slots: Readonly<Record<Slot, Tensor>>
}

/** What becomes of it. */
export interface ParameterUpdate<Slot extends string = string> {
  readonly weight: Tensor
  readonly slots: Readonly<Record<Slot, Tensor>>
}

export interface OptimizerStep<Slot extends string = string, Shared extends string = string> {
  /** The step's number, i32 scalar, from 0. */
  readonly step: Tensor
  readonly shared: Readonly<Record<Shared, Tensor>>
  readonly parameters: readonly ParameterState<Slot>[]
}

export interface OptimizerUpdate<Slot extends string = string, Shared extends string = string> {
  readonly shared: Readonly<Record<Shared, Tensor>>
  /** In the order of `OptimizerStep.parameters`. */
  readonly parameters: readonly ParameterUpdate<Slot>[]
}

export interface UpdateRule<Slot extends string = string, Shared extends string = string> {
  /**
   * Values kept for each parameter, of its shape, zero at first; the states are named `optimizer/<slot>/<parameter>`.
   */
  readonly slots: readonly Slot[]
  /** Scalars kept once for all parameters, zero at first; the states are named `optimizer/<name>`. */
  readonly shared: readonly Shared[]
  update(step: OptimizerStep<Slot, Shared>): OptimizerUpdate<Slot, Shared>
}

/**
 * An optimizer of one's own, for `train`:
 *
 *     const signSgd = updateRule({
 *       slots: [],
 *       shared: [],
 *       update: ({ parameters }) => ({
 *         shared: {},
 *         parameters: parameters.map(({ weight, gradient }) => ({
 *           weight: sub(weight, mul(0.01, div(gradient, add(abs(gradient), 1e-12)))),
 *           slots: {},
 *         })),
 *       }),
 *     })
 */
export function updateRule<Slot extends string, Shared extends string>(
  rule: UpdateRule<Slot, Shared>,
): UpdateRule<Slot, Shared> {
  return rule
}
