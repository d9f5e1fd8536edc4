/** A network of dense layers that predicts numbers. */
import { type Batch, defineModel, type InitializerLike, type Model, type Tensor } from '@gradpool/core'
import { type Augmentation } from '../augmentation/augment.js'
import { checkChanges, type Mixing } from '../augmentation/mix.js'
import type { ActivationName } from '../layers/activation.js'
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js'
import { r2 } from '../metrics/r2.js'
import { rootMeanSquaredError } from '../metrics/root-mean-squared-error.js'
import { prepareTable } from '../preparation/prepare-table.js'
import { standardize } from '../preparation/standardize.js'
import { checkWidths } from '../widths.js'
import { denseStack } from './dense-stack.js'
import { augmentFor, mixFor, scaled, withoutMixing } from './input.js'
import { checkQuantiles, meanOutput, quantileOutputs } from './regress-outputs.js'
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
  /**
   * Random changes of `x` that is trained on, anew in each step, such as `noise` and `swap`; of the standardised `x`,
   * where it is standardised. After all others comes `mixup`, which mixes examples of a batch and their targets, and
   * for images `cutmix`. Default: none.
   */
  readonly augment?: readonly (Augmentation | Mixing)[]
  /**
   * Shares of the targets that are to lie below each of several outputs, ascending, such as [0.05, 0.5, 0.95]: the
   * network learns these quantiles, and `estimate` is that nearest to the median. Default: none, it learns the mean.
   */
  readonly quantiles?: readonly number[]
}

/** A regression: it learns numbers `y` from numbers `x`, and predicts them. */
export type Regressor = RegressOptions & { readonly kind: 'regress' } & Model<{
    readonly metrics: { readonly loss: number; readonly r2: number; readonly mae: number; readonly rmse: number }
    readonly fields: 'x' | 'y'
    readonly predictFields: 'x'
    readonly outputs: 'estimate'
  }>

/** A regression that also predicts quantiles, of which the outermost are an interval. */
export type QuantileRegressor = RegressOptions & { readonly kind: 'regress' } & Model<{
    readonly metrics: Readonly<Record<'loss' | 'r2' | 'mae' | 'rmse' | 'coverage' | 'width', number>>
    readonly fields: 'x' | 'y'
    readonly predictFields: 'x'
    readonly outputs: 'estimate' | 'quantiles'
  }>

/**
 * A model over the fields `x`, of any shape, and `y`, one number or several, for `fit` and as a stage of an experiment.
 * Its states are `head.0.weight`, `head.0.bias`, …. Categories of a table are one-hot, and its missing values become
 * what the data name (`prepareTable`).
 *
 * Results: `loss`, the mean squared error of the scaled targets, and `r2`, `mae` and `rmse` in the target's own units.
 * Predictions: `estimate`, of the shape of `y`, in its own units.
 *
 * With `quantiles` the loss is the sum of their `quantileLoss`. Results, too: `coverage`, the share of targets from the
 * lowest to the highest of them, and `width`, how far these are apart. Predictions, too: `quantiles`, [batch,
 * quantiles, ...shape of y], sorted (Chernozhukov et al. 2010), so that they do not cross.
 *
 * @throws UserError for widths that are not whole numbers, or quantiles that are not ascending; with the data, where a
 *   field lacks
 */
export function regress(options: RegressOptions & { readonly quantiles: readonly number[] }): QuantileRegressor
export function regress(options: RegressOptions & { readonly quantiles?: undefined }): Regressor
export function regress(options: RegressOptions): Regressor | QuantileRegressor
export function regress(options: RegressOptions): RegressOptions & { readonly kind: 'regress' } & Model {
  const { hidden, activation = 'relu', weight = 'heNormal', quantiles } = options
  if (hidden.length > 0) checkWidths('hidden', hidden)
  checkChanges(options.augment ?? [], 'augment')
  if (quantiles) checkQuantiles(quantiles)
  return readyModel({ ...options, kind: 'regress' as const }, (data): Model => {
    const y = fieldOf(data, 'y')
    const isScaled = options.standardize !== false
    const table = prepareTable(data, { standardize: isScaled })
    const scaler = isScaled ? standardize(statisticsFor(data, 'y')) : undefined
    const varied = augmentFor(withoutMixing(options.augment), data, 'x')
    const mix = mixFor(options.augment, data, { field: 'x' })
    const outputs = quantiles ? quantileOutputs(y.shape, quantiles) : meanOutput(y.shape)
    const network = denseStack({
      widths: [table.width, ...hidden, outputs.width],
      activation,
      lastActivation: 'linear',
      weight,
    })
    const invert = (output: Tensor) => (scaler ? scaler.invert(output) : output)
    return defineModel({
      params: { head: network },
      step(bound, batch: Batch<'x' | 'y'>) {
        const { input, target } = mix(varied(batch.x, table), batch.y)
        const output = bound.head(scaled(input, 1))
        const predictions = outputs.predictions(output, invert)
        const { estimate } = predictions
        return {
          loss: outputs.loss(output, scaler ? scaler.apply(target) : target),
          r2: r2(estimate, target),
          mae: meanAbsoluteError(estimate, target),
          rmse: rootMeanSquaredError(estimate, target),
          ...outputs.metrics(predictions, target),
        }
      },
      predict: (bound, batch: Batch<'x'>) => outputs.predictions(bound.head(scaled(varied(batch.x, table), 1)), invert),
    })
  })
}
