/**
 * Protocol buffers of TensorFlow from plain objects: the messages of a SavedModel, in the classes
 * that tfjs-node generated from TensorFlow's own definitions and carries.
 */
import type { Shape } from '@gradpool/core'
import { createRequire } from 'node:module'
import { TYPE_NUMBERS, type TensorFlowType } from './types.js'

/** The value of an attribute of a node. */
export type Attribute =
  | { readonly type: TensorFlowType }
  | { readonly types: readonly TensorFlowType[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly shape: Shape }
  | { readonly shapes: readonly Shape[] }
  | { readonly function: string }
  | { readonly tensor: TensorValue }

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
  readonly attributes: Readonly<Record<string, Attribute>>
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
  /** -1 for an extent that is not fixed. */
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

/** A generated message class, of which only what is used here is described. */
interface Message {
  serializeBinary(): Uint8Array
  readonly [setter: `set${string}`]: (value: unknown) => void
  readonly [getter: `get${string}Map`]: () => MessageMap
}

interface MessageMap {
  set(key: string, value: unknown): void
}

type Classes = Readonly<Record<string, new () => Message>>

/** How old a reader may be: TensorFlow 2.9, which tfjs-node 4.22 was made for. */
const GRAPH_VERSION = 1087

const messages = createRequire(import.meta.url)(
  '@tensorflow/tfjs-node/dist/proto/api_pb.js',
) as Classes

/** The bytes of `saved_model.pb`. */
export function encodeSavedModel({
  nodes,
  functions,
  signatures,
}: SavedModelDefinition): Uint8Array {
  const library = make('FunctionDefLibrary', { FunctionList: functions.map(functionMessage) })
  const versions = make('VersionDef', { Producer: GRAPH_VERSION, MinConsumer: 12 })
  const graph = make('GraphDef', {
    NodeList: nodes.map(nodeMessage),
    Versions: versions,
    Library: library,
  })
  const information = new (classOf('MetaGraphDef', 'MetaInfoDef'))()
  set(information, { TagsList: ['serve'], TensorflowVersion: '2.9.0' })
  const metaGraph = make('MetaGraphDef', { MetaInfoDef: information, GraphDef: graph })
  const map = mapOf(metaGraph, 'SignatureDef')
  for (const [name, signature] of Object.entries(signatures)) {
    map.set(name, signatureMessage(signature))
  }
  return make('SavedModel', {
    SavedModelSchemaVersion: 1,
    MetaGraphsList: [metaGraph],
  }).serializeBinary()
}

function functionMessage({ name, inputs, outputs, nodes }: FunctionDefinition): Message {
  const argument = ({ name, type }: Argument) => {
    const message = new (classOf('OpDef', 'ArgDef'))()
    set(message, { Name: name, Type: TYPE_NUMBERS[type] })
    return message
  }
  const signature = make('OpDef', {
    Name: name,
    InputArgList: inputs.map(argument),
    OutputArgList: outputs.map(argument),
    IsStateful: true,
  })
  const message = make('FunctionDef', { Signature: signature, NodeDefList: nodes.map(nodeMessage) })
  const results = mapOf(message, 'Ret')
  for (const { name, value } of outputs) results.set(name, value)
  return message
}

function nodeMessage({ name, op, inputs, attributes }: NodeDefinition): Message {
  const message = make('NodeDef', { Name: name, Op: op, InputList: [...inputs] })
  const map = mapOf(message, 'Attr')
  for (const [key, attribute] of Object.entries(attributes)) {
    map.set(key, attributeMessage(attribute))
  }
  return message
}

function attributeMessage(attribute: Attribute): Message {
  const list = (fields: Record<string, unknown>) => {
    const message = new (classOf('AttrValue', 'ListValue'))()
    set(message, fields)
    return { List: message }
  }
  if ('type' in attribute) return make('AttrValue', { Type: TYPE_NUMBERS[attribute.type] })
  if ('types' in attribute) {
    return make('AttrValue', list({ TypeList: attribute.types.map((type) => TYPE_NUMBERS[type]) }))
  }
  if ('int' in attribute) return make('AttrValue', { I: attribute.int })
  if ('ints' in attribute) return make('AttrValue', list({ IList: [...attribute.ints] }))
  if ('float' in attribute) return make('AttrValue', { F: attribute.float })
  if ('bool' in attribute) return make('AttrValue', { B: attribute.bool })
  if ('text' in attribute) {
    return make('AttrValue', { S: new TextEncoder().encode(attribute.text) })
  }
  if ('shape' in attribute) return make('AttrValue', { Shape: shapeMessage(attribute.shape) })
  if ('shapes' in attribute) {
    return make('AttrValue', list({ ShapeList: attribute.shapes.map(shapeMessage) }))
  }
  if ('function' in attribute) {
    return make('AttrValue', { Func: make('NameAttrList', { Name: attribute.function }) })
  }
  const { type, shape, content } = attribute.tensor
  const tensor = make('Tensor', {
    Dtype: TYPE_NUMBERS[type],
    TensorShape: shapeMessage(shape),
    TensorContent: content,
  })
  return make('AttrValue', { Tensor: tensor })
}

function signatureMessage({ inputs, outputs }: Signature): Message {
  const message = make('SignatureDef', { MethodName: 'tensorflow/serving/predict' })
  const fill = (map: MessageMap, endpoints: Signature['inputs']) => {
    for (const [name, { tensor, type, shape }] of Object.entries(endpoints)) {
      map.set(
        name,
        make('TensorInfo', {
          Name: tensor,
          Dtype: TYPE_NUMBERS[type],
          TensorShape: shapeMessage(shape),
        }),
      )
    }
  }
  fill(mapOf(message, 'Inputs'), inputs)
  fill(mapOf(message, 'Outputs'), outputs)
  return message
}

function shapeMessage(shape: Shape): Message {
  const extents = shape.map((extent) => {
    const message = new (classOf('TensorShape', 'Dim'))()
    set(message, { Size: extent })
    return message
  })
  return make('TensorShape', { DimList: extents })
}

function make(name: string, fields: Readonly<Record<string, unknown>>): Message {
  const message = new (classOf(name))()
  set(message, fields)
  return message
}

function set(message: Message, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) message[`set${name}`]?.(value)
}

function mapOf(message: Message, field: string): MessageMap {
  const map = message[`get${field}Map`]?.()
  if (map === undefined) throw new Error(`tfjs-node has no map ${field} in this message`)
  return map
}

function classOf(name: string, inner?: string): new () => Message {
  const outer = messages[name] as (new () => Message) & Classes
  const found = inner === undefined ? outer : outer[inner]
  if (found === undefined) throw new Error(`tfjs-node has no message ${name}.${String(inner)}`)
  return found
}
