/** Converts a Sequential of tfjs-layers, with its weights, to a module that any engine can train. */
import type { Module } from '@gradpool/core'
import { type StateValues } from '@gradpool/core/engine'
import { sequential, type Layer } from '@gradpool/models'
import { convertLayer, type TfjsLayer } from './convert-layer.js'

export type { TfjsLayer }

/** The part of a `tf.Sequential` that is read, from any version of tfjs. */
export interface TfjsSequential {
  readonly layers: readonly TfjsLayer[]
}

export interface FromTfjsOptions {
  /** Omits a softmax at the end, for losses that take logits, such as `crossEntropy`. Default: false. */
  readonly logits?: boolean
}

export interface FromTfjs {
  /** The layers as a module: when bound, a function from [batch, ...] to the output of the last layer. */
  readonly layers: Module<Layer>
  /** The weights as states of a model whose parameter `name` is the module: `name.0.weight`, … */
  state(name: string): StateValues
}

/**
 * Supported: Dense, Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D, the pooling layers of one and
 * two axes, BatchNormalization and LayerNormalization of the last axis, Embedding, Activation, Dropout, Flatten,
 * Rescaling without offset, InputLayer; channels last; activations elu, gelu, gelu_new, linear, mish, relu, sigmoid,
 * softmax, softplus, swish, tanh.
 *
 * @throws UserError that names a layer, an activation or a setting that is not supported
 */
export function fromTfjsLayers(model: TfjsSequential, options: FromTfjsOptions = {}): FromTfjs {
  const modules: Module<Layer>[] = []
  const weights: Record<string, Float32Array> = {}
  const last = model.layers.at(-1)
  for (const layer of model.layers) {
    const converted = convertLayer(layer, options.logits === true && layer === last)
    if (converted === undefined) continue
    const { module, names = ['weight', 'bias'] } = converted
    for (const [place, tensor] of layer.getWeights().entries()) {
      weights[`${modules.length}.${names[place]}`] = Float32Array.from(tensor.dataSync())
    }
    modules.push(module)
  }
  return {
    layers: sequential(modules),
    state: (name) => Object.fromEntries(Object.entries(weights).map(([key, values]) => [`${name}.${key}`, values])),
  }
}
