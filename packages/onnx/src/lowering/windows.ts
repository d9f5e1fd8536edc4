/**
 * Convolutions and pooling as ONNX has them: channels before the spatial axes, `[examples, channels, ...spatial]`, and
 * filters `[filters, channels, ...taps]`. Runtimes take the transposes between two convolutions out.
 */
import { convolution, poolAxes, type Node, type NodeOf, type WindowAxis } from '@gradpool/core/engine'
import type { Attributes, GraphBuilder, Ref } from '../graph/builder.js'
import type { NodeValues } from './node-values.js'

export function lowerConv(node: NodeOf<'conv'>, values: NodeValues): Ref {
  const { builder } = values
  const [x, filter] = operandsOf(node, values)
  const { axes, groups } = convolution(node.attributes, x.shape, filter.shape, node.shape)
  const rank = axes.length
  const inputs = [seen(builder, channelsFirst(builder, x.ref, rank), axes), filtersFirst(builder, filter.ref, rank)]
  return channelsLast(builder, builder.add('Conv', inputs, { ...windows(axes), group: groups }), rank)
}

export function lowerConvTranspose(node: NodeOf<'convTranspose'>, values: NodeValues): Ref {
  const { builder } = values
  const [g, filter] = operandsOf(node, values)
  const { axes, groups } = convolution(node.attributes, node.shape, filter.shape, g.shape)
  const rank = axes.length
  const inputs = [channelsFirst(builder, g.ref, rank), filtersFirst(builder, filter.ref, rank)]
  const spread = builder.add('ConvTranspose', inputs, { ...windows(axes), group: groups })
  return channelsLast(builder, unseen(builder, spread, axes), rank)
}

/** The gradient by the filter is a convolution, too: of channels as examples, with the gradient as its filter. */
export function lowerConvFilter(node: NodeOf<'convFilter'>, values: NodeValues): Ref {
  const { builder } = values
  const [x, g] = operandsOf(node, values)
  const { axes, groups, channels, filters } = convolution(node.attributes, x.shape, node.shape, g.shape)
  const rank = axes.length
  const examplesSecond = [rank + 1, 0, ...spatial(rank)]
  const input = seen(builder, builder.transpose(x.ref, examplesSecond), axes)
  const gradient = builder.transpose(g.ref, examplesSecond)
  const { strides, dilations, pads } = windows(axes)
  const attributes = { strides: dilations, dilations: strides, pads }
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = (of: Ref, size: number) => block(builder, of, 0, group * size, size)
    const [perGroup, filtersPerGroup] = [channels / groups, filters / groups]
    const inputs = groups === 1 ? [input, gradient] : [part(input, perGroup), part(gradient, filtersPerGroup)]
    return builder.transpose(builder.add('Conv', inputs, attributes), [...spatial(rank).map((axis) => axis + 1), 0, 1])
  })
  return parts.length === 1 ? (parts[0] ?? '') : builder.add('Concat', parts, { axis: rank + 1 })
}

export function lowerMaxPool(node: NodeOf<'maxPool'>, values: NodeValues): Ref {
  const { builder } = values
  const [keys, other] = operandsOf(node, values)
  const axes = poolAxes(node.attributes, keys.shape, node.shape)
  const rank = axes.length
  const { pooled, places } = pool(builder, keys.ref, axes)
  if (keys.ref === other.ref) return channelsLast(builder, pooled, rank)
  const flat = builder.constant([-1], 'int64')
  // Places are in what windows see.
  const looked = seen(builder, channelsFirst(builder, other.ref, rank), axes)
  const found = builder.add('Gather', [builder.add('Reshape', [looked, flat]), places], { axis: 0 })
  return channelsLast(builder, found, rank)
}

export function lowerMaxPoolSpread(node: NodeOf<'maxPoolSpread'>, values: NodeValues): Ref {
  const { builder } = values
  const [keys, g] = operandsOf(node, values)
  const axes = poolAxes(node.attributes, keys.shape, g.shape)
  const rank = axes.length
  const flat = builder.constant([-1], 'int64')
  const { places, looked } = pool(builder, keys.ref, axes)
  const shape = builder.add('Shape', [looked])
  const zeros = builder.add('Expand', [builder.constant(0, 'float'), shape])
  const [from, to, what] = [zeros, places, channelsFirst(builder, g.ref, rank)].map((ref) =>
    builder.add('Reshape', [ref, flat]),
  )
  const spread = builder.add('ScatterElements', [from ?? '', to ?? '', what ?? ''], { axis: 0, reduction: 'add' })
  return channelsLast(builder, unseen(builder, builder.add('Reshape', [spread, shape]), axes), rank)
}

/** The largest keys, and their places among all that windows see. */
function pool(builder: GraphBuilder, keys: Ref, axes: readonly WindowAxis[]) {
  const looked = seen(builder, channelsFirst(builder, keys, axes.length), axes)
  const { strides, pads } = windows(axes)
  const attributes = { strides, pads, kernel_shape: axes.map(({ taps }) => taps), storage_order: 0 }
  const [pooled = '', places = ''] = builder.outputsOf('MaxPool', 2, [looked], attributes)
  return { looked, pooled, places }
}

function operandsOf({ inputs }: Node, values: NodeValues) {
  const [first = -1, second = -1] = inputs
  const of = (index: number) => ({ ref: values.of(index), shape: values.program.node(index).shape })
  return [of(first), of(second)] as const
}

/** How far the windows reach behind the input; below 0 where they do not see all of it. */
function behind({ output, stride, taps, dilation, before, input }: WindowAxis): number {
  return (output - 1) * stride + (taps - 1) * dilation + 1 - before - input
}

function windows(axes: readonly WindowAxis[]) {
  return {
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ before }) => before), ...axes.map((axis) => Math.max(0, behind(axis)))],
  } satisfies Attributes
}

/** What the windows see of `[examples, channels, ...spatial]`. */
function seen(builder: GraphBuilder, x: Ref, axes: readonly WindowAxis[]): Ref {
  return axes.reduce((sofar, axis, at) => {
    const left = behind(axis)
    return left < 0 ? block(builder, sofar, at + 2, 0, axis.input + left) : sofar
  }, x)
}

/** Back to the extents of the input, with zeros where no window sees. */
function unseen(builder: GraphBuilder, x: Ref, axes: readonly WindowAxis[]): Ref {
  const after = axes.map((axis) => Math.max(0, -behind(axis)))
  if (after.every((count) => count === 0)) return x
  const pads = builder.constant([0, 0, ...after.map(() => 0), 0, 0, ...after], 'int64')
  return builder.add('Pad', [x, pads, builder.constant(0, 'float')], { mode: 'constant' })
}

/** So many from there on, along one axis. */
function block(builder: GraphBuilder, x: Ref, axis: number, start: number, count: number): Ref {
  return builder.add('Slice', [x, ...[start, start + count, axis].map((at) => builder.constant([at], 'int64'))])
}

/** The spatial axes of `[examples, ...spatial, channels]`. */
function spatial(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis + 1)
}

function channelsFirst(builder: GraphBuilder, x: Ref, rank: number): Ref {
  return builder.transpose(x, [0, rank + 1, ...spatial(rank)])
}

function channelsLast(builder: GraphBuilder, x: Ref, rank: number): Ref {
  return builder.transpose(x, [0, ...spatial(rank).map((axis) => axis + 1), 1])
}

/** From `[...taps, channels, filters]` to `[filters, channels, ...taps]`. */
function filtersFirst(builder: GraphBuilder, filter: Ref, rank: number): Ref {
  return builder.transpose(filter, [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)])
}
