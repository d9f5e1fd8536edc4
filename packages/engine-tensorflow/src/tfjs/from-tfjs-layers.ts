/** Converts a Sequential of tfjs-layers, with its weights, to a module that any engine can train. */
import { cast, mul, module, reshape, UserError, type Module } from '@gradpool/core'
import { type StateValues } from '@gradpool/core/engine'
import { activation, dense, dropout, sequential, type ActivationName, type Layer } from '@gradpool/models'

/** The part of a `tf.Sequential` that is read, from any version of tfjs. */
export interface TfjsSequential {
  readonly layers: readonly TfjsLayer[]
}

export interface TfjsLayer {
  readonly name: string
  getClassName(): string
  getConfig(): Readonly<Record<string, unknown>>
  getWeights(): readonly TfjsTensor[]
}

interface TfjsTensor {
  readonly shape: readonly number[]
  dataSync(): ArrayLike<number>
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
 * Supported: Dense, Activation, Dropout, Flatten, Rescaling without offset, InputLayer; activations elu, gelu,
 * gelu_new, linear, mish, relu, sigmoid, softmax, softplus, swish, tanh.
 *
 * @throws UserError that names a layer, an activation or a setting that is not supported
 */
export function fromTfjsLayers(model: TfjsSequential, options: FromTfjsOptions = {}): FromTfjs {
  const modules: Module<Layer>[] = []
  const weights: Record<string, Float32Array> = {}
  const last = model.layers.at(-1)
  for (const layer of model.layers) {
    const made = convert(layer, options.logits === true && layer === last)
    if (made === undefined) continue
    layer.getWeights().forEach((tensor, index) => {
      const name = index === 0 ? 'weight' : 'bias'
      weights[`${modules.length}.${name}`] = Float32Array.from(tensor.dataSync())
    })
    modules.push(made)
  }
  return {
    layers: sequential(modules),
    state: (name) => Object.fromEntries(Object.entries(weights).map(([key, values]) => [`${name}.${key}`, values])),
  }
}

function convert(layer: TfjsLayer, asLogits: boolean): Module<Layer> | undefined {
  const config = layer.getConfig()
  switch (layer.getClassName()) {
    case 'InputLayer':
      return undefined
    case 'Dense': {
      const [kernel, bias] = layer.getWeights()
      const [numInputs = 0, units = 0] = kernel?.shape ?? []
      const name = activationOf(layer, asLogits)
      return dense(numInputs, units, {
        activation: name,
        ...(bias === undefined && { bias: false }),
      })
    }
    case 'Activation':
      return activation(activationOf(layer, asLogits))
    case 'Dropout':
      return dropout(Number(config.rate))
    case 'Flatten':
      return module({}, () => (x) => reshape(x, [x.shape[0] ?? 1, -1]))
    case 'Rescaling':
      if (Number(config.offset) !== 0) break
      return module({}, () => (x) => mul(cast(x, 'f32'), Number(config.scale)))
    default:
  }
  throw new UserError(`the layer "${layer.name}" (${layer.getClassName()}) cannot be taken over from tfjs`)
}

/** By the names of tfjs, whose `hardSigmoid` is another function than Gradpool's. */
const ACTIVATIONS: ReadonlyMap<string, ActivationName> = new Map([
  ['elu', 'elu'],
  ['gelu', 'gelu'],
  ['gelu_new', 'geluTanh'],
  ['linear', 'linear'],
  ['mish', 'mish'],
  ['relu', 'relu'],
  ['sigmoid', 'sigmoid'],
  ['softmax', 'softmax'],
  ['softplus', 'softplus'],
  ['swish', 'silu'],
  ['tanh', 'tanh'],
])

function activationOf(layer: TfjsLayer, asLogits: boolean): ActivationName {
  const { activation: given } = layer.getConfig()
  const name = typeof given === 'string' ? given : 'linear'
  if (asLogits && name === 'softmax') return 'linear'
  const known = ACTIVATIONS.get(name)
  if (known !== undefined) return known
  throw new UserError(`the layer "${layer.name}" has the activation "${name}", which cannot be taken over from tfjs`)
}
