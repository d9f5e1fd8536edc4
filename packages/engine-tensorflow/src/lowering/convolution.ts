/**
 * Convolutions as TensorFlow's own ops, which its kernels for the CPU have for windows without dilation, in one group,
 * over two or three axes: one axis is two, of which the first has extent 1; a dilated filter has zeros between its
 * taps; groups are convolutions by themselves, side by side, except where each channel is a group.
 */
import { convolution, type Convolution, type NodeOf, type WindowAxis } from '@gradpool/core/engine'
import type { GraphBuilder, Ref } from '../graph/builder.js'
import type { TensorFlowOp } from '../graph/ops.js'
import { type Fitting, fitting } from './fitting.js'
import type { NodeValues } from './node-values.js'

export function lowerConv(node: NodeOf<'conv'>, values: NodeValues): Ref {
  const [x = -1, filter = -1] = node.inputs
  const { builder, program } = values
  const all = convolution(node.attributes, program.node(x).shape, program.node(filter).shape, node.shape)
  return new Lowering(builder, all).conv(values.of(x), values.of(filter))
}

export function lowerConvTranspose(node: NodeOf<'convTranspose'>, values: NodeValues): Ref {
  const [g = -1, filter = -1] = node.inputs
  const { builder, program } = values
  const all = convolution(node.attributes, node.shape, program.node(filter).shape, program.node(g).shape)
  return new Lowering(builder, all).convTranspose(values.of(g), values.of(filter))
}

export function lowerConvFilter(node: NodeOf<'convFilter'>, values: NodeValues): Ref {
  const [x = -1, g = -1] = node.inputs
  const { builder, program } = values
  const all = convolution(node.attributes, program.node(x).shape, node.shape, program.node(g).shape)
  return new Lowering(builder, all).convFilter(values.of(x), values.of(g))
}

const OPS_OF_RANK = {
  2: { conv: 'Conv2D', input: 'Conv2DBackpropInput', filter: 'Conv2DBackpropFilter' },
  3: { conv: 'Conv3D', input: 'Conv3DBackpropInputV2', filter: 'Conv3DBackpropFilterV2' },
} as const satisfies Readonly<Record<number, Readonly<Record<string, TensorFlowOp>>>>

const OPS_OF_CHANNELS = {
  conv: 'DepthwiseConv2dNative',
  input: 'DepthwiseConv2dNativeBackpropInput',
  filter: 'DepthwiseConv2dNativeBackpropFilter',
} as const satisfies Readonly<Record<string, TensorFlowOp>>

/** A single tap over an axis of one element. */
const NO_AXIS: WindowAxis = { input: 1, output: 1, taps: 1, stride: 1, dilation: 1, before: 0 }

/** The three ops of one convolution. */
class Lowering {
  readonly #builder: GraphBuilder
  readonly #whole: Convolution
  /** Two or three. */
  readonly #axes: readonly WindowAxis[]
  readonly #isDepthwise: boolean
  /** Of one of TensorFlow's ops, or of all groups together. */
  readonly #groups: number
  readonly #channels: number
  readonly #filters: number
  readonly #fitting: Fitting

  constructor(builder: GraphBuilder, whole: Convolution) {
    this.#builder = builder
    this.#whole = whole
    const { axes, groups, channels, filters } = whole
    // A stride over one element does nothing, so that it may be that of the other axis.
    const [only] = axes
    this.#axes = axes.length === 1 && only ? [{ ...NO_AXIS, stride: only.stride }, only] : axes
    const strides = new Set(this.#axes.map(({ stride }) => stride))
    this.#isDepthwise = groups > 1 && groups === channels && this.#axes.length === 2 && strides.size === 1
    this.#groups = this.#isDepthwise ? 1 : groups
    this.#channels = channels / this.#groups
    this.#filters = filters / this.#groups
    this.#fitting = fitting(builder, this.#axes)
  }

  conv(x: Ref, filter: Ref): Ref {
    const [xs, filters] = [this.#inputs(x), this.#dilatedFilters(filter)]
    const outputs = xs.map((each, group) => this.#op('conv', [this.#fitting.fit(each), filters[group] ?? each]))
    const { axes, examples, filters: count } = this.#whole
    return this.#shaped(this.#joined(outputs), [examples, ...axes.map(({ output }) => output), count])
  }

  convTranspose(g: Ref, filter: Ref): Ref {
    const [gs, filters] = [this.#outputs(g), this.#dilatedFilters(filter)]
    const size = this.#sizes([this.#whole.examples, ...this.#fitting.spatial, this.#channels])
    const inputs = gs.map((each, group) => this.#fitting.unfit(this.#op('input', [size, filters[group] ?? each, each])))
    const { axes, examples, channels } = this.#whole
    return this.#shaped(this.#joined(inputs), [examples, ...axes.map(({ input }) => input), channels])
  }

  convFilter(x: Ref, g: Ref): Ref {
    const [xs, gs] = [this.#inputs(x), this.#outputs(g)]
    const size = this.#sizes([...this.#widths(), ...this.#filterChannels()])
    const parts = xs.map((each, group) => {
      const dilated = this.#op('filter', [this.#fitting.fit(each), size, gs[group] ?? each])
      return this.#shaped(this.#undilated(dilated), [...this.#taps(), ...this.#plainChannels()])
    })
    return this.#shaped(this.#joined(parts), [
      ...this.#whole.axes.map(({ taps }) => taps),
      this.#whole.channels / this.#whole.groups,
      this.#whole.filters,
    ])
  }

  #op(kind: 'conv' | 'input' | 'filter', inputs: readonly Ref[]): Ref {
    const rank = this.#axes.length === 3 ? 3 : 2
    const op = this.#isDepthwise ? OPS_OF_CHANNELS[kind] : OPS_OF_RANK[rank][kind]
    const strides = { ints: [1, ...this.#axes.map(({ stride }) => stride), 1] }
    return this.#builder.add(op, 'float', inputs, { attributes: { strides } })
  }

  #inputs(x: Ref): Ref[] {
    const shape = [this.#whole.examples, ...this.#axes.map(({ input }) => input), this.#whole.channels]
    return this.#split(this.#shaped(x, shape), shape)
  }

  #outputs(g: Ref): Ref[] {
    const shape = [this.#whole.examples, ...this.#axes.map(({ output }) => output), this.#whole.filters]
    return this.#split(this.#shaped(g, shape), shape)
  }

  #taps(): number[] {
    return this.#axes.map(({ taps }) => taps)
  }

  /** The elements that the windows span. */
  #widths(): number[] {
    return this.#axes.map(({ taps, dilation }) => (taps - 1) * dilation + 1)
  }

  /** The last axes of the filter of one group: as core has it, and as TensorFlow's op does. */
  #plainChannels(): [number, number] {
    return [this.#isDepthwise ? 1 : this.#channels, this.#filters]
  }

  #filterChannels(): [number, number] {
    return this.#isDepthwise ? [this.#channels, this.#filters / this.#channels] : this.#plainChannels()
  }

  /** The filter of each group, with zeros between its taps. */
  #dilatedFilters(filter: Ref): Ref[] {
    const [channels] = this.#plainChannels()
    const shape = [...this.#taps(), channels, this.#whole.filters]
    return this.#split(this.#shaped(filter, shape), shape).map((each) => this.#dilated(each))
  }

  /** Zeros come behind each tap, as an axis of its own; those behind the last are left out. */
  #dilated(filter: Ref): Ref {
    const builder = this.#builder
    const extents = [...this.#taps(), ...this.#filterChannels()]
    return this.#axes.reduce(
      (sofar, { taps, dilation }, axis) => {
        if (taps === 1 || dilation === 1) return sofar
        const apart = extents.toSpliced(axis + 1, 0, 1)
        const around = apart.flatMap((_, at) => [0, at === axis + 1 ? dilation - 1 : 0])
        const pads = builder.constant(around, 'int32', [apart.length, 2])
        const padded = builder.add('Pad', 'float', [this.#shaped(sofar, apart), pads])
        extents[axis] = taps * dilation
        const whole = this.#shaped(padded, extents)
        extents[axis] = (taps - 1) * dilation + 1
        return builder.add('Slice', 'float', [whole, this.#sizes(extents.map(() => 0)), this.#sizes(extents)])
      },
      this.#shaped(filter, extents),
    )
  }

  #undilated(dilated: Ref): Ref {
    const { spread, offsets, strides } = this.#dilation()
    if (strides.every((stride) => stride === 1)) return dilated
    const lists = [offsets, spread, strides].map((list) => this.#sizes(list))
    return this.#builder.add('StridedSlice', 'float', [dilated, ...lists])
  }

  /** Where in the dilated filter the taps are: from, to and every which element. */
  #dilation() {
    return {
      offsets: [...this.#axes.map(() => 0), 0, 0],
      spread: [...this.#widths(), ...this.#filterChannels()],
      strides: [...this.#axes.map(({ dilation }) => dilation), 1, 1],
    }
  }

  #sizes(list: readonly number[]): Ref {
    return this.#builder.constant(list, 'int32')
  }

  #shaped(x: Ref, shape: readonly number[]): Ref {
    return this.#builder.add('Reshape', 'float', [x, this.#sizes(shape)])
  }

  /** The parts of the groups along the last axis. */
  #split(x: Ref, shape: readonly number[]): Ref[] {
    if (this.#groups === 1) return [x]
    const width = (shape.at(-1) ?? 0) / this.#groups
    return Array.from({ length: this.#groups }, (_, group) => {
      const begin = shape.map((_, axis) => (axis === shape.length - 1 ? group * width : 0))
      // All examples and positions, however many.
      const size = shape.map((_, axis) => (axis === shape.length - 1 ? width : -1))
      return this.#builder.add('Slice', 'float', [x, this.#sizes(begin), this.#sizes(size)])
    })
  }

  #joined(parts: readonly Ref[]): Ref {
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return only
    const attributes = { N: { int: parts.length } }
    return this.#builder.add('ConcatV2', 'float', [...parts, this.#builder.constant(-1, 'int32')], { attributes })
  }
}
