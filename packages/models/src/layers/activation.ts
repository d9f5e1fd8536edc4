/** Activations by name, so that an architecture can be plain data. */
import {
  type InitializerLike,
  module,
  type Module,
  relu,
  sigmoid,
  softmax,
  tanh,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { elu, gelu, hardSigmoid, hardSwish, leakyRelu, mish, silu, softplus } from './activation-functions.js'

/** A module's function: a tensor to a tensor. */
export type Layer = (x: Tensor) => Tensor

const activations = {
  elu,
  gelu: (x) => gelu(x),
  geluTanh: (x) => gelu(x, { approximate: 'tanh' }),
  hardSigmoid,
  hardSwish,
  leakyRelu: (x) => leakyRelu(x),
  linear: (x) => x,
  mish,
  relu: (x) => relu(x),
  sigmoid: (x) => sigmoid(x),
  silu,
  softmax: (x) => softmax(x),
  softplus,
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

/** Those that are 0 or nearly so below 0, and x or nearly so above it. */
const RECTIFIERS: ReadonlySet<ActivationName> = new Set([
  'elu',
  'gelu',
  'geluTanh',
  'hardSwish',
  'leakyRelu',
  'mish',
  'relu',
  'silu',
])

/** What weights begin with before this activation: by He's rule before a rectifier, which halves variances. */
export function firstWeight(name: ActivationName): InitializerLike {
  return RECTIFIERS.has(name) ? 'heUniform' : 'glorotUniform'
}

/** An activation as a layer without parameters, for `sequential`; [...] to [...]. */
export function activation(name: ActivationName): Module<Layer> {
  const apply = activationFunction(name)
  return module({}, () => apply)
}
