/** The prediction of a trained model as a graph of TensorFlow, for any batch size. */
import { UserError, type Model } from '@gradpool/core'
import {
  invariant,
  prediction,
  sizeOf,
  withMarkedBatch,
  type DataSpec,
  type Program,
  type StateValues,
} from '@gradpool/core/engine'
import { valuesOf, type SavedModel } from '@gradpool/storage'
import { GraphBuilder, type Ref } from './graph/builder.js'
import type { Endpoint, NodeDefinition, Signature } from './graph/messages.js'
import { TYPE_OF } from './graph/types.js'
import { Values } from './lowering/values.js'

export interface TrainedModel {
  readonly model: Model
  /** Its parameters and buffers by name, as `execution.read()` returns them; other names are ignored. */
  readonly state: StateValues
  /** The fields of the data that it predicts from. */
  readonly fields: DataSpec['fields']
}

export interface PredictionGraph {
  readonly nodes: readonly NodeDefinition[]
  readonly signature: Signature
}

/** Of a Program that is made one of any number of them. */
const NUM_EXAMPLES = 13

export function predictionGraph(model: TrainedModel | SavedModel): PredictionGraph {
  const { program, marker, state } = predictionProgram(model)
  const builder = new GraphBuilder('graph')
  const inputs: Record<string, Endpoint> = {}
  const outputs: Record<string, Endpoint> = {}
  const values = new Values(program, builder, (node) => {
    const input = program.inputs.find((candidate) => candidate.node === node)
    invariant(input, `node ${node} is an input`)
    const { shape, dtype } = program.node(node)
    if (input.role === 'state') return builder.floats(stateOf(state, input.name, sizeOf(shape)), shape)
    if (input.role !== 'batch') return builder.constant(0, 'int32')
    const endpoint = builder.placeholder(`input_${identifier(input.name)}`, TYPE_OF[dtype], anyBatch(shape, marker))
    inputs[input.name] = endpoint
    return endpoint.tensor
  })
  for (const { name, node } of program.results) {
    const { shape } = program.node(node)
    const tensor = builder.add('Identity', 'float', [values.of(node)], { name: `output_${identifier(name)}` })
    outputs[name] = { tensor, type: 'float', shape: anyBatch(shape, marker) }
  }
  const [input] = Object.values(inputs)
  const nodes = input ? withAnyBatch(builder, input, marker) : builder.nodes
  return { nodes, signature: { inputs, outputs } }
}

/** The prediction for a batch of as many examples as a marker, a prime; dimensions that depend on it are a multiple. */
export function predictionProgram(model: TrainedModel | SavedModel): {
  readonly program: Program
  readonly marker: number
  readonly state: StateValues
} {
  if ('model' in model) {
    const data = { fields: model.fields, numExamples: NUM_EXAMPLES }
    const { program } = prediction(model.model, { batchSize: NUM_EXAMPLES, data })
    return { ...withMarkedBatch(program), state: model.state }
  }
  if (model.predict === undefined) {
    throw new UserError('this model was saved without a prediction, so there is nothing to export')
  }
  return { ...withMarkedBatch(model.predict.block), state: valuesOf(model.states) }
}

/** The values of a state. @throws UserError if they are missing or of another size */
export function stateOf(state: StateValues, name: string, size: number): Float32Array {
  const values = state[name]
  if (values === undefined) throw new UserError(`the model's state "${name}" is missing`)
  if (values.length !== size) {
    throw new UserError(`the state "${name}" has ${size} elements, ${values.length} were given`)
  }
  return values
}

function identifier(name: string): string {
  return name.replace(/\W/g, '_')
}

function anyBatch(shape: readonly number[], marker: number): number[] {
  return shape.map((extent) => (extent === marker ? -1 : extent))
}

/** The operand of an op that is a shape. */
const SHAPE_OPERAND: Readonly<Record<string, number>> = {
  BroadcastTo: 1,
  Conv2DBackpropInput: 0,
  Conv3DBackpropInputV2: 0,
  DepthwiseConv2dNativeBackpropInput: 0,
  Reshape: 1,
  StridedSliceGrad: 0,
}

/**
 * The nodes for any batch size: of lists that have a marker, a reshape and a slice are left to find one extent, and all
 * others are put together from the shape of an input.
 *
 * @throws UserError if another op depends on the batch size
 */
function withAnyBatch(builder: GraphBuilder, input: Endpoint, marker: number): NodeDefinition[] {
  const refuse = (op: string) => {
    throw new UserError(`the model cannot be exported for any number of examples: ${op} depends on how many there are`)
  }
  const isOfBatch = (extent: number) => extent > 0 && extent % marker === 0
  const lists = new Map<Ref, readonly number[]>()
  for (const { name, op, attributes } of builder.nodes) {
    const { value } = attributes
    if (op !== 'Const' || value === undefined || !('tensor' in value)) continue
    const { type, shape, content } = value.tensor
    if (shape.some(isOfBatch)) refuse('constant')
    const numbers = type === 'int32' ? [...new Int32Array(content.slice().buffer)] : []
    if (numbers.some(isOfBatch)) lists.set(`${name}:0`, numbers)
  }
  const open = (list: readonly number[]) =>
    builder.constant(
      list.map((extent) => (isOfBatch(extent) ? -1 : extent)),
      'int32',
    )
  const lengths = (list: readonly number[]): Ref => {
    const [zero, one] = [0, 1].map((at) => builder.constant([at], 'int32'))
    const whole = builder.add('Shape', input.type, [input.tensor])
    const examples = builder.add('Slice', 'int32', [whole, zero ?? '', one ?? ''])
    const parts = list.map((extent) => {
      if (!isOfBatch(extent)) return builder.constant([extent], 'int32')
      return builder.add('Mul', 'int32', [examples, builder.constant([extent / marker], 'int32')])
    })
    return builder.add('ConcatV2', 'int32', [...parts, builder.constant(0, 'int32')], {
      attributes: { N: { int: parts.length } },
    })
  }
  const given = [...builder.nodes]
  const nodes = given.flatMap((node) => {
    if (lists.has(`${node.name}:0`)) return []
    const inputs = node.inputs.map((ref, place) => {
      const list = lists.get(ref)
      if (list === undefined) return ref
      if (node.op === 'Slice' && place === 2) return open(list)
      if (SHAPE_OPERAND[node.op] !== place) return refuse(node.op)
      return node.op === 'Reshape' && list.filter(isOfBatch).length === 1 ? open(list) : lengths(list)
    })
    return [{ ...node, inputs }]
  })
  return [...nodes, ...builder.nodes.slice(given.length)]
}
