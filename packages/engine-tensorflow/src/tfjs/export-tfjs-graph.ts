/**
 * Exports the prediction of a trained model as a graph model of tfjs: `model.json` and `weights.bin`, for
 * `tf.loadGraphModel`. It is the graph of a SavedModel, written as JSON, with the constants in a file of their own.
 */
import { UserError, type Shape } from '@gradpool/core'
import { makeDirectories, writeAllDurably, type SavedModel } from '@gradpool/storage'
import {
  GRAPH_VERSION,
  type Attribute,
  type Endpoint,
  type NodeDefinition,
  type TensorValue,
} from '../graph/messages.js'
import type { TensorFlowType } from '../graph/types.js'
import { predictionGraph, type TrainedModel } from '../prediction-graph.js'

/** Those of the ops of graph/ops.ts that a prediction may have, and tfjs 4.22 has not. */
export const NOT_IN_TFJS: ReadonlySet<string> = new Set([
  'Bitcast',
  'CheckNumerics',
  'Conv2DBackpropFilter',
  'Conv3DBackpropFilterV2',
  'Conv3DBackpropInputV2',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'RightShift',
  'StatelessRandomUniformFullIntV2',
  'StridedSliceGrad',
  'UnsortedSegmentSum',
])

/**
 * @param model a saved one, as `decodeSavedModel` reads it, or a definition and its states
 * @throws UserError as `exportSavedModel`, and for an op that tfjs does not have
 */
export async function exportTfjsGraph(model: TrainedModel | SavedModel, dir: string): Promise<void> {
  const { nodes, signature } = predictionGraph(model)
  const unknown = nodes.find(({ op }) => NOT_IN_TFJS.has(op))
  if (unknown) throw new UserError(`the model cannot be exported for tfjs, which has no "${unknown.op}"`)
  const constants = nodes.flatMap(({ name, attributes: { value } }) =>
    value !== undefined && 'tensor' in value ? [{ name, ...stored(value.tensor) }] : [],
  )
  const document = {
    format: 'graph-model',
    generatedBy: 'Gradpool',
    convertedBy: null,
    signature: { inputs: endpoints(signature.inputs), outputs: endpoints(signature.outputs) },
    modelTopology: {
      node: nodes.map(nodeOf),
      library: {},
      versions: { producer: GRAPH_VERSION, minConsumer: 12 },
    },
    weightsManifest: [
      { paths: ['weights.bin'], weights: constants.map(({ name, shape, dtype }) => ({ name, shape, dtype })) },
    ],
  }
  await makeDirectories(dir)
  await writeAllDurably(dir, {
    'weights.bin': Buffer.concat(constants.map(({ bytes }) => bytes)),
    'model.json': `${JSON.stringify(document)}\n`,
  })
}

/** tfjs has floats, int32 and booleans alone. */
function stored({ type, shape, content }: TensorValue) {
  const numbers = content.slice().buffer
  const bytesOf = ({ buffer }: Float32Array | Int32Array) => new Uint8Array(buffer)
  switch (type) {
    case 'double':
      return { shape, dtype: 'float32', bytes: bytesOf(Float32Array.from(new Float64Array(numbers))) }
    case 'uint8':
      return { shape, dtype: 'int32', bytes: bytesOf(Int32Array.from(content)) }
    default:
      return { shape, dtype: type === 'float' ? 'float32' : 'int32', bytes: content }
  }
}

function nodeOf({ name, op, inputs, attributes }: NodeDefinition) {
  const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)]))
  return { name, op, input: inputs.map((input) => input.replace(/:0$/, '')), attr }
}

/** As protocol buffers have it in JSON. */
function attributeOf(attribute: Attribute): object {
  if ('type' in attribute) return { type: typeName(attribute.type) }
  if ('int' in attribute) return { i: String(attribute.int) }
  if ('ints' in attribute) return { list: { i: attribute.ints.map(String) } }
  if ('bool' in attribute) return { b: attribute.bool }
  if ('text' in attribute) return { s: Buffer.from(attribute.text).toString('base64') }
  if ('shape' in attribute) return { shape: shapeOf(attribute.shape) }
  if ('tensor' in attribute) {
    const { type, shape } = attribute.tensor
    return { tensor: { dtype: typeName(type), tensorShape: shapeOf(shape) } }
  }
  throw new UserError(`the model cannot be exported for tfjs: it has an attribute of ${Object.keys(attribute).join()}`)
}

function endpoints(of: Readonly<Record<string, Endpoint>>): object {
  return Object.fromEntries(
    Object.entries(of).map(([name, { tensor, type, shape }]) => [
      name,
      { name: tensor, dtype: typeName(type), tensorShape: shapeOf(shape) },
    ]),
  )
}

function shapeOf(shape: Shape): object {
  return { dim: shape.map((extent) => ({ size: String(extent) })) }
}

function typeName(type: TensorFlowType): string {
  return `DT_${type.toUpperCase()}`
}
