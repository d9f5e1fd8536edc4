/** A network of dense layers that predicts numbers. */
import { type Batch, defineModel, type InitializerLike, type Model, reshape, type Tensor } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { ActivationName } from '../layers/activation.js'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js'
import { r2 } from '../metrics/r2.js'
import { rootMeanSquaredError } from '../metrics/root-mean-squared-error.js'
import { prepareTable } from '../preparation/prepare-table.js'
import { standardize } from '../preparation/standardize.js'
import { checkWidths } from '../widths.js'
import { denseStack } from './dense-stack.js'
import { scaled } from './input.js'
import { fieldOf, readyModel, statisticsFor } from './ready-model.js'

export interface RegressOptions {
  /** Widths of the hidden layers between inputs and outputs; none is a linear model. */
  readonly hidden: readonly number[]
  /** Of the hidden layers. Default: relu. */
  readonly activation?: ActivationName
  /** Of all weights. Default: heNormal. */
  readonly weight?: InitializerLike
  /**
   * Whether numbers of inputs and targets are scaled to mean 0 and deviation 1, as the training rows have them, within
   * the model.
   * Default: true.
   */
  readonly standardize?: boolean
}

/** A regression: it learns numbers `y` from numbers `x`, and predicts them. */
export type Regressor = RegressOptions & { readonly kind: 'regress' } & Model<{
    readonly metrics: { readonly loss: number; readonly r2: number; readonly mae: number; readonly rmse: number }
    readonly fields: 'x' | 'y'
    readonly predictFields: 'x'
    readonly outputs: 'estimate'
  }>

/**
 * A model over the fields `x`, of any shape, and `y`, one number or several, for `fit` and as a stage of an experiment.
 * Its states are `head.0.weight`, `head.0.bias`, …. Categories of a table are one-hot, and its missing values become
 * what the data name (`prepareTable`).
 *
 * Results: `loss`, the mean squared error of the scaled targets, and `r2`, `mae` and `rmse` in the target's own units.
 * Predictions: `estimate`, of the shape of `y`, in its own units.
 *
 * @throws UserError for widths that are not whole numbers; with the data, where a field lacks
 */
export function regress(options: RegressOptions): Regressor {
  const { hidden, activation = 'relu', weight = 'heNormal' } = options
  if (hidden.length > 0) checkWidths('hidden', hidden)
  return readyModel({ ...options, kind: 'regress' as const }, (data) => {
    const y = fieldOf(data, 'y')
    const isScaled = options.standardize !== false
    const table = prepareTable(data, { standardize: isScaled })
    const scaler = isScaled ? standardize(statisticsFor(data, 'y')) : undefined
    const prepared = (input: Tensor) => scaled(table.apply(input), 1)
    const network = denseStack({
      widths: [table.width, ...hidden, sizeOf(y.shape)],
      activation,
      lastActivation: 'linear',
      weight,
    })
    const shaped = (output: Tensor) => reshape(output, [output.shape[0] ?? 1, ...y.shape])
    return defineModel({
      params: { head: network },
      step(bound, batch: Batch<'x' | 'y'>) {
        const output = shaped(bound.head(prepared(batch.x)))
        const estimate = scaler ? scaler.invert(output) : output
        return {
          loss: meanSquaredError(output, scaler ? scaler.apply(batch.y) : batch.y),
          r2: r2(estimate, batch.y),
          mae: meanAbsoluteError(estimate, batch.y),
          rmse: rootMeanSquaredError(estimate, batch.y),
        }
      },
      predict(bound, batch: Batch<'x'>) {
        const output = shaped(bound.head(prepared(batch.x)))
        return { estimate: scaler ? scaler.invert(output) : output }
      },
    })
  })
}
