/** Each layer of tfjs as a module, and the parameters that its weights become. */
import { cast, module, mul, type Module, type Padding, type Tensor, UserError } from '@gradpool/core'
import {
  activation,
  type ActivationName,
  averagePool1d,
  averagePool2d,
  batchNorm,
  conv1d,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  dropout,
  embedding,
  flatten,
  globalAveragePool,
  globalMaxPool,
  type Layer,
  layerNorm,
  maxPool1d,
  maxPool2d,
  separableConv2d,
} from '@gradpool/models'

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

interface Converted {
  readonly module: Module<Layer>
  /** The names of the parameters that the layer's weights are, in their order. Default: `weight`, `bias`. */
  readonly names?: readonly string[]
}

/** What a layer is converted from. */
interface Source {
  readonly layer: TfjsLayer
  readonly config: Readonly<Record<string, unknown>>
  readonly activation: ActivationName
  /** Of a weight, by its place. */
  readonly shape: (place: number) => readonly number[]
}

/**
 * @param asLogits whether a softmax at its end is left out
 * @returns undefined for a layer that does nothing
 * @throws UserError that names a layer, an activation or a setting that is not supported
 */
export function convertLayer(layer: TfjsLayer, asLogits: boolean): Converted | undefined {
  const kind = layer.getClassName()
  if (kind === 'InputLayer') return undefined
  const convert = converters.get(kind)
  const config = layer.getConfig()
  if (convert === undefined) throw refused(layer)
  const shape = (place: number) => layer.getWeights()[place]?.shape ?? []
  if ((config.dataFormat ?? config.data_format ?? 'channelsLast') !== 'channelsLast') {
    throw refused(layer, 'channels that do not come last')
  }
  return convert({ layer, config, activation: activationOf(layer, asLogits), shape })
}

const converters: ReadonlyMap<string, (source: Source) => Converted> = new Map<string, (source: Source) => Converted>([
  [
    'Dense',
    ({ config, activation, shape }) => {
      const [numInputs = 0, units = 0] = shape(0)
      return { module: dense(numInputs, units, { activation, ...biasOf(config) }) }
    },
  ],
  ['Activation', ({ activation: name }) => ({ module: activation(name) })],
  ['Dropout', ({ config }) => ({ module: dropout(Number(config.rate)) })],
  ['Flatten', () => applied(flatten)],
  [
    'Rescaling',
    ({ layer, config }) => {
      if (Number(config.offset) !== 0) throw refused(layer, 'an offset')
      return applied((x) => mul(cast(x, 'f32'), Number(config.scale)))
    },
  ],
  ['Conv1D', (source) => convolved(source, conv1d)],
  ['Conv2D', (source) => convolved(source, conv2d)],
  [
    'Conv2DTranspose',
    ({ config, activation, shape }) => {
      const [height = 0, width = 0, filters = 0, channels = 0] = shape(0)
      const options = { ...windowOf(config), activation, ...biasOf(config) }
      return { module: conv2dTranspose(channels, filters, [height, width], options) }
    },
  ],
  [
    'DepthwiseConv2D',
    ({ config, activation, shape }) => {
      const [height = 0, width = 0, channels = 0, multiplier = 0] = shape(0)
      const options = { ...windowOf(config), activation, multiplier, ...biasOf(config) }
      return { module: depthwiseConv2d(channels, [height, width], options) }
    },
  ],
  [
    'SeparableConv2D',
    ({ layer, config, activation, shape }) => {
      if (config.useBias === false) throw refused(layer, 'no bias')
      const [height = 0, width = 0, channels = 0, multiplier = 0] = shape(0)
      const filters = shape(1).at(-1) ?? 0
      const options = { ...windowOf(config), activation, multiplier }
      return {
        module: separableConv2d(channels, filters, [height, width], options),
        names: ['depthwise.weight', 'pointwise.weight', 'pointwise.bias'],
      }
    },
  ],
  ['MaxPooling1D', ({ config }) => pooled(config, (x, options) => maxPool1d(x, first(config.poolSize), options))],
  ['MaxPooling2D', ({ config }) => pooled(config, (x, options) => maxPool2d(x, pair(config.poolSize), options))],
  [
    'AveragePooling1D',
    ({ config }) => pooled(config, (x, options) => averagePool1d(x, first(config.poolSize), options)),
  ],
  [
    'AveragePooling2D',
    ({ config }) => pooled(config, (x, options) => averagePool2d(x, pair(config.poolSize), options)),
  ],
  ['GlobalAveragePooling1D', () => applied(globalAveragePool)],
  ['GlobalAveragePooling2D', () => applied(globalAveragePool)],
  ['GlobalMaxPooling1D', () => applied(globalMaxPool)],
  ['GlobalMaxPooling2D', () => applied(globalMaxPool)],
  [
    'BatchNormalization',
    (source) => {
      const { config } = source
      const options = { momentum: Number(config.momentum), epsilon: Number(config.epsilon) }
      return {
        module: batchNorm(widthOf(source, ['scale', 'center']), options),
        names: ['scale', 'shift', 'mean', 'variance'],
      }
    },
  ],
  [
    'LayerNormalization',
    (source) => ({
      module: layerNorm(widthOf(source, ['scale', 'center']), { epsilon: Number(source.config.epsilon) }),
      names: ['scale', 'shift'],
    }),
  ],
  [
    'Embedding',
    ({ shape }) => {
      const [rows = 0, width = 0] = shape(0)
      return { module: embedding(rows, width), names: ['weight'] }
    },
  ],
])

function applied(apply: (x: Tensor) => Tensor): Converted {
  return { module: module({}, () => apply) }
}

type Window = Readonly<{ strides: readonly number[]; padding: Padding }>

function pooled(config: Source['config'], pool: (x: Tensor, options: Window) => Tensor): Converted {
  const { strides, padding } = windowOf(config)
  return applied((x) => pool(x, { strides, padding }))
}

function convolved({ layer, config, activation, shape }: Source, layerOf: typeof conv1d | typeof conv2d): Converted {
  const [channels = 0, filters = 0] = shape(0).slice(-2)
  // tfjs has causal padding of one axis.
  if (config.padding === 'causal') throw refused(layer, 'causal padding')
  const options = { ...windowOf(config), activation, ...biasOf(config) }
  return { module: layerOf(channels, filters, shape(0).slice(0, -2), options) }
}

function windowOf({ strides, padding, dilationRate }: Source['config']) {
  const dilations = numbers(dilationRate)
  return {
    strides: numbers(strides),
    padding: padding === 'same' ? ('same' as const) : ('valid' as const),
    ...(dilations.length > 0 && { dilations }),
  }
}

function biasOf({ useBias }: Source['config']): { readonly bias?: false } {
  return useBias === false ? { bias: false } : {}
}

/** Features of a norm over the last axis that has all of its parameters. */
function widthOf({ layer, config, shape }: Source, parts: readonly string[]): number {
  const missing = parts.find((part) => config[part] === false)
  if (missing !== undefined) throw refused(layer, `${missing}: false`)
  const [width = 0, ...others] = shape(0)
  const axes = numbers(config.axis)
  if (others.length > 0 || axes.length !== 1) throw refused(layer, 'several axes')
  return width
}

function numbers(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value]
  return Array.isArray(value) ? value.map(Number) : []
}

function first(value: unknown): number {
  return numbers(value)[0] ?? 0
}

function pair(value: unknown): readonly [number, number] {
  const [height = 0, width = height] = numbers(value)
  return [height, width]
}

/** By the names of tfjs, whose `hardSigmoid` is another function than Gradpool's. */
const activations: ReadonlyMap<string, ActivationName> = new Map([
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
  const known = activations.get(name)
  if (known !== undefined) return known
  throw refused(layer, `the activation "${name}"`)
}

function refused(layer: TfjsLayer, what?: string): UserError {
  const has = what === undefined ? '' : ` has ${what}, and so`
  return new UserError(`the layer "${layer.name}" (${layer.getClassName()})${has} cannot be taken over from tfjs`)
}
