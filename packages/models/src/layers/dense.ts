/** The fully connected layer. */
import { add, type InitializerLike, layer, matmul, type Module, parameter, type Tensor, zeros } from '@gradpool/core'
import { checkWidth } from '../widths.js'
import { activationFunction, type ActivationName, firstWeight, type Layer } from './activation.js'

export interface DenseOptions {
  /** Default: linear. */
  readonly activation?: ActivationName
  /**
   * Default: heUniform before a ReLU and its like (elu, gelu, hardSwish, leakyRelu, mish, silu), else glorotUniform.
   */
  readonly weight?: InitializerLike
  /** Default: zeros; `false` for a layer without bias. */
  readonly bias?: InitializerLike | false
}

/** A bound dense layer: a function, with its parameters. */
export type Dense = Layer & { readonly weight: Tensor; readonly bias: Tensor }

/**
 * activation(x · weight + bias): [..., numInputs] to [..., numOutputs].
 *
 * Input of integers, such as pixels, counts as f32. Parameters: `weight` [numInputs, numOutputs], `bias` [numOutputs];
 * a step reads them of the bound layer, as `hidden.weight`.
 *
 * @throws UserError for widths that are not whole numbers of at least 1
 */
export function dense(
  numInputs: number,
  numOutputs: number,
  options?: DenseOptions & { readonly bias?: InitializerLike },
): Module<Dense>
export function dense(
  numInputs: number,
  numOutputs: number,
  options?: DenseOptions,
): Module<Layer & Pick<Dense, 'weight'>>
export function dense(numInputs: number, numOutputs: number, options: DenseOptions = {}): Module<Layer> {
  checkWidth('dense: numInputs', numInputs)
  checkWidth('dense: numOutputs', numOutputs)
  const { activation = 'linear', bias = zeros } = options
  const apply = activationFunction(activation)
  const weight = parameter([numInputs, numOutputs], options.weight ?? firstWeight(activation), ['in', 'out'])
  if (bias === false) return layer({ weight }, (own) => (x: Tensor) => apply(matmul(x, own.weight)))
  return layer(
    { weight, bias: parameter([numOutputs], bias) },
    (own) => (x: Tensor) => apply(add(matmul(x, own.weight), own.bias)),
  )
}
