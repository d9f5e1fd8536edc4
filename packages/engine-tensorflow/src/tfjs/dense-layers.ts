/** Finds the layers in a prediction that is a chain of dense ones. */
import { UserError } from '@gradpool/core'
import { fillValue, sizeOf, type Node, type NodeOf, type Program } from '@gradpool/core/engine'

const ACTIVATIONS = ['relu', 'sigmoid', 'softmax', 'tanh'] as const

/** Layers as tfjs and Keras name them. Of a dense one: the names of its states. */
export type ChainLayer =
  | { readonly kind: 'flatten' }
  | { readonly kind: 'rescaling'; readonly scale: number }
  | {
      readonly kind: 'dense'
      readonly weight: string
      readonly bias?: string
      readonly units: number
      readonly numInputs: number
    }
  | { readonly kind: 'activation'; readonly activation: (typeof ACTIVATIONS)[number] }

export interface DenseChain {
  /** Of one example. */
  readonly inputShape: readonly number[]
  readonly layers: readonly ChainLayer[]
}

/** @throws UserError that names the op which no supported layer has */
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

function layerAt(program: Program, node: Node): { layer?: ChainLayer; input: Node } {
  const operand = (position: number): Node => sourceOf(program, node.inputs[position] ?? -1)
  const activation = ACTIVATIONS.find((name) => name === node.op)
  if (activation) return { layer: { kind: 'activation', activation }, input: operand(0) }
  switch (node.op) {
    case 'cast':
      return { input: operand(0) }
    case 'reshape':
      if (node.shape.length === 2 && operand(0).shape[0] === node.shape[0]) {
        return { layer: { kind: 'flatten' }, input: operand(0) }
      }
      break
    case 'mul': {
      const [scale] = [operand(0), operand(1)].flatMap((each) => fillValue(each) ?? [])
      const input = [operand(0), operand(1)].find(({ op }) => op !== 'constant')
      if (input && scale !== undefined) return { layer: { kind: 'rescaling', scale }, input }
      break
    }
    case 'add': {
      const product = [operand(0), operand(1)].find((each) => each.op === 'matmul')
      const bias = [operand(0), operand(1)].find(({ op }) => op === 'input')
      const name = bias && stateName(program, bias)
      if (product && name !== undefined) return denseAt(program, product, name)
      break
    }
    case 'matmul':
      return denseAt(program, node)
    default:
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
  const layer: ChainLayer = {
    kind: 'dense',
    weight,
    units,
    numInputs,
    ...(bias !== undefined && { bias }),
  }
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
