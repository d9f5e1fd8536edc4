import { Mutations } from '@gradpool/engine-contract/mutations'
import { loadModel } from '@gradpool/trainer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BatchingPredictor, predictor } from '../batching/batching-predictor.js'
import type { ServedModel } from '../model.js'
import { ask, bytesOf, withBytes } from '../testing/ask.js'
import { digitsModel, picturesModel } from '../testing/small-models.js'
import { type Answered, Answers } from './answers.js'

const models = new Map<string, BatchingPredictor>()
const answered: Answered[] = []
const failures: unknown[] = []
let answers: Answers
let hash = ''

beforeAll(async () => {
  for (const [name, bytes] of [
    ['digits', digitsModel()],
    ['pictures', picturesModel()],
    ['gaps', digitsModel({ table: { missing: 'mean' } })],
  ] as const) {
    models.set(name, predictor(await loadModel(bytes)))
  }
  hash = models.get('digits')?.hash ?? ''
  answers = new Answers({
    models,
    mostRows: 100,
    onAnswer: (one) => answered.push(one),
    onError: (error) => failures.push(error),
  })
})
afterAll(async () => {
  await Promise.all([...models.values()].map((model) => model.dispose()))
})

const x = Float32Array.of(1, -2, 3.5, 0, 0.25, 1e-3, -1e3, 7)
const twoOfX = { name: 'x', datatype: 'FP32', shape: [2, 4] }
const twoRows = { ...twoOfX, data: Array.from(x) }

async function expected(): Promise<Readonly<Record<string, ArrayLike<number>>>> {
  return (await models.get('digits')?.predict({ x })) ?? {}
}

describe('predictions', () => {
  it('come as JSON, from numbers that are flat or nested', async () => {
    const { probabilities = [], digit = [] } = await expected()
    const flat = await ask(answers, { id: 'seven', inputs: [twoRows] })
    expect(flat).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(flat.json).toEqual({
      model_name: 'digits',
      model_version: hash,
      id: 'seven',
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [2, 3], data: Array.from(probabilities) },
        { name: 'digit', datatype: 'INT32', shape: [2], data: Array.from(digit) },
      ],
    })
    const nested = { ...twoRows, data: [Array.from(x.subarray(0, 4)), Array.from(x.subarray(4))] }
    expect((await ask(answers, { id: 'seven', inputs: [nested] })).json).toEqual(flat.json)
  })

  it('come and go as bytes after the JSON', async () => {
    const { probabilities, digit } = await expected()
    const { body, headers } = withBytes(
      {
        inputs: [{ ...twoOfX, parameters: { binary_data_size: 32 } }],
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }, { name: 'digit' }],
      },
      bytesOf(x),
    )
    const { status, json, bytes } = await ask(answers, body, { headers })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      outputs: [
        { name: 'probabilities', shape: [2, 3], parameters: { binary_data_size: 24 } },
        { name: 'digit', data: Array.from(digit ?? []) },
      ],
    })
    expect(new Float32Array(bytes.slice().buffer)).toEqual(probabilities)
    const all = withBytes({ inputs: [twoRows], parameters: { binary_data_output: true } })
    const both = await ask(answers, all.body, { headers: all.headers })
    expect(both.bytes).toHaveLength(8 + 24)
    expect(both.headers['content-type']).toBe('application/octet-stream')
  })

  it('come of the bytes of rows alone', async () => {
    const { probabilities } = await expected()
    const headers = { 'inference-header-content-length': '0' }
    // At a place where a machine may not read numbers of four bytes.
    const odd = new Uint8Array(33)
    odd.set(bytesOf(x), 1)
    const { bytes, json } = await ask(answers, odd.subarray(1), { headers })
    expect(json).toMatchObject({ outputs: [{ name: 'probabilities', shape: [2, 3] }, { name: 'digit' }] })
    expect(new Float32Array(bytes.slice(0, 24).buffer)).toEqual(probabilities)
  })

  it('are of several inputs of other types', async () => {
    const image = { name: 'image', datatype: 'UINT8', shape: [1, 2, 3], data: [[[0, 1, 2], [3, 4, 255]]] } // prettier-ignore
    const size = { name: 'size', datatype: 'FP32', shape: [1], data: [2] }
    const path = '/models/pictures/infer'
    const flat = { ...image, data: [0, 1, 2, 3, 4, 255] }
    const one = await ask(answers, { inputs: [image, size] }, { path })
    const other = await ask(answers, { inputs: [size, flat] }, { path })
    expect(one).toMatchObject({ status: 200, json: { outputs: [{ name: 'scaled', shape: [1, 2] }] } })
    expect(other.json).toEqual(one.json)
  })

  it('are null where they are NaN, and numbers that are missing are null where the model replaces them', async () => {
    const missing = { ...twoRows, data: [null, ...Array.from(x.subarray(1))] }
    const { status, json } = await ask(answers, { inputs: [missing] }, { path: '/models/gaps/infer' })
    expect(status).toBe(200)
    const { outputs } = json as { outputs: { name: string; data: (number | null)[] }[] }
    const { data = [] } = outputs.find(({ name }) => name === 'probabilities') ?? {}
    expect(data.slice(0, 3)).toEqual([null, null, null])
    expect(data.slice(3).every((value) => typeof value === 'number')).toBe(true)
    const refused = await ask(answers, { inputs: [missing] })
    expect(refused).toMatchObject({ status: 400, json: { error: "'x' takes finite numbers, not null" } })
  })

  it('are told of, with rows and status', async () => {
    answered.length = 0
    await ask(answers, { inputs: [twoRows] })
    await ask(answers, { inputs: [] })
    await ask(answers, {}, { path: '/models/none/infer' })
    expect(answered).toMatchObject([
      { model: 'digits', status: 200, rows: 2 },
      { model: 'digits', status: 400, rows: 0 },
      { model: undefined, status: 404, rows: 0 },
    ])
  })
})

describe('a request is refused in one sentence', () => {
  const binary = (size: unknown) => ({ inputs: [{ ...twoOfX, parameters: { binary_data_size: size } }] })
  it.each<[object, number, RegExp]>([
    [[], 400, /^the request must be an object, not a list$/],
    [{}, 400, /^'inputs' must be a list, not nothing$/],
    [{ inputs: [] }, 400, /^the input 'x' is missing$/],
    [{ inputs: [1] }, 400, /^an input must be an object, not 1$/],
    [{ inputs: [twoRows, twoRows] }, 400, /^'inputs' has 2 entries, and the model has 1$/],
    [{ inputs: [{ ...twoRows, name: 'y' }] }, 400, /^the model reads x, and no 'y'$/],
    [{ inputs: [{ ...twoRows, name: '__proto__' }] }, 400, /^the model reads x, and no '__proto__'$/],
    [{ inputs: [{ ...twoRows, datatype: 'FP64' }] }, 400, /^the datatype of 'x' is FP32, not 'FP64'$/],
    [
      { inputs: [{ ...twoRows, shape: [4] }] },
      400,
      /^the shape of 'x' is \[rows, 4\] for one row or more, not '\[4\]'$/,
    ],
    [{ inputs: [{ ...twoRows, shape: [2, 5] }] }, 400, /^the shape of 'x' is \[rows, 4\] .* not '\[2, 5\]'$/],
    [{ inputs: [{ ...twoRows, shape: [0, 4] }] }, 400, /^the shape of 'x' is .* not '\[0, 4\]'$/],
    [{ inputs: [{ ...twoRows, shape: [1.5, 4] }] }, 400, /^the shape of 'x' is .* not '\[1.5, 4\]'$/],
    [{ inputs: [{ ...twoRows, shape: '2,4' }] }, 400, /^the shape of 'x' is .* not '2,4'$/],
    [{ inputs: [{ ...twoRows, shape: [101, 4] }] }, 413, /^a request has at most 100 rows, and this one 101$/],
    [{ inputs: [{ ...twoRows, shape: [100, 4] }] }, 400, /^the data of 'x' must be 400 numbers, which do not fit into/],
    [
      { inputs: [{ ...twoRows, shape: [3, 4] }] },
      400,
      /^the data of 'x' must be a list of 12 numbers, and has a list of 8$/,
    ],
    [{ inputs: [twoOfX] }, 400, /^the data of 'x' must be a list of 8 numbers, and has nothing$/],
    [{ inputs: [{ ...twoRows, data: [[1, 2], [3, 4]] }] }, 400, /^the data of 'x' must be lists nested by the shape \[2, 4\], and has a list of 2$/], // prettier-ignore
    [{ inputs: [{ ...twoRows, data: [1, 2, 3, '4', 5, 6, 7, 8] }] }, 400, /^'x' takes finite numbers, not '4'$/],
    [{ inputs: [{ ...twoRows, data: [1, 2, 3, [4], 5, 6, 7, 8] }] }, 400, /^'x' takes finite numbers, not a list$/],
    [
      { inputs: [{ ...twoRows, data: [1, 2, 3, 1e39, 5, 6, 7, 8] }] },
      400,
      /^'x' takes finite numbers, not Infinity at 3$/,
    ],
    [{ inputs: [twoRows], outputs: [{ name: 'z' }] }, 400, /^the model predicts probabilities, digit, and no 'z'$/],
    [{ inputs: [twoRows], outputs: 3 }, 400, /^'outputs' must be a list, not 3$/],
    [{ inputs: [twoRows], parameters: 3 }, 400, /^'parameters' of the request must be an object, not 3$/],
    [{ inputs: [twoRows], id: 3 }, 400, /^'id' must be a text, not 3$/],
    [binary(31), 400, /^binary_data_size of 'x' must be 32, not 31$/],
    [binary(32), 400, /^'x' has 32 bytes, and 0 are left after the JSON$/],
    [
      { inputs: [{ ...twoRows, parameters: { binary_data_size: 32 } }] },
      400,
      /^'x' has both data and binary_data_size$/,
    ],
  ])('%j', async (request, status, sentence) => {
    const told = await ask(answers, request)
    expect(told).toMatchObject({ status, json: { error: expect.stringMatching(sentence) as string } })
  })

  it('where it is no JSON, or its header is not its length', async () => {
    const bytes = new TextEncoder().encode('{"inputs": [}')
    const told = await ask(answers, bytes)
    expect(told).toMatchObject({
      status: 400,
      json: { error: expect.stringMatching(/^the request is not JSON: /) as string },
    })
    expect(await ask(answers, Uint8Array.of(0xff, 0xfe))).toMatchObject({
      json: { error: 'the request is not JSON: it is not UTF-8' },
    })
    for (const length of ['-1', '14', 'x', '1e1']) {
      const headers = { 'inference-header-content-length': length }
      expect(await ask(answers, bytes, { headers })).toMatchObject({
        json: { error: `Inference-Header-Content-Length must be how many of the 13 bytes are JSON, not '${length}'` },
      })
    }
  })

  it('for bytes that are no rows, or no finite numbers', async () => {
    const headers = { 'inference-header-content-length': '0' }
    const cases: [Uint8Array, string, string][] = [
      [bytesOf(x).slice(1), 'digits', "a row of 'x' is 16 bytes, so 31 are no whole number of rows"],
      [new Uint8Array(0), 'digits', "a row of 'x' is 16 bytes, so 0 are no whole number of rows"],
      [bytesOf(Float32Array.of(1, NaN, 2, 3)), 'digits', "'x' takes finite numbers, not NaN at 1"],
      [bytesOf(Float32Array.of(1, -Infinity, 2, 3)), 'gaps', "'x' takes finite numbers or null, not -Infinity at 1"],
      [bytesOf(x), 'pictures', 'bytes without JSON are for models of one input, and this one has several'],
      [new Uint8Array(16 * 101), 'digits', 'a request has at most 100 rows, and this one 101'],
    ]
    for (const [body, name, error] of cases) {
      expect(await ask(answers, body, { headers, path: `/models/${name}/infer` })).toMatchObject({ json: { error } })
    }
    const more = withBytes({ inputs: [twoRows] }, new Uint8Array(3))
    expect(await ask(answers, more.body, { headers: more.headers })).toMatchObject({
      status: 400,
      json: { error: '3 bytes are after the JSON, and the inputs have 0' },
    })
  })

  it('for bytes and whole numbers out of their range', async () => {
    const size = { name: 'size', datatype: 'FP32', shape: [1], data: [2] }
    for (const value of [256, -1, 1.5, null, true]) {
      const image = { name: 'image', datatype: 'UINT8', shape: [1, 2, 3], data: [0, 0, 0, 0, 0, value] }
      expect(await ask(answers, { inputs: [image, size] }, { path: '/models/pictures/infer' })).toMatchObject({
        status: 400,
        json: { error: `'image' takes whole numbers from 0 to 255, not ${value}` },
      })
    }
    const image = { name: 'image', datatype: 'UINT8', shape: [2, 2, 3], data: new Array<number>(12).fill(0) }
    expect(await ask(answers, { inputs: [image, size] }, { path: '/models/pictures/infer' })).toMatchObject({
      json: { error: "the input 'size' has 1 rows, and the one before has 2" },
    })
  })

  it('for paths, methods and encodings that are not taken', async () => {
    const get = (path: string, method = 'GET') => ask(answers, {}, { path, method })
    expect(await get('/models/none')).toMatchObject({
      status: 404,
      json: { error: /no model 'none'; there is digits/ },
    })
    for (const path of ['/models/../digits', '/models/digits/versions/1', '/models/digits/x', '/x', '/models/', '//']) {
      expect(await get(path), path).toMatchObject({ status: 404 })
    }
    expect(await get('/models/digits/infer')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect(await get('/models', 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(await ask(answers, { inputs: [twoRows] }, { headers: { 'content-encoding': 'gzip' } })).toMatchObject({
      status: 415,
    })
  })
})

describe('others are told', () => {
  const get = (path: string) => ask(answers, {}, { path, method: 'GET' })

  it('what is served', async () => {
    expect(await get('')).toMatchObject({ status: 200, json: { name: 'gradpool', extensions: ['binary_tensor_data'] } })
    expect(await get('/models')).toMatchObject({ json: { models: ['digits', 'pictures', 'gaps'] } })
    const { json } = await get('/models/digits')
    expect(json).toEqual({
      name: 'digits',
      versions: [hash],
      platform: 'gradpool',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
        { name: 'digit', datatype: 'INT32', shape: [-1] },
      ],
    })
    expect((await get(`/models/digits/versions/${hash}`)).json).toEqual(json)
    expect(await get(`/models/digits/versions/${hash}/ready`)).toMatchObject({ json: { ready: true } })
  })

  it('whether it is ready', async () => {
    expect(await get('/health/live')).toMatchObject({ status: 200, json: { live: true } })
    expect(await get('/health/ready')).toMatchObject({ status: 200, json: { ready: true } })
    const stopping = new Answers({ models, isReady: () => false })
    for (const path of ['/health/ready', '/models/digits/ready']) {
      expect(await ask(stopping, {}, { path, method: 'GET' })).toMatchObject({ status: 503, json: { ready: false } })
    }
    expect(await ask(stopping, {}, { path: '/health/live', method: 'GET' })).toMatchObject({ status: 200 })
  })

  it('nothing of what went wrong inside', async () => {
    const model: ServedModel = {
      inputs: { x: { dtype: 'f32', shape: [4] } },
      outputs: {},
      hash: 'h',
      predict: () => Promise.reject(new Error('/secret/path')),
      dispose: () => Promise.resolve(),
    }
    const errors: unknown[] = []
    const broken = new Answers({ models: new Map([['digits', model]]), onError: (error) => errors.push(error) })
    const { status, json } = await ask(broken, { inputs: [twoRows] })
    expect({ status, json }).toEqual({ status: 500, json: { error: 'the prediction failed' } })
    expect(errors).toHaveLength(1)
  })
})

describe('bodies that were changed at random', () => {
  it('are answered, or refused in one sentence', { timeout: 60_000 }, async () => {
    const mutations = new Mutations(11)
    const image = {
      name: 'image',
      datatype: 'UINT8',
      shape: [2, 2, 3],
      data: Array.from({ length: 12 }, (_, at) => at),
    }
    const size = { name: 'size', datatype: 'FP32', shape: [2], data: [2, 3] }
    const json = JSON.stringify({ id: 'a', inputs: [image, size], outputs: [{ name: 'scaled' }] })
    const binary = withBytes({ inputs: [{ ...twoOfX, parameters: { binary_data_size: 32 } }] }, bytesOf(x))
    const statuses = new Map<number, number>()
    const count = async (body: Uint8Array, headers: Readonly<Record<string, string>>, name: string) => {
      const { status, json: told } = await ask(answers, body, { headers, path: `/models/${name}/infer` })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status !== 200) expect(told).toEqual({ error: expect.stringMatching(/^[^\n]{5,300}$/) as string })
    }
    for (let i = 0; i < 1000; i++) {
      await count(new TextEncoder().encode(mutations.json(json)), {}, 'pictures')
      await count(mutations.bytes(new TextEncoder().encode(json)), {}, 'pictures')
      const length = mutations.random(4) > 0 ? binary.headers['inference-header-content-length'] : `${i % 200}`
      await count(mutations.bytes(binary.body), { 'inference-header-content-length': length }, 'digits')
    }
    expect(failures).toEqual([])
    expect([...statuses.keys()].sort()).toEqual([200, 400])
    expect(statuses.get(400)).toBeGreaterThan(1000)
    expect(statuses.get(200)).toBeGreaterThan(50)
  })
})
