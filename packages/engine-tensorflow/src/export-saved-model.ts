/**
 * Exports the prediction of a trained model, for any batch size, as a SavedModel for TensorFlow in Python and
 * TensorFlow Serving. Weights are constants of the graph.
 */
import { ShapeError, UserError, type Model } from '@gradpool/core'
import { invariant, prediction, sizeOf, type DataSpec, type Program, type StateValues } from '@gradpool/core/engine'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GraphBuilder } from './graph/builder.js'
import { encodeSavedModel, type Endpoint, type NodeDefinition } from './graph/messages.js'
import { TYPE_OF } from './graph/types.js'
import { Values } from './lowering/values.js'

export interface TrainedModel {
  readonly model: Model
  /** Its parameters and buffers by name, as `execution.read()` returns them; other names are ignored. */
  readonly state: StateValues
  /** The fields of the data that it predicts from. */
  readonly fields: DataSpec['fields']
}

/**
 * Large primes as the batch size: a dimension that is a multiple of it depends on the batch. The second is for models
 * whose values would have too many elements with the first, as those of convolutions.
 */
const MARKERS = [99_991, 1_009] as const

/**
 * Writes `dir/saved_model.pb`, with the signature `serving_default`. Its inputs are the fields that the model's
 * `predict` reads, each `[batch, ...]`; its outputs are the predictions.
 *
 * @throws UserError for a model without `predict`, a missing state, or an op whose shape depends on the batch size
 */
export function exportSavedModel(model: TrainedModel, dir: string): void {
  const { program, marker } = predictionProgram(model)
  const builder = new GraphBuilder('graph')
  const inputs: Record<string, Endpoint> = {}
  const outputs: Record<string, Endpoint> = {}
  const values = new Values(program, builder, (node) => {
    const input = program.inputs.find((candidate) => candidate.node === node)
    invariant(input, `node ${node} is an input`)
    const { shape, dtype } = program.node(node)
    if (input.role === 'state') return builder.floats(stateOf(model.state, input.name, sizeOf(shape)), shape)
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
  const nodes = builder.nodes.map((node) => withAnyBatch(node, builder.nodes, marker))
  mkdirSync(dir, { recursive: true })
  const signatures = { serving_default: { inputs, outputs } }
  writeFileSync(join(dir, 'saved_model.pb'), encodeSavedModel({ nodes, functions: [], signatures }))
}

/** The prediction for a batch of as many examples as a marker. */
export function predictionProgram({ model, fields }: TrainedModel): { program: Program; marker: number } {
  const [large, small] = MARKERS
  const made = (marker: number) => {
    const { program } = prediction(model, { batchSize: marker, data: { fields, numExamples: marker } })
    return { program, marker }
  }
  try {
    return made(large)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    return made(small)
  }
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

/** Makes a reshape keep any batch size. @throws UserError if another op depends on the batch size */
function withAnyBatch(node: NodeDefinition, all: readonly NodeDefinition[], marker: number): NodeDefinition {
  const tensor = node.attributes.value
  if (node.op !== 'Const' || tensor === undefined || !('tensor' in tensor)) return node
  const { type, shape, content } = tensor.tensor
  const numbers = type === 'int32' ? [...new Int32Array(content.slice().buffer)] : []
  const knowsBatch = [...numbers, ...shape].some((n) => n !== 0 && n % marker === 0)
  if (!knowsBatch) return node
  const readers = all.filter(({ inputs }) => inputs.includes(`${node.name}:0`))
  const other = readers.find(({ op }) => op !== 'Reshape')
  if (other || shape.some((n) => n % marker === 0 && n !== 0) || numbers.filter((n) => n === marker).length !== 1) {
    throw new UserError(
      `the model cannot be exported for any number of examples: ${other?.op ?? node.op} depends on how many there are`,
    )
  }
  const free = Int32Array.from(numbers, (n) => (n === marker ? -1 : n))
  const value = { tensor: { type, shape, content: new Uint8Array(free.buffer) } }
  return { ...node, attributes: { ...node.attributes, value } }
}
