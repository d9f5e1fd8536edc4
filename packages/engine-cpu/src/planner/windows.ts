/** The geometry of convolutions and pooling, as words of a plan (`kernels/plan.h`). */
import type { Shape } from '@gradpool/core'
import {
  convolution,
  type Convolution,
  type Node,
  type NodeOf,
  poolAxes,
  sizeOf,
  type WindowAxis,
} from '@gradpool/core/engine'
import { CONV_ROWS } from '../instructions.js'
import type { Graph } from './graph.js'

type ConvolutionNode = NodeOf<'conv' | 'convTranspose' | 'convFilter'>

export function isConvolution(node: Node): node is ConvolutionNode {
  return node.op === 'conv' || node.op === 'convTranspose' || node.op === 'convFilter'
}

export function convolutionWords(graph: Graph, node: ConvolutionNode): number[] {
  const { examples, channels, filters, groups, axes } = convolutionOf(graph, node)
  return [examples, channels, filters, groups, ...axisWords(axes)]
}

/** @param input of the keys, and `output` of the windows: `[examples, ...spatial, channels]` */
export function poolWords(node: NodeOf<'maxPool' | 'maxPoolSpread'>, input: Shape, output: Shape): number[] {
  const [examples = 1, channels = 1] = [input[0], input.at(-1)]
  return [examples, channels, channels, 1, ...axisWords(poolAxes(node.attributes, input, output))]
}

/** Bytes of scratch memory, as plan.h says. */
export function convolutionScratch(graph: Graph, node: ConvolutionNode, hasMemory: boolean): number {
  const { examples, channels, groups, filters, axes } = convolutionOf(graph, node)
  const filter = axes.reduce((product, { taps }) => product * taps, (channels / groups) * filters)
  const keepsFilter = node.op === 'convTranspose' || (node.op === 'convFilter' && (node.attributes.segments ?? 1) > 1)
  const block = hasMemory ? 0 : Math.min(CONV_ROWS, examples) * (sizeOf(node.shape) / examples)
  return 4 * ((keepsFilter ? filter : 0) + block)
}

function convolutionOf(graph: Graph, node: ConvolutionNode): Convolution {
  const [first = [], second = []] = node.inputs.map((input) => graph.node(input).shape)
  const { attributes, shape } = node
  if (node.op === 'conv') return convolution(attributes, first, second, shape)
  if (node.op === 'convTranspose') return convolution(attributes, shape, second, first)
  return convolution(attributes, first, shape, second)
}

/** Unused axes come first, with one position, window and tap. */
function axisWords(axes: readonly WindowAxis[]): number[] {
  const unused = Array.from({ length: 3 - axes.length }, () => [1, 1, 1, 1, 1, 0])
  const used = axes.map(({ input, output, taps, stride, dilation, before }) => {
    return [input, output, taps, stride, dilation, before]
  })
  return [...unused, ...used].flat()
}
