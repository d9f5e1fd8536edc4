/** A network of dense layers that tells how a series goes on. */
import {
  add,
  type Batch,
  defineModel,
  div,
  type InitializerLike,
  mean,
  type Model,
  mul,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
  UserError,
} from '@gradpool/core'
import type { ActivationName } from '../layers/activation.js'
import { meanSquaredError } from '../losses/mean-squared-error.js'
import { meanAbsoluteError } from '../metrics/mean-absolute-error.js'
import { rootMeanSquaredError } from '../metrics/root-mean-squared-error.js'
import { checkWidth, checkWidths } from '../widths.js'
import { denseStack } from './dense-stack.js'
import { fieldOf, readyModel } from './ready-model.js'

export interface ForecastOptions {
  /** Widths of the hidden layers; none is a linear model. */
  readonly hidden: readonly number[]
  /** How many steps are told at once. Default: that of the windows. */
  readonly horizon?: number
  /** The place among the columns of the one that is told. Default: 0, the first. */
  readonly column?: number
  /** Of the hidden layers. Default: relu. */
  readonly activation?: ActivationName
  /** Of all weights. Default: heNormal. */
  readonly weight?: InitializerLike
}

/** Tells the next steps of a series from the last ones. */
export type Forecaster = ForecastOptions & { readonly kind: 'forecast' } & Model<{
    readonly metrics: { readonly loss: number; readonly mae: number; readonly rmse: number }
    readonly fields: 'x' | 'y'
    readonly predictFields: 'x'
    readonly outputs: 'estimate'
  }>

/**
 * A model over windows of a series: the fields `x`, [length, columns], and `y`, [horizon], as `windows` makes them. Its
 * states are `head.0.weight`, `head.0.bias`, ….
 *
 * Each window is scaled by itself, as in reversible instance normalisation (Kim et al. 2022): a column's last value is
 * taken off, and what is left divided by the root of its mean square. So a level that the training has not seen, as of
 * a series that grows, is nothing new. The least that is divided by is a hundredth of the deviation of the training's
 * targets.
 *
 * Results: `loss`, the mean squared error of the scaled steps, and `mae` and `rmse` in the series' own units.
 * Predictions: `estimate` [batch, horizon].
 *
 * @throws UserError for widths that are not whole numbers; with the data, where they are no windows of that horizon
 */
export function forecast(options: ForecastOptions): Forecaster {
  const { hidden, column = 0, activation = 'relu', weight = 'heNormal' } = options
  if (hidden.length > 0) checkWidths('hidden', hidden)
  if (options.horizon !== undefined) checkWidth('horizon', options.horizon)
  if (!Number.isInteger(column) || column < 0) {
    throw new UserError(`column must be a whole number of at least 0, not ${String(column)}`)
  }
  return readyModel({ ...options, kind: 'forecast' as const }, (data) => {
    const [length, columns, ...others] = fieldOf(data, 'x').shape
    const [horizon, ...more] = fieldOf(data, 'y').shape
    if (length === undefined || columns === undefined || horizon === undefined || others.length + more.length > 0) {
      throw new UserError('forecast needs windows: x of [length, columns] and y of [horizon], as windows(…) makes them')
    }
    if (options.horizon !== undefined && options.horizon !== horizon) {
      throw new UserError(`horizon is ${options.horizon}, and that of the windows ${horizon}`)
    }
    if (column >= columns) throw new UserError(`column must be below ${columns}, the columns of x, not ${column}`)
    if (data.statistics === undefined)
      throw new UserError("forecast needs the training rows of 'y', which are not there")
    const { deviation } = data.statistics('y')
    const least = 0.01 * Math.sqrt(deviation.reduce((sum, each) => sum + each * each, 0) / horizon) || 1
    const network = denseStack({
      widths: [length * columns, ...hidden, horizon],
      activation,
      lastActivation: 'linear',
      weight,
    })
    /** A window as the network sees it, and the way there and back for the column that is told. */
    const scalingOf = (x: Tensor) => {
      const [batch = 1] = x.shape
      const last = slice(x, [0, length - 1, 0], [batch, 1, columns])
      const moved = sub(x, last)
      const scale = sqrt(add(mean(square(moved), 1, { keepDims: true }), least * least))
      const of = (each: Tensor) => reshape(slice(each, [0, 0, column], [batch, 1, 1]), [batch, 1])
      const [offset, unit] = [of(last), of(scale)]
      return {
        input: reshape(div(moved, scale), [batch, length * columns]),
        apply: (y: Tensor) => div(sub(y, offset), unit),
        invert: (y: Tensor) => add(mul(y, unit), offset),
      }
    }
    return defineModel({
      params: { head: network },
      step(bound, batch: Batch<'x' | 'y'>) {
        const { input, apply, invert } = scalingOf(batch.x)
        const output = bound.head(input)
        const estimate = invert(output)
        return {
          loss: meanSquaredError(output, apply(batch.y)),
          mae: meanAbsoluteError(estimate, batch.y),
          rmse: rootMeanSquaredError(estimate, batch.y),
        }
      },
      predict(bound, batch: Batch<'x'>) {
        const { input, invert } = scalingOf(batch.x)
        return { estimate: invert(bound.head(input)) }
      },
    })
  })
}
