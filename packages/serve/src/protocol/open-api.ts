/**
 * What can be asked, as OpenAPI 3.1: the protocol, with the names, types and shapes of the models that are served now.
 */
import { UserError } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { ServedModel, ValueType } from '../model.js'
import type { Models } from './answers.js'
import { DATATYPES } from './datatypes.js'

interface OpenApiOptions {
  readonly version: string
  /** Whether a token is needed. */
  readonly hasToken: boolean
}

const ITEMS = {
  f32: { type: 'number' },
  i32: { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  u8: { type: 'integer', minimum: 0, maximum: 255 },
} as const

/** An example is shown as far as a page can show it. */
const MOST_SHOWN = 1024

export function openApi(models: Models, { version, hasToken }: OpenApiOptions): object {
  const names = [...models.keys()]
  const paths = names.flatMap((name) => {
    const model = models.get(name)
    if (!model) throw new UserError(`there is no model '${name}'`)
    return pathsOf(name, model)
  })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gradpool',
      version,
      description:
        'Predictions by the Open Inference Protocol, version 2, with its extension binary_tensor_data: a tensor may be bytes after the JSON, little-endian, and Inference-Header-Content-Length says how long the JSON is. Where that is 0, the body is the rows of the one input.',
    },
    ...(hasToken && {
      security: [{ token: [] }],
    }),
    paths: {
      '/v2': { get: operation('The server', 'server') },
      '/v2/health/live': { get: operation('Whether the server answers', 'server') },
      '/v2/health/ready': { get: operation('Whether new requests may come; 503 while it stops', 'server') },
      '/v2/models': { get: operation('The names of the models', 'server') },
      ...Object.fromEntries(paths),
      '/metrics': { get: operation('Metrics for Prometheus', 'server') },
    },
    components: {
      ...(hasToken && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
      schemas: {
        Error: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
      },
    },
  }
}

function pathsOf(name: string, model: ServedModel): [path: string, item: object][] {
  const path = `/v2/models/${name}`
  return [
    [path, { get: operation(`What ${name} reads and predicts`, name) }],
    [`${path}/ready`, { get: operation(`Whether ${name} answers`, name) }],
    [`${path}/infer`, { post: inferenceOf(name, model) }],
  ]
}

function inferenceOf(name: string, model: ServedModel): object {
  return {
    ...operation(`Predictions of ${name}`, name),
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: requestSchema(model), example: exampleOf(model) },
        'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
      },
    },
    responses: {
      200: { description: 'The predictions', content: { 'application/json': { schema: answerSchema(model) } } },
      400: failure('The request is not what the model reads'),
      413: failure('Too many rows or bytes'),
      429: failure('Too much waits: ask again in a moment'),
    },
  }
}

function operation(summary: string, tag: string): object {
  return { summary, tags: [tag], responses: { 200: { description: summary } } }
}

function failure(description: string): object {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } }
}

function requestSchema({ inputs, outputs }: ServedModel): object {
  const entries = Object.entries(inputs)
  return {
    type: 'object',
    required: ['inputs'],
    properties: {
      id: { type: 'string' },
      inputs: {
        type: 'array',
        minItems: entries.length,
        maxItems: entries.length,
        items: { oneOf: entries.map(([name, type]) => tensorSchema(name, type)) },
      },
      outputs: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { enum: Object.keys(outputs) },
            parameters: { type: 'object', properties: { binary_data: { type: 'boolean' } } },
          },
        },
      },
      parameters: { type: 'object', properties: { binary_data_output: { type: 'boolean' } } },
    },
  }
}

function answerSchema({ outputs }: ServedModel): object {
  return {
    type: 'object',
    properties: {
      model_name: { type: 'string' },
      model_version: { type: 'string' },
      id: { type: 'string' },
      outputs: {
        type: 'array',
        items: { oneOf: Object.entries(outputs).map(([name, type]) => tensorSchema(name, type)) },
      },
    },
  }
}

function tensorSchema(name: string, { dtype, shape }: ValueType): object {
  return {
    title: name,
    type: 'object',
    required: ['name', 'shape', 'datatype'],
    properties: {
      name: { const: name },
      datatype: { const: DATATYPES[dtype] },
      shape: {
        type: 'array',
        prefixItems: [{ type: 'integer', minimum: 1 }, ...shape.map((length) => ({ const: length }))],
        minItems: shape.length + 1,
        maxItems: shape.length + 1,
        example: [1, ...shape],
      },
      data: { type: 'array', items: ITEMS[dtype], description: 'row-major, flat or nested by the shape' },
      parameters: { type: 'object', properties: { binary_data_size: { type: 'integer' } } },
    },
  }
}

/** One row of zeros; none where that is long. */
function exampleOf({ inputs }: ServedModel): object | undefined {
  const entries = Object.entries(inputs)
  if (entries.some(([, { shape }]) => sizeOf(shape) > MOST_SHOWN)) return undefined
  return {
    inputs: entries.map(([name, { dtype, shape }]) => {
      const data = new Array<number>(sizeOf(shape)).fill(0)
      return { name, shape: [1, ...shape], datatype: DATATYPES[dtype], data }
    }),
  }
}
