/** The fully connected layer. */
import {
  add,
  type InitializerLike,
  matmul,
  module,
  type Module,
  parameter,
  UserError,
  zeros,
} from '@gradpool/core'
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
  checkWidth('numInputs', numInputs)
  checkWidth('numOutputs', numOutputs)
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

function checkWidth(name: string, width: number): void {
  if (!Number.isInteger(width) || width < 1) {
    throw new UserError(`dense: ${name} must be a whole number of at least 1, not ${String(width)}`)
  }
}
