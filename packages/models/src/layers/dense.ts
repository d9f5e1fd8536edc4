/** The fully connected layer. */
import {
  add,
  type InitializerLike,
  matmul,
  module,
  type Module,
  parameter,
  zeros,
} from '@gradpool/core'
import { checkWidth } from '../widths.js'
import { activationFunction, type ActivationName, type Layer } from './activation.js'

export interface DenseOptions {
  /** Default: linear. */
  readonly activation?: ActivationName
  /** Default: heUniform before a ReLU, else glorotUniform. */
  readonly weight?: InitializerLike
  /** Default: zeros; `false` for a layer without bias. */
  readonly bias?: InitializerLike | false
}

/**
 * activation(x · weight + bias): [batch, numInputs] to [batch, numOutputs].
 *
 * Input of integers, such as pixels, counts as f32. Parameters: `weight` [numInputs, numOutputs], `bias` [numOutputs].
 *
 * @throws UserError for widths that are not whole numbers of at least 1
 */
export function dense(
  numInputs: number,
  numOutputs: number,
  options: DenseOptions = {},
): Module<Layer> {
  checkWidth('dense: numInputs', numInputs)
  checkWidth('dense: numOutputs', numOutputs)
  const { activation = 'linear', bias = zeros } = options
  const apply = activationFunction(activation)
  const weight = parameter(
    [numInputs, numOutputs],
    options.weight ?? (activation === 'relu' ? 'heUniform' : 'glorotUniform'),
  )
  if (bias === false) return module({ weight }, (own) => (x) => apply(matmul(x, own.weight)))
  return module(
    { weight, bias: parameter([numOutputs], bias) },
    (own) => (x) => apply(add(matmul(x, own.weight), own.bias)),
  )
}
