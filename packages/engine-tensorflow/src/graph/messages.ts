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

const messages = createRequire(import.meta.url)('@tensorflow/tfjs-node/dist/proto/api_pb.js') as Classes

/** The bytes of `saved_model.pb`. */
export function encodeSavedModel({ nodes, functions, signatures }: SavedModelDefinition): Uint8Array {
  const library = make('FunctionDefLibrary', { FunctionList: functions.map(functionMessage) })
  const versions = make('VersionDef', { Producer: GRAPH_VERSION, MinConsumer: 12 })
  const graph = make('GraphDef', {
    NodeList: nodes.map(nodeMessage),
    Versions: versions,
    Library: library,
  })
  const information = fill(new (classOf('MetaGraphDef', 'MetaInfoDef'))(), {
    TagsList: ['serve'],
    TensorflowVersion: '2.9.0',
  })
  const metaGraph = make('MetaGraphDef', { MetaInfoDef: information, GraphDef: graph })
  const made = Object.entries(signatures).map(([name, each]) => [name, signatureMessage(each)] as const)
  fillMap(metaGraph, 'SignatureDef', made)
  return make('SavedModel', {
    SavedModelSchemaVersion: 1,
    MetaGraphsList: [metaGraph],
  }).serializeBinary()
}

function functionMessage({ name, inputs, outputs, nodes }: FunctionDefinition): Message {
  const argument = ({ name, type }: Argument) =>
    fill(new (classOf('OpDef', 'ArgDef'))(), { Name: name, Type: TYPE_NUMBERS[type] })
  const signature = make('OpDef', {
    Name: name,
    InputArgList: inputs.map(argument),
    OutputArgList: outputs.map(argument),
    IsStateful: true,
  })
  const message = make('FunctionDef', { Signature: signature, NodeDefList: nodes.map(nodeMessage) })
  const results = outputs.map(({ name, value }) => [name, value] as const)
  fillMap(message, 'Ret', results)
  return message
}

function nodeMessage({ name, op, inputs, attributes }: NodeDefinition): Message {
  const message = make('NodeDef', { Name: name, Op: op, InputList: [...inputs] })
  const made = Object.entries(attributes).map(([key, each]) => [key, attributeMessage(each)] as const)
  fillMap(message, 'Attr', made)
  return message
}

function attributeMessage(attribute: Attribute): Message {
  return make('AttrValue', attributeFields(attribute))
}

function attributeFields(attribute: Attribute): Readonly<Record<string, unknown>> {
  const list = (fields: Readonly<Record<string, unknown>>) => {
    return { List: fill(new (classOf('AttrValue', 'ListValue'))(), fields) }
  }
  if ('type' in attribute) return { Type: TYPE_NUMBERS[attribute.type] }
  if ('types' in attribute) return list({ TypeList: attribute.types.map((type) => TYPE_NUMBERS[type]) })
  if ('int' in attribute) return { I: attribute.int }
  if ('bool' in attribute) return { B: attribute.bool }
  if ('text' in attribute) return { S: new TextEncoder().encode(attribute.text) }
  if ('shape' in attribute) return { Shape: shapeMessage(attribute.shape) }
  if ('shapes' in attribute) return list({ ShapeList: attribute.shapes.map(shapeMessage) })
  if ('function' in attribute) return { Func: make('NameAttrList', { Name: attribute.function }) }
  const { type, shape, content } = attribute.tensor
  const fields = { Dtype: TYPE_NUMBERS[type], TensorShape: shapeMessage(shape) }
  return { Tensor: make('Tensor', { ...fields, TensorContent: content }) }
}

function signatureMessage({ inputs, outputs }: Signature): Message {
  const message = make('SignatureDef', { MethodName: 'tensorflow/serving/predict' })
  for (const [field, endpoints] of [
    ['Inputs', inputs],
    ['Outputs', outputs],
  ] as const) {
    const infos = Object.entries(endpoints).map(([name, { tensor, type, shape }]) => {
      const fields = { Name: tensor, Dtype: TYPE_NUMBERS[type], TensorShape: shapeMessage(shape) }
      return [name, make('TensorInfo', fields)] as const
    })
    fillMap(message, field, infos)
  }
  return message
}

function shapeMessage(shape: Shape): Message {
  const extents = shape.map((Size) => fill(new (classOf('TensorShape', 'Dim'))(), { Size }))
  return make('TensorShape', { DimList: extents })
}

function make(name: string, fields: Readonly<Record<string, unknown>>): Message {
  return fill(new (classOf(name))(), fields)
}

function fill(message: Message, fields: Readonly<Record<string, unknown>>): Message {
  for (const [name, value] of Object.entries(fields)) message[`set${name}`]?.(value)
  return message
}

function fillMap(message: Message, field: string, entries: readonly (readonly [key: string, value: unknown])[]): void {
  const map = message[`get${field}Map`]?.()
  if (map === undefined) throw new Error(`tfjs-node has no map ${field} in this message`)
  for (const [key, value] of entries) map.set(key, value)
}

function classOf(name: string, inner?: string): new () => Message {
  const outer = messages[name] as (new () => Message) & Classes
  const found = inner === undefined ? outer : outer[inner]
  if (found === undefined) throw new Error(`tfjs-node has no message ${name}.${String(inner)}`)
  return found
}
