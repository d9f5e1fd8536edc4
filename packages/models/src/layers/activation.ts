/** Activations by name, so that an architecture can be plain data. */
import { module, relu, sigmoid, softmax, tanh, UserError, type Module, type Tensor } from '@gradpool/core'

/** A module's function: a tensor to a tensor. */
export type Layer = (x: Tensor) => Tensor

const activations = {
  linear: (x) => x,
  relu: (x) => relu(x),
  sigmoid: (x) => sigmoid(x),
  softmax: (x) => softmax(x),
  tanh: (x) => tanh(x),
} as const satisfies Record<string, Layer>

export type ActivationName = keyof typeof activations

export const activationNames = Object.keys(activations) as readonly ActivationName[]

/**
 * The function of this name; `linear` is the identity.
 *
 * @throws UserError that lists the names, for one that is not among them
 */
export function activationFunction(name: ActivationName): Layer {
  if (Object.hasOwn(activations, name)) return activations[name]
  throw new UserError(`there is no activation "${name}"; there are ${activationNames.join(', ')}`)
}

/** An activation as a layer without parameters, for `sequential`; [...] to [...]. */
export function activation(name: ActivationName): Module<Layer> {
  const apply = activationFunction(name)
  return module({}, () => apply)
}
