/** From a graph to the bytes of an ONNX file. */
import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx_pb.js'
import type { Attribute, Endpoint, GraphDefinition, TensorValue } from './builder.js'
import { TYPE_NUMBERS } from './types.js'

/** Of 2022: ONNX 1.13, ONNX Runtime 1.14, and all that came after read it. */
export const OPSET = 18

/** The version of the format that goes with this opset. */
const IR_VERSION = 8

export interface ModelDefinition {
  readonly graph: GraphDefinition
  /** Of Gradpool. */
  readonly version: string
  /** Texts about the model, by name. */
  readonly metadata: Readonly<Record<string, string>>
}

export function encodeModel({ graph, version, metadata }: ModelDefinition): Uint8Array {
  const message = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'gradpool',
    producerVersion: version,
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'prediction',
      input: graph.inputs.map(endpointMessage),
      output: graph.outputs.map(endpointMessage),
      initializer: [...graph.constants].map(([name, value]) => tensorMessage(value, name)),
      node: graph.nodes.map(({ name, op, inputs, outputs, attributes }) => ({
        name,
        opType: op,
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(attributeMessage),
      })),
    },
  })
  return toBinary(ModelProtoSchema, message)
}

function endpointMessage({ name, type, shape }: Endpoint): ValueInfoProto {
  const dim = shape.map((extent) => ({
    value:
      typeof extent === 'string'
        ? { case: 'dimParam' as const, value: extent }
        : { case: 'dimValue' as const, value: BigInt(extent) },
  }))
  const value = { elemType: TYPE_NUMBERS[type], shape: { dim } }
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } })
}

function tensorMessage({ type, shape, content }: TensorValue, name?: string): TensorProto {
  return create(TensorProtoSchema, {
    dims: shape.map(BigInt),
    dataType: TYPE_NUMBERS[type],
    rawData: content,
    ...(name !== undefined && { name }),
  })
}

function attributeMessage([name, attribute]: [string, Attribute]): AttributeProto {
  const type = AttributeProto_AttributeType
  if (typeof attribute === 'number') {
    return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(attribute) })
  }
  if (typeof attribute === 'string') {
    return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(attribute) })
  }
  if ('content' in attribute)
    return create(AttributeProtoSchema, { name, type: type.TENSOR, t: tensorMessage(attribute) })
  return create(AttributeProtoSchema, { name, type: type.INTS, ints: attribute.map(BigInt) })
}
