/**
 * The loss of a step, or its losses: each then trains the part of the model of its name, as a generator and a
 * discriminator have.
 */
import { withDirection, type Metric } from '../metrics/metric.js'
import { add } from '../ops/elementwise.js'
import { Tensor } from '../tracing/tensor.js'
import { userError } from '../tracing/trace.js'
import type { StepResults } from './model.js'

export interface Loss {
  /** The part of the parameters that it trains; undefined for all. */
  readonly part: string | undefined
  readonly value: Tensor
}

export interface CheckedLosses {
  readonly losses: readonly Loss[]
  /** What the step tells: the loss, which of several is their sum; each of several; then the metrics. */
  readonly results: Readonly<Record<string, Tensor | Metric>>
}

/** @throws UserError for losses that are not numbers, or have the name of a metric */
export function checkedLosses({ loss: given, ...others }: StepResults): CheckedLosses {
  // A step written without types may return anything, and metrics are checked where they are traced.
  const loss = given as StepResults['loss'] | undefined
  const metrics = others as Readonly<Record<string, Tensor | Metric>>
  if (loss === undefined) throw userError('a step must return { loss }')
  if (loss instanceof Tensor) {
    checkLoss('the loss', loss)
    return { losses: [{ part: undefined, value: loss }], results: { loss, ...metrics } }
  }
  const losses = Object.entries(loss).map(([part, value]) => {
    if (part === 'loss' || Object.hasOwn(metrics, part)) {
      throw userError(`"${part}" is the name of a loss and of a metric, which rows of the history tell apart by name`)
    }
    checkLoss(`the loss "${part}"`, value)
    return { part, value }
  })
  const [first, ...rest] = losses.map(({ value }) => value)
  if (first === undefined) throw userError('a step must return { loss }, and there is none in it')
  const told = losses.map(({ part, value }) => [part, withDirection(value, 'min')] as const)
  const total = rest.reduce((sum, value) => add(sum, value), first)
  return { losses, results: { loss: total, ...Object.fromEntries(told), ...metrics } }
}

function checkLoss(what: string, loss: unknown): void {
  if (!(loss instanceof Tensor)) throw userError(`${what} must be one f32 number, not ${typeof loss}`)
  if (loss.dtype === 'f32' && loss.rank === 0) return
  throw userError(`${what} must be one f32 number, not ${loss.toString()}; take its mean`)
}
