/**
 * A stage: parameters, and a plain function from them and a batch to a loss and metrics.
 *
 *     const wide = stage({
 *       params: { hidden: dense(784, 512), output: dense(512, 10) },
 *       step({ hidden, output }, { image, label }) {
 *         const logits = output(relu(hidden(image))) // [batch, 10]
 *         return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
 *       },
 *     })
 *
 * The functions run once for each Program that is traced, never during training.
 */
import type { Binding, BoundOf, Params } from './module.js'
import type { Tensor } from '../tracing/tensor.js'

/** What a step tells: the loss, a scalar, and metrics of any shape that does not depend on the batch size. */
export interface StepResults {
  readonly loss: Tensor
  readonly [metric: string]: Tensor
}

/** Named tensors, `[batch, ...]`. */
export type Predictions = Readonly<Record<string, Tensor>>

/** A batch with these fields, each `[batch, ...field shape]`: `step(bound, { text }: Batch<'text'>)`. */
export type Batch<Field extends string> = Readonly<Record<Field, Tensor>>

/** What a step takes a batch to have unless its parameter is given a type: `Batch<'text'>`. */
export interface UsualBatch {
  readonly image: Tensor
  readonly label: Tensor
  readonly [field: string]: Tensor
}

export interface StageDefinition<P extends Params, Fields extends object> {
  readonly params: P
  step(bound: BoundOf<P>, batch: Fields): StepResults
  predict?(bound: BoundOf<P>, batch: Fields): Predictions
}

/** A stage, ready to be traced by `train`, `evaluation` and `prediction`. */
export interface Stage {
  readonly params: Params
  /** @internal Binds the parameters and traces one step. */
  readonly traceStep: (binding: Binding, batch: object) => StepResults
  /** @internal Binds the parameters and traces a prediction; absent where the stage predicts nothing. */
  readonly tracePrediction?: (binding: Binding, batch: object) => Predictions
}

export function stage<const P extends Params, Fields extends object = UsualBatch>(
  definition: StageDefinition<P, Fields>,
): Stage {
  const { params } = definition
  // Whether the dataset has the fields is known only when it is there: reading one that is missing throws.
  const fieldsOf = (batch: object): Fields => batch as Fields
  return Object.freeze({
    params,
    traceStep: (binding: Binding, batch: object) =>
      definition.step(binding.bind(params), fieldsOf(batch)),
    ...(definition.predict && {
      tracePrediction: (binding: Binding, batch: object) =>
        definition.predict?.(binding.bind(params), fieldsOf(batch)) ?? {},
    }),
  })
}
