/**
 * A trained model as a SavedModel for Python's TensorFlow and TF Serving: its prediction, for any
 * number of examples, with its weights as constants.
 */
import { UserError, type Model } from '@gradpool/core'
import { prediction, sizeOf, type DataSpec, type Program, type StateValues } from '@gradpool/core/engine'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GraphBuilder } from './graph/builder.js'
import { encodeSavedModel, type Endpoint, type NodeDefinition } from './graph/messages.js'
import { TYPE_OF } from './graph/types.js'
import { Values } from './lowering/values.js'

export interface TrainedModel {
  readonly model: Model
  /**
   * Its parameters and buffers by name, as `execution.read()` gives them; others are left alone.
   */
  readonly state: StateValues
  /** What the data look like that it predicts from. */
  readonly fields: DataSpec['fields']
}

/**
 * A batch size that nothing else in a model is a multiple of: where it shows, a shape depends on
 * the batch.
 */
const MARKER = 99_991

/**
 * Writes `dir/saved_model.pb`, with the signature `serving_default`: from the fields that the
 * model's `predict` reads, each `[batch, ...]`, to its predictions.
 *
 * @throws UserError for a model without `predict`, a state that is missing, or an op whose shape
 *   depends on the batch size
 */
export function exportSavedModel(model: TrainedModel, dir: string): void {
  const program = predictionProgram(model)
  const builder = new GraphBuilder('graph')
  const inputs: Record<string, Endpoint> = {}
  const outputs: Record<string, Endpoint> = {}
  const values = new Values(program, builder, (node) => {
    const { ref, endpoint } = inputOf(program, node, builder, model.state)
    if (endpoint) inputs[endpoint.name] = endpoint.endpoint
    return ref
  })
  for (const { name, node } of program.results) {
    const { shape } = program.node(node)
    const tensor = builder.add('Identity', 'float', [values.of(node)], {
      name: `output_${name.replace(/\W/g, '_')}`,
    })
    outputs[name] = { tensor, type: 'float', shape: anyBatch(shape) }
  }
  const nodes = builder.nodes.map((node) => withAnyBatch(node, builder.nodes))
  mkdirSync(dir, { recursive: true })
  const signatures = { serving_default: { inputs, outputs } }
  writeFileSync(join(dir, 'saved_model.pb'), encodeSavedModel({ nodes, functions: [], signatures }))
}

/** Of a batch of `MARKER` examples. */
export function predictionProgram({ model, fields }: TrainedModel): Program {
  return prediction(model, { batchSize: MARKER, data: { fields, numExamples: MARKER } }).program
}

/** The values of a state. @throws UserError where there are none, or of another size */
export function stateOf(state: StateValues, name: string, size: number): Float32Array {
  const values = state[name]
  if (values === undefined) throw new UserError(`the model's state "${name}" is missing`)
  if (values.length !== size) {
    throw new UserError(`the state "${name}" has ${size} elements, ${values.length} were given`)
  }
  return values
}

function inputOf(program: Program, node: number, builder: GraphBuilder, state: StateValues) {
  const input = program.inputs.find((candidate) => candidate.node === node)
  if (!input) throw new Error(`node ${node} is no input`)
  const { shape, dtype } = program.node(node)
  if (input.role !== 'batch' && input.role !== 'state') {
    return { ref: builder.constant(0, 'int32') }
  }
  if (input.role === 'state') {
    return { ref: builder.floats(stateOf(state, input.name, sizeOf(shape)), shape) }
  }
  const name = `input_${input.name.replace(/\W/g, '_')}`
  const endpoint = builder.placeholder(name, TYPE_OF[dtype], anyBatch(shape))
  return { ref: endpoint.tensor, endpoint: { name: input.name, endpoint } }
}

function anyBatch(shape: readonly number[]): number[] {
  return shape.map((extent) => (extent === MARKER ? -1 : extent))
}

/**
 * Lets a reshape keep whatever batch there is. @throws UserError where another op knows the batch
 * size
 */
function withAnyBatch(node: NodeDefinition, all: readonly NodeDefinition[]): NodeDefinition {
  const tensor = node.attributes.value
  if (node.op !== 'Const' || tensor === undefined || !('tensor' in tensor)) return node
  const { type, shape, content } = tensor.tensor
  const numbers = type === 'int32' ? [...new Int32Array(content.slice().buffer)] : []
  const knowsBatch = [...numbers, ...shape].some((n) => n !== 0 && n % MARKER === 0)
  if (!knowsBatch) return node
  const readers = all.filter(({ inputs }) => inputs.includes(`${node.name}:0`))
  const other = readers.find(({ op }) => op !== 'Reshape')
  if (other || shape.some((n) => n % MARKER === 0 && n !== 0) || numbers.filter((n) => n === MARKER).length !== 1) {
    throw new UserError(
      `the model cannot be exported for any number of examples: ${other?.op ?? node.op} depends on how many there are`,
    )
  }
  const free = Int32Array.from(numbers, (n) => (n === MARKER ? -1 : n))
  const value = { tensor: { type, shape, content: new Uint8Array(free.buffer) } }
  return { ...node, attributes: { ...node.attributes, value } }
}
