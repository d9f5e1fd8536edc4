/** Finds the layers of a prediction that is a chain of dense layers. */
import { UserError } from '@gradpool/core'
import { fillValue, sizeOf, type Node, type NodeOf, type Program } from '@gradpool/core/engine'

const ACTIVATIONS = ['relu', 'sigmoid', 'softmax', 'tanh'] as const

/** Layers as tfjs and Keras name them. */
export type ChainLayer =
  | { readonly kind: 'flatten' }
  | { readonly kind: 'rescaling'; readonly scale: number }
  | DenseLayer
  | { readonly kind: 'activation'; readonly activation: (typeof ACTIVATIONS)[number] }

interface DenseLayer {
  readonly kind: 'dense'
  /** Names of states. */
  readonly weight: string
  readonly bias?: string
  readonly units: number
  readonly numInputs: number
}

export interface DenseChain {
  /** Without the batch. */
  readonly inputShape: readonly number[]
  readonly layers: readonly ChainLayer[]
}

/** @throws UserError that names an op that belongs to no supported layer */
export function denseChain(program: Program, output: string): DenseChain {
  let node = program.result(output)
  if (!node) {
    const known = program.results.map(({ name }) => name).join(', ')
    throw new UserError(`the model predicts no "${output}"; it predicts ${known}`)
  }
  const layers: ChainLayer[] = []
  while (node.op !== 'input') {
    const found = layerAt(program, node)
    if (found.layer) layers.unshift(found.layer)
    node = found.input
  }
  return { inputShape: node.shape.slice(1), layers }
}

/** The layer that ends in a node, if it has one, and the layer's input. */
function layerAt(program: Program, node: Node): { layer?: ChainLayer; input: Node } {
  const operands = node.inputs.map((index) => sourceOf(program, index))
  const [input = node] = operands
  const activation = ACTIVATIONS.find((name) => name === node.op)
  if (activation) return { layer: { kind: 'activation', activation }, input }
  if (node.op === 'cast') return { input }
  if (node.op === 'matmul') return denseAt(program, node)
  if (node.op === 'reshape' && node.shape.length === 2 && input.shape[0] === node.shape[0]) {
    return { layer: { kind: 'flatten' }, input }
  }
  if (node.op === 'mul') {
    const [scale] = operands.flatMap((each) => fillValue(each) ?? [])
    const scaled = operands.find(({ op }) => op !== 'constant')
    if (scaled && scale !== undefined) return { layer: { kind: 'rescaling', scale }, input: scaled }
  }
  if (node.op === 'add') {
    const product = operands.find((each) => each.op === 'matmul')
    const bias = operands.find(({ op }) => op === 'input')
    const name = bias && stateName(program, bias)
    if (product && name !== undefined) return denseAt(program, product, name)
  }
  throw new UserError(`the model is no chain of dense layers: it has the op "${node.op}"`)
}

function denseAt(program: Program, product: NodeOf<'matmul'>, bias?: string) {
  const [x = -1, w = -1] = product.inputs
  const weight = stateName(program, program.node(w))
  const { transposeA = false, transposeB = false } = product.attributes
  if (weight === undefined || transposeA || transposeB) {
    throw new UserError('the model is no chain of dense layers: it multiplies by no parameter')
  }
  const [numInputs = 0, units = 0] = program.node(w).shape
  const layer: ChainLayer = { kind: 'dense', weight, units, numInputs, ...(bias !== undefined && { bias }) }
  return { layer, input: program.node(x) }
}

function stateName(program: Program, node: Node): string | undefined {
  const state = program.states.find((candidate) => program.node(candidate.node) === node)
  return state && sizeOf(node.shape) > 0 ? state.name : undefined
}

function sourceOf(program: Program, index: number): Node {
  const node = program.node(index)
  const [only] = node.inputs
  return node.op === 'broadcast' && only !== undefined ? sourceOf(program, only) : node
}
