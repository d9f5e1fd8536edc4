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

/** Around the numbers that a kernel makes at once. */
const LENGTHS = [0, 1, 3, 63, 65, 1023, 50_001]

test.each(engines)('$name draws the numbers of core, for every length and seed, and no others', (engine) => {
  const { buffer, byteOffset } = engine.allocate(4 * 50_002)
  for (const [at, seed] of [0, 1, 2 ** 31, 2 ** 32 - 1, -7].entries()) {
    for (const length of LENGTHS) {
      const purpose = purposeOf(`w${at}`)
      const expected = new Float32Array(length)
      const drawn = new Float32Array(buffer, byteOffset, length)
      const after = new Float32Array(buffer, drawn.byteOffset + drawn.byteLength, 1).fill(7)
      engine.fill(drawn, 'normal', seed, purpose)
      fillNormal(expected, seed, purpose, 0)
      expect(drawn).toEqual(expected)
      engine.fill(drawn, 'uniform', seed, purpose)
      fillUniform(expected, seed, purpose, 0)
      expect(drawn).toEqual(expected)
      expect(after[0]).toBe(7)
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
