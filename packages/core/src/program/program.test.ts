/**
 * Programs as text and as JSON.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  constant,
  gather,
  grad,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  randomUniform,
  relu,
  slice,
  sub,
  sum,
  UserError,
} from '../index.js'
import { Program, traceProgram } from '../engine/index.js'

/** Plain JSON, as a test may spoil it. */
type Json = Record<string, Record<string, unknown>[]>

const classifier = traceProgram((trace) => {
  const image = trace.batch('image', 'u8', [10, 784])
  const label = trace.batch('label', 'u8', [10])
  const weights = trace.state('weights', [784, 10], { kind: 'normal', mean: 0, std: 0.03 })
  const bias = trace.state('bias', [10], { kind: 'constant', value: 0 })
  const logits = add(matmul(image, weights), bias) // [batch, 10]
  const loss = neg(mean(sum(mul(logSoftmax(logits), oneHot(label, 10)), -1)))
  const [weightsGradient = 0, biasGradient = 0] = grad(loss, [weights, bias])
  trace.update('weights', sub(weights, mul(0.1, weightsGradient)))
  trace.update('bias', sub(bias, mul(0.1, biasGradient)))
  trace.result('loss', loss)
})

const assorted = traceProgram((trace) => {
  const table = trace.state('table', [4, 2], { kind: 'uniform', low: -1, high: 1 })
  const rows = gather(table, trace.batch('index', 'i32', [3]))
  const scaled = mul(rows, add(randomUniform([3, 2], 'dropout'), constant([0.5, 1.5])))
  const product = matmul(relu(scaled), slice(table, [1, 0], [3, 2]), { transposeB: true })
  trace.result('loss', mean(product))
  trace.update('table', mul(table, 0.5))
})

describe('a Program', () => {
  test('lists its states and the fields that it reads', () => {
    const initializer = { kind: 'normal', mean: 0, std: 0.03 }
    const zero = { kind: 'constant', value: 0 }
    expect(classifier.states).toEqual([
      { name: 'weights', node: 2, shape: [784, 10], initializer },
      { name: 'bias', node: 3, shape: [10], initializer: zero },
    ])
    expect(classifier.fields).toEqual([
      { name: 'image', node: 0, shape: [10, 784], dtype: 'u8' },
      { name: 'label', node: 1, shape: [10], dtype: 'u8' },
    ])
  })

  test('has the node of a result by its name', () => {
    expect(classifier.result('loss')).toBe(classifier.node(15))
    expect(classifier.result('accuracy')).toBeUndefined()
  })
})

describe('a result by rows', () => {
  const build = (rows: boolean) =>
    traceProgram((trace) => {
      trace.result('sum', sum(trace.batch('x', 'f32', [4, 2]), 1), { rows })
    })

  test('is another Program, in text and JSON', () => {
    expect(build(true).toString()).toContain('result sum = %1 by rows')
    expect(build(true).hash).not.toBe(build(false).hash)
    expect(JSON.stringify(build(false))).not.toContain('rows')
    const back = Program.fromJSON(JSON.parse(JSON.stringify(build(true))))
    expect(back.results).toEqual([{ name: 'sum', node: 1, rows: true }])
    expect(back.hash).toBe(build(true).hash)
  })

  test('is refused for one number', () => {
    const trace = () => traceProgram((each) => each.result('one', constant(1), { rows: true }))
    expect(trace).toThrow('result "one" is one number: it has no rows')
  })
})

describe('a Program as text', () => {
  test('has a line for each node, update and result', () => {
    expect(classifier.toString()).toBe(
      `
%0 = input(batch image) : u8[10, 784]
%1 = input(batch label) : u8[10]
%2 = input(state weights) {kind: normal, mean: 0, std: 0.03} : f32[784, 10]
%3 = input(state bias) {kind: constant, value: 0} : f32[10]
%4 = cast(%0) {dtype: f32} : f32[10, 784]
%5 = matmul(%4, %2) : f32[10, 10]
%6 = broadcast(%3) : f32[10, 10]
%7 = add(%5, %6) : f32[10, 10]
%8 = logSoftmax(%7) : f32[10, 10]
%9 = oneHot(%1) {depth: 10} : f32[10, 10]
%10 = mul(%8, %9) : f32[10, 10]
%11 = sum(%10) {axes: [1]} : f32[10]
%12 = sum(%11) {axes: [0]} : f32[]
%13 = constant(10) : f32[]
%14 = div(%12, %13) : f32[]
%15 = neg(%14) : f32[]
%16 = constant(-0.1) : f32[10, 10]
%17 = mul(%16, %9) : f32[10, 10]
%18 = exp(%8) : f32[10, 10]
%19 = constant(7.70372e-34) : f32[10, 10]
%20 = flushBelow(%18, %19) : f32[10, 10]
%21 = sum(%17) {axes: [1]} : f32[10]
%22 = reshape(%21) : f32[10, 1]
%23 = broadcast(%22) : f32[10, 10]
%24 = mul(%20, %23) : f32[10, 10]
%25 = sub(%17, %24) : f32[10, 10]
%26 = sum(%25) {axes: [0]} : f32[10]
%27 = matmul(%4, %25) {transposeA: true} : f32[784, 10]
%28 = constant(0.1) : f32[784, 10]
%29 = mul(%28, %27) : f32[784, 10]
%30 = sub(%2, %29) : f32[784, 10]
%31 = constant(0.1) : f32[10]
%32 = mul(%31, %26) : f32[10]
%33 = sub(%3, %32) : f32[10]
update weights = %30
update bias = %33
result loss = %15
`.trim(),
    )
  })

  test('cuts long constants short', () => {
    const program = traceProgram((trace) => trace.result('r', constant([...Array(100).keys()])))
    expect(program.toString()).toContain('%0 = constant([0, 1, 2, 3, 4, 5, 6, 7, … 100]) : f32[100]')
  })
})

describe('a Program as JSON', () => {
  test.each([
    ['a classifier', classifier],
    ['assorted ops', assorted],
  ])('is the same when read back: %s', (_name, program) => {
    const back = Program.fromJSON(JSON.parse(JSON.stringify(program)))
    expect(back).toBeInstanceOf(Program)
    expect(back.toJSON()).toEqual(program.toJSON())
    expect(back.hash).toBe(program.hash)
  })

  test('has the hash that it has always had, by which done stages are found again', () => {
    expect(classifier.hash).toBe('ae95e02696b9b48b68fff914a88d51db9b09034b3fd3d708229394b6d9ea3312')
  })

  test('has one hash, however the keys of an object are ordered', () => {
    const build = (initializer: { kind: 'normal'; mean: number; std: number }) =>
      traceProgram((trace) => trace.result('w', trace.state('w', [2], initializer)))
    const one = build({ kind: 'normal', mean: 0, std: 1 })
    expect(build({ std: 1, mean: 0, kind: 'normal' }).hash).toBe(one.hash)
    expect(build({ kind: 'normal', mean: 0, std: 2 }).hash).not.toBe(one.hash)
  })

  test.each<[string, (json: Json) => unknown]>([
    ['a Program is not an object', () => []],
    ['a Program has no list "nodes"', (json) => ({ ...json, nodes: 1 })],
    ['node 4 has the unknown op "warp"', ({ nodes }) => spoil(nodes, 4, { op: 'warp' })],
    ['node 4 has the unknown op "toString"', ({ nodes }) => spoil(nodes, 4, { op: 'toString' })],
    ['node 5 (matmul) refers to node 5', ({ nodes }) => spoil(nodes, 5, { inputs: [4, 5] })],
    ['node 5 (matmul) refers to node -1', ({ nodes }) => spoil(nodes, 5, { inputs: [4, -1] })],
    ['node 5 (matmul) refers to node 1.5', ({ nodes }) => spoil(nodes, 5, { inputs: [4, 1.5] })],
    ['node 5 (matmul) has the unknown dtype "f64"', ({ nodes }) => spoil(nodes, 5, { dtype: 'f64' })],
    [
      'node 5 (matmul) says that it is f32[10, 11], but it is f32[10, 10]',
      ({ nodes }) => spoil(nodes, 5, { shape: [10, 11] }),
    ],
    [
      'node 5 (matmul) says that it is i32[10, 10], but it is f32[10, 10]',
      ({ nodes }) => spoil(nodes, 5, { dtype: 'i32' }),
    ],
    [
      'node 5 (matmul) is not valid: matmul of u8[10, 784] and f32[784, 10]: it takes f32, not u8',
      ({ nodes }) => spoil(nodes, 5, { inputs: [0, 2] }),
    ],
    [
      'node 5 (matmul) is not valid: matmul of f32[10, 784]: it takes 2 operands',
      ({ nodes }) => spoil(nodes, 5, { inputs: [4] }),
    ],
    ['node 5 (matmul) has an extent that is no number', ({ nodes }) => spoil(nodes, 5, { shape: ['10', 10] })],
    [
      'node 5 (matmul) is not valid: matmul of f32[10, 784] and f32[784, 10]: transposeA must be',
      ({ nodes }) => spoil(nodes, 5, { attributes: { transposeA: 1 } }),
    ],
    [
      'attribute "axes" of node 11 (sum) has an item that is no number',
      ({ nodes }) => spoil(nodes, 11, { attributes: { axes: [null] } }),
    ],
    [
      'attribute "axes" of node 11 (sum) is neither a value nor a list',
      ({ nodes }) => spoil(nodes, 11, { attributes: { axes: {} } }),
    ],
    [
      'node 11 (sum) is not valid: sum of f32[10, 10]: axes [2] must be some of its axes',
      ({ nodes }) => spoil(nodes, 11, { attributes: { axes: [2] } }),
    ],
    [
      'node 11 (sum) is not valid: sum of f32[10, 10]: axes must be a list',
      ({ nodes }) => spoil(nodes, 11, { attributes: {} }),
    ],
    [
      'node 6 (broadcast) is not valid: broadcast of f32[10]: it cannot be broadcast',
      ({ nodes }) => spoil(nodes, 6, { shape: [10, 11] }),
    ],
    ['node 0 (input) is not valid: input: [0] is not a shape', ({ nodes }) => spoil(nodes, 0, { shape: [0] })],
    ['input "image" names node 5, which is no input', ({ inputs }) => spoil(inputs, 0, { node: 5 })],
    ['a Program has two inputs for one node', ({ inputs }) => spoil(inputs, 0, { node: 1 })],
    ['input "image" has the unknown role "pixels"', ({ inputs }) => spoil(inputs, 0, { role: 'pixels' })],
    ['input "image" should be named "step"', ({ inputs }) => spoil(inputs, 0, { role: 'step' })],
    [
      'the initializer of input "weights" has no number "std"',
      ({ inputs }) => spoil(inputs, 2, { initializer: { kind: 'normal', mean: 0 } }),
    ],
    [
      'the initializer of input "weights" is of the unknown kind "magic"',
      ({ inputs }) => spoil(inputs, 2, { initializer: { kind: 'magic' } }),
    ],
    ...['weights', 'bias', 'image', 'nothing'].map((state): [string, (data: Json) => unknown] => [
      `state "weights" begins as "${state}", which is no such state`,
      ({ inputs }) => spoil(inputs, 2, { initializer: { kind: 'sameAs', state } }),
    ]),
    [
      'state that another begins as has no name',
      ({ inputs }) => spoil(inputs, 2, { initializer: { kind: 'sameAs', state: 3 } }),
    ],
    ['batch "image" is there twice', ({ inputs }) => spoil(inputs, 1, { name: 'image' })],
    ['node 0 (input) is no input', ({ inputs }) => inputs?.shift()],
    [
      'state "image" is not f32',
      ({ inputs }) => spoil(inputs, 0, { role: 'state', initializer: { kind: 'constant', value: 0 } }),
    ],
    ['update "scale" is of no state', ({ updates }) => spoil(updates, 0, { name: 'scale' })],
    ['update "weights" is not of the type of its state', ({ updates }) => spoil(updates, 0, { node: 5 })],
    ['update "bias" is there twice', ({ updates }) => spoil(updates, 0, { name: 'bias', node: 31 })],
    ['result "loss" is not f32', ({ results }) => spoil(results, 0, { node: 0 })],
    ['result "loss" has "rows" that is not true', ({ results }) => spoil(results, 0, { rows: 1 })],
    ['result "loss" is by rows, but one number', ({ results }) => spoil(results, 0, { rows: true })],
    [
      'node 11 (sum) is not valid: sum of f32[10, 10]: it has no attribute "axis"',
      ({ nodes }) => spoil(nodes, 11, { attributes: { axes: [1], axis: 1 } }),
    ],
    [
      'node 7 (add) is not valid: add of f32[10, 10] and f32[10, 10]: it has no attribute "toString"',
      ({ nodes }) => spoil(nodes, 7, { attributes: { toString: 1 } }),
    ],
    [
      'node 0 (input) is not valid: input: [2147483647] has more than 2^29 elements',
      ({ nodes }) => spoil(nodes, 0, { shape: [2 ** 31 - 1] }),
    ],
    [
      'node 13 (constant) is not valid: constant: 1e+300 is no f32',
      ({ nodes }) => spoil(nodes, 13, { attributes: { values: 1e300 } }),
    ],
    [
      'node 13 (constant) is not valid: constant: 256 is no u8',
      ({ nodes }) => spoil(nodes, 13, { attributes: { values: 256 }, dtype: 'u8' }),
    ],
    [
      'a Program has 32769 nodes, more than the 32768 allowed',
      ({ nodes }) => nodes?.push(...new Array<Record<string, unknown>>(32769 - 34).fill({ ...nodes[13] })),
    ],
    [
      'a Program has 1073798198 elements in all of its values together, more than the 1073741824 allowed',
      ({ nodes }) => nodes?.push(...[1, 2].map(() => ({ ...nodes[13], shape: [2 ** 29] }))),
    ],
    [
      `result "${'x'.repeat(40)}…" has a name of 1001 characters, more than the 1000 allowed`,
      ({ results }) => spoil(results, 0, { name: 'x'.repeat(1001) }),
    ],
    [
      'input "__proto__" has a name that every JavaScript object has already',
      ({ inputs }) => spoil(inputs, 0, { name: '__proto__' }),
    ],
    [`node 4 has the unknown op "${'y'.repeat(39)}…`, ({ nodes }) => spoil(nodes, 4, { op: 'y'.repeat(10_000) })],
    ['result "loss" refers to node 99', ({ results }) => spoil(results, 0, { node: 99 })],
    ['result has no name', ({ results }) => spoil(results, 0, { name: 3 })],
  ])('is refused where it is wrong: %s', (message, spoiled) => {
    const json = JSON.parse(JSON.stringify(classifier)) as Json
    const replacement = spoiled(json)
    const data = message.startsWith('a Program is') || message.includes('no list') ? replacement : json
    expect(() => Program.fromJSON(data)).toThrow(UserError)
    expect(() => Program.fromJSON(data)).toThrow(`this is not a valid Program: ${message}`)
  })
})

test('JSON with anything changed is either a Program or refused with one sentence', () => {
  const text = JSON.stringify(assorted)
  const paths = pathsWithin(JSON.parse(text) as JsonValue)
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const json = JSON.parse(text) as JsonValue
      const parent = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), key), json)
      Reflect.set(Object(parent), path.at(-1) ?? '', value)
      try {
        expect(Program.fromJSON(json)).toBeInstanceOf(Program)
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
      }
    }),
    { seed: 1, numRuns: 500 },
  )
})

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/** The paths of everything within a JSON value. */
function pathsWithin(value: JsonValue, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  const within = Object.entries(value).flatMap(([key, item]) => pathsWithin(item, [...path, key]))
  return path.length > 0 ? [[...path], ...within] : within
}

function spoil(items: Record<string, unknown>[] | undefined, index: number, changes: object): void {
  Object.assign(items?.[index] ?? {}, changes)
}
