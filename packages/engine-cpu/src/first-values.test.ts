/** The states that a training begins with, drawn by the kernels, are those that core draws. */
import { normal, uniform } from '@gradpool/core'
import { fillNormal, fillUniform, initialState, purposeOf, traceProgram } from '@gradpool/core/engine'
import { wholeBatch } from '@gradpool/engine-contract'
import { expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets } from './native-engine.js'
import { CpuEngine } from './engine.js'
import { wasmEngine } from './wasm-engine.js'

const makes = [wasmEngine, ...(nativeInstructionSets().length > 0 ? [nativeEngine] : [])]
const engines = (await Promise.all(makes.map((make) => make({ memoryBytes: 2 ** 26 })))).filter(
  (engine) => engine instanceof CpuEngine,
)

/** Around the numbers that a kernel makes at once, and the numbers that are drawn at once. */
const LENGTHS = [0, 1, 3, 63, 65, 1023, 16_383, 16_384, 16_385, 50_001]

test.each(engines)('$name draws the numbers of core, for every length and seed', ({ fill }) => {
  for (const [at, seed] of [0, 1, 2 ** 31, 2 ** 32 - 1, -7].entries()) {
    for (const length of LENGTHS) {
      const purpose = purposeOf(`w${at}`)
      const [drawn, expected] = [new Float32Array(length), new Float32Array(length)]
      fill(drawn, 'normal', seed, purpose)
      fillNormal(expected, seed, purpose, 0)
      expect(drawn).toEqual(expected)
      fill(drawn, 'uniform', seed, purpose)
      fillUniform(expected, seed, purpose, 0)
      expect(drawn).toEqual(expected)
    }
  }
})

test.each(engines)('$name begins with the states of core', async (engine) => {
  const program = traceProgram((trace) => {
    trace.state('w', [130, 129], normal(0.3, 0.1))
    trace.state('u', [7], uniform(-1, 2))
    trace.state('like w', [130, 129], { kind: 'sameAs', state: 'w' })
    trace.result('x', trace.batch('x', 'f32', [1]), { rows: true })
  })
  const values = new Float32Array(1)
  const data = { fields: { x: { dtype: 'f32', shape: [], values } as const }, rows: Int32Array.of(0) }
  const execution = await engine.compile(wholeBatch(program, 1), { data, seed: 5 })
  expect(execution.read()).toEqual(initialState(program, 5))
  execution.dispose()
})

test.each(engines)('$name keeps no memory for what it draws', ({ fill, arena }) => {
  const values = new Float32Array(16_384)
  const times = 1 + arena.memory.buffer.byteLength / values.byteLength
  for (let i = 0; i < times; i++) fill(values, 'uniform', i, 0)
  expect(values).not.toEqual(new Float32Array(values.length))
})
