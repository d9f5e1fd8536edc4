import { adam, defineModel, matmul, mean, normal, parameter, sub, square } from '@gradpool/core'
import { train, type CompileOptions } from '@gradpool/core/engine'
import { afterAll, expect, test } from 'vitest'
import { wasmEngine } from '../wasm-engine.js'
import { Plans } from './plans.js'

const model = defineModel({
  params: { w: parameter([3, 2], normal(1)) },
  step: ({ w }, { x }: { x: Parameters<typeof matmul>[0] }) => ({ loss: mean(square(sub(matmul(x, w), 1))) }),
})
const values = (first: number) => Float32Array.from({ length: 21 }, (_, i) => Math.sin(first + i))
const dataOf = (first: number) => ({
  fields: { x: { dtype: 'f32' as const, shape: [3], values: values(first) } },
  rows: Int32Array.of(0, 1, 2, 3, 4, 5, 6),
})
const program = train(model, { optimizer: adam(), batchSize: 4, data: dataOf(0) })

const engines: Awaited<ReturnType<typeof wasmEngine>>[] = []
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

test('there is one plan for a Program and what else determines it', () => {
  const plans = new Plans(() => 256)
  const given = { batchSize: 4, isShared: false, dtypeOf: () => 'f32' as const }
  const plan = plans.of(program.program, given)
  expect(plans.of(program.program, { ...given })).toBe(plan)
  expect(plans.of(program.program, { ...given, isShared: true })).not.toBe(plan)
  expect(plans.of(program.program, { ...given, dtypeOf: () => 'u8' })).not.toBe(plan)
  expect(new Plans(() => 256).of(program.program, given)).not.toBe(plan)
})

test('executions that share a plan have the bits of those that do not, each with its data and seed', async () => {
  const compiled = async (engine: (typeof engines)[number], options: CompileOptions) => {
    const execution = await engine.compile(program, options)
    await execution.run({ steps: 5 })
    return execution
  }
  const newEngine = async () => {
    const engine = await wasmEngine({ memoryBytes: 2 ** 26 })
    engines.push(engine)
    return engine
  }
  const shared = await newEngine()
  const all = [0, 1, 2].map((seed) => ({ data: dataOf(seed), seed, workers: seed === 2 ? 2 : 1 }))
  const together = []
  for (const options of all) together.push(await compiled(shared, options))
  const states = new Set<string>()
  for (const [at, options] of all.entries()) {
    const alone = (await compiled(await newEngine(), options)).read()
    expect(together[at]?.read()).toEqual(alone)
    states.add(String(alone.w))
  }
  expect(states.size).toBe(3)
})
