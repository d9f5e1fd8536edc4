/** Programs that no trace makes, and a file may hold. */
import { adam, exp, transpose, type DType, type Shape } from '@gradpool/core'
import { Program, train, traceProgram, type Engine, type Node } from '@gradpool/core/engine'
import { network, splitOf, trainingData, wholeBatch } from '@gradpool/engine-contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wasmEngine } from './index.js'

let engine: Engine
beforeAll(async () => {
  engine = await wasmEngine({ memoryBytes: 2 ** 27 })
})
afterAll(() => engine.dispose())

const x = splitOf({ x: { dtype: 'f32', shape: [2], values: Float32Array.of(1, 2, 3, 4) } }, 2)

type Draft = readonly [op: string, inputs: number[], attributes?: object, shape?: Shape, dtype?: DType]

/** The Program of `x`, f32[2, 2], and nodes after it, which are f32[2, 2], too, where nothing else is said. */
function forged(drafts: readonly Draft[], result = drafts.length, name = 'value'): Program {
  const nodes = drafts.map(([op, inputs, attributes = {}, shape = [2, 2], dtype = 'f32']) => {
    return { op, inputs, attributes, shape, dtype }
  })
  const input = { op: 'input', inputs: [], attributes: {}, shape: [2, 2], dtype: 'f32' }
  return Program.fromJSON({
    nodes: [input, ...nodes],
    inputs: [{ role: 'batch', name: 'x', node: 0 }],
    updates: [],
    results: [{ name, node: result }],
  })
}

async function valueOf(program: Program): Promise<number[]> {
  const execution = await engine.compile(wholeBatch(program, 2), { data: x, seed: 0 })
  try {
    const { means } = await execution.run({ steps: 1 })
    return [...(means.value ?? [])]
  } finally {
    execution.dispose()
  }
}

describe('what is of no use, but allowed', () => {
  test('a concatenation of one operand', async () => {
    expect(await valueOf(forged([['concat', [0], { axis: 1 }]]))).toEqual([1, 2, 3, 4])
  })

  test('a constant of bytes', async () => {
    const constant: Draft = ['constant', [], { values: [1, 2, 3, 255] }, [2, 2], 'u8']
    expect(await valueOf(forged([constant, ['cast', [1], { dtype: 'f32' }], ['add', [0, 2]]]))).toEqual([2, 4, 6, 259])
  })

  test('nodes that nothing reads', async () => {
    expect(
      await valueOf(
        forged(
          [
            ['neg', [0]],
            ['relu', [1]],
            ['exp', [0]],
            ['add', [0, 0]],
          ],
          4,
        ),
      ),
    ).toEqual([2, 4, 6, 8])
  })

  test('thousands of names for one value, and thousands of nodes', async () => {
    const names = Array.from({ length: 20_000 }, (_, index): Draft => ['reshape', [index]])
    expect(await valueOf(forged(names))).toEqual([1, 2, 3, 4])
    const negated = Array.from({ length: 4000 }, (_, index): Draft => ['neg', [index]])
    expect(await valueOf(forged(negated))).toEqual([1, 2, 3, 4])
  })
})

describe('a step of Adam of which something else reads a part', () => {
  const { program, tail, ...batches } = train(network, { optimizer: adam(), batchSize: 5, data: trainingData })
  const opOf = (index: number) => program.nodes[index]?.op
  // The step size, broadcast, times the mean, flushed.
  const product = program.nodes.findIndex(({ op, inputs }) => {
    return op === 'mul' && inputs.some((i) => opOf(i) === 'flushBelow') && inputs.some((i) => opOf(i) === 'broadcast')
  })
  const flushed = program.nodes[product]?.inputs.find((input) => opOf(input) === 'flushBelow') ?? -1
  const unflushed = program.nodes[flushed]?.inputs[0] ?? -1

  test.each<[string, (nodes: Node[]) => Node[]]>([
    [
      'a node that nothing reads',
      (nodes) => [...nodes, { op: 'sum', inputs: [unflushed], attributes: { axes: [0, 1] }, shape: [], dtype: 'f32' }],
    ],
    [
      'its own step size',
      (nodes) => nodes.map((node, index) => (index === product ? { ...node, inputs: [unflushed, flushed] } : node)),
    ],
  ])('%s', async (_, change) => {
    expect(Math.min(product, flushed, unflushed)).toBeGreaterThan(0)
    expect(tail).toBeDefined()
    const changed = Program.fromJSON({ ...program.toJSON(), nodes: change([...program.nodes]) })
    const whole = { ...batches, program: changed }
    const execution = await engine.compile(whole, { data: trainingData, seed: 4 })
    expect((await execution.run({ steps: 3 })).status).toBe('done')
    execution.dispose()
  })
})

test('one element of one example is moved by several workers', async () => {
  const program = traceProgram((trace) => {
    trace.result('value', transpose(exp(trace.batch('x', 'f32', [1, 1])), [1, 0]), { rows: true })
  })
  const data = splitOf({ x: { dtype: 'f32', shape: [1], values: Float32Array.of(0) } }, 1)
  const execution = await engine.compile(wholeBatch(program, 1), { data, seed: 0, workers: 2 })
  expect((await execution.run({ steps: 1 })).rows.value).toEqual(Float32Array.of(1))
  execution.dispose()
})

describe('what would make a plan too long', () => {
  const many = 2 ** 20

  test('a loss of many numbers', async () => {
    const program = traceProgram((trace) => trace.result('loss', trace.batch('x', 'f32', [1, many])))
    const data = splitOf({ x: { dtype: 'f32', shape: [many], values: new Float32Array(many) } }, 1)
    await expect(engine.compile(wholeBatch(program, 1), { data, seed: 0 })).rejects.toThrow(
      'the CPU engine takes a loss of at most 262144 numbers',
    )
  })

  test('a stack of many matrices is one instruction', async () => {
    const stack: Draft = ['broadcast', [0], {}, [many, 2, 2]]
    const program = forged([stack, ['matmul', [1, 1], {}, [many, 2, 2]], ['reduceMax', [2], { axes: [0] }]])
    expect(await valueOf(program)).toEqual([7, 10, 15, 22])
  })
})
