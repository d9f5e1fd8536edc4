/**
 * Encodes a SavedModel as protocol buffers, with the message classes that tfjs-node generated from TensorFlow's own
 * definitions.
 */
import type { Shape } from '@gradpool/core'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { tfjsNode } from '../setup/binding.js'
import { TYPE_NUMBERS, type TensorFlowType } from './types.js'

/** The value of an attribute of a node. */
export type Attribute =
  | { readonly type: TensorFlowType }
  | { readonly types: readonly TensorFlowType[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly shape: Shape }
  | { readonly shapes: readonly Shape[] }
  | { readonly function: string }
  | { readonly tensor: TensorValue }

export type Attributes = Readonly<Record<string, Attribute>>

export interface TensorValue {
  readonly type: TensorFlowType
  readonly shape: Shape
  /** Little-endian elements, row-major. */
  readonly content: Uint8Array
}

export interface NodeDefinition {
  readonly name: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: Attributes
}

export interface Argument {
  readonly name: string
  readonly type: TensorFlowType
}

export interface FunctionDefinition {
  readonly name: string
  readonly inputs: readonly Argument[]
  readonly outputs: readonly (Argument & { readonly value: string })[]
  readonly nodes: readonly NodeDefinition[]
}

/** A tensor of the graph that a signature names. */
export interface Endpoint {
  /** `node:0`. */
  readonly tensor: string
  readonly type: TensorFlowType
  /** -1 for an unknown dimension. */
  readonly shape: Shape
}

export interface Signature {
  readonly inputs: Readonly<Record<string, Endpoint>>
  readonly outputs: Readonly<Record<string, Endpoint>>
}

export interface SavedModelDefinition {
  readonly nodes: readonly NodeDefinition[]
  readonly functions: readonly FunctionDefinition[]
  readonly signatures: Readonly<Record<string, Signature>>
}

/** A generated message class: for each field a setter, for each map field a getter. */
interface Message {
  serializeBinary(): Uint8Array
  readonly [setter: `set${string}`]: (value: unknown) => void
  readonly [getter: `get${string}Map`]: () => { set(key: string, value: unknown): void }
}

/** A class, and those nested in it. */
type MessageClass = (new () => Message) & { readonly [name: string]: MessageClass | undefined }

/** Values of a message by field; a Map fills a map field. */
type Fields = Readonly<Record<string, unknown>>

/** The GraphDef version of TensorFlow 2.9, which tfjs-node 4.22 was made for. */
export const GRAPH_VERSION = 1087

type Messages = Readonly<Record<string, MessageClass | undefined>>

let loaded: Messages | undefined

/** Loaded when first asked for, as tfjs-node is optional. @throws UserError where it is not installed */
function messages(): Messages {
  return (loaded ??= createRequire(import.meta.url)(join(tfjsNode().folder, 'dist', 'proto', 'api_pb.js')) as Messages)
}

/** The bytes of `saved_model.pb`. */
export function encodeSavedModel({ nodes, functions, signatures }: SavedModelDefinition): Uint8Array {
  const graph = make('GraphDef', {
    NodeList: nodes.map(nodeMessage),
    Versions: make('VersionDef', { Producer: GRAPH_VERSION, MinConsumer: 12 }),
    Library: make('FunctionDefLibrary', { FunctionList: functions.map(functionMessage) }),
  })
  const metaGraph = make('MetaGraphDef', {
    MetaInfoDef: make('MetaGraphDef.MetaInfoDef', { TagsList: ['serve'], TensorflowVersion: '2.9.0' }),
    GraphDef: graph,
    SignatureDef: mapValues(signatures, signatureMessage),
  })
  return make('SavedModel', { SavedModelSchemaVersion: 1, MetaGraphsList: [metaGraph] }).serializeBinary()
}

function functionMessage({ name, inputs, outputs, nodes }: FunctionDefinition): Message {
  const argument = ({ name, type }: Argument) => make('OpDef.ArgDef', { Name: name, Type: TYPE_NUMBERS[type] })
  const signature = make('OpDef', {
    Name: name,
    InputArgList: inputs.map(argument),
    OutputArgList: outputs.map(argument),
    IsStateful: true,
  })
  const returned = new Map(outputs.map(({ name, value }) => [name, value]))
  return make('FunctionDef', { Signature: signature, NodeDefList: nodes.map(nodeMessage), Ret: returned })
}

function nodeMessage({ name, op, inputs, attributes }: NodeDefinition): Message {
  const values = mapValues(attributes, (attribute) => make('AttrValue', attributeFields(attribute)))
  return make('NodeDef', { Name: name, Op: op, InputList: [...inputs], Attr: values })
}

function attributeFields(attribute: Attribute): Fields {
  const list = (fields: Fields) => ({ List: make('AttrValue.ListValue', fields) })
  if ('type' in attribute) return { Type: TYPE_NUMBERS[attribute.type] }
  if ('types' in attribute) return list({ TypeList: attribute.types.map((type) => TYPE_NUMBERS[type]) })
  if ('int' in attribute) return { I: attribute.int }
  if ('ints' in attribute) return list({ IList: attribute.ints })
  if ('bool' in attribute) return { B: attribute.bool }
  if ('text' in attribute) return { S: new TextEncoder().encode(attribute.text) }
  if ('shape' in attribute) return { Shape: shapeMessage(attribute.shape) }
  if ('shapes' in attribute) return list({ ShapeList: attribute.shapes.map(shapeMessage) })
  if ('function' in attribute) return { Func: make('NameAttrList', { Name: attribute.function }) }
  const { content, ...tensor } = attribute.tensor
  return { Tensor: make('Tensor', { ...typeAndShape(tensor), TensorContent: content }) }
}

function signatureMessage({ inputs, outputs }: Signature): Message {
  const information = (endpoint: Endpoint) => make('TensorInfo', { Name: endpoint.tensor, ...typeAndShape(endpoint) })
  return make('SignatureDef', {
    MethodName: 'tensorflow/serving/predict',
    Inputs: mapValues(inputs, information),
    Outputs: mapValues(outputs, information),
  })
}

function typeAndShape({ type, shape }: Pick<Endpoint, 'type' | 'shape'>): Fields {
  return { Dtype: TYPE_NUMBERS[type], TensorShape: shapeMessage(shape) }
}

function shapeMessage(shape: Shape): Message {
  return make('TensorShape', { DimList: shape.map((Size) => make('TensorShape.Dim', { Size })) })
}

function mapValues<Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => Message) {
  return new Map(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

/** @param name such as `OpDef`, or `OpDef.ArgDef` for a class nested in another */
function make(name: string, fields: Fields): Message {
  const [outer = '', inner] = name.split('.')
  const found = inner === undefined ? messages()[outer] : messages()[outer]?.[inner]
  if (found === undefined) throw new Error(`tfjs-node has no message ${name}`)
  const message = new found()
  for (const [field, value] of Object.entries(fields)) {
    if (value instanceof Map) for (const [key, each] of value) message[`get${field}Map`]?.().set(String(key), each)
    else message[`set${field}`]?.(value)
  }
  return message
}
