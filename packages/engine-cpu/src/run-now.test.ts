/** Chunks that run at once, in this thread, over inputs that were written since. */
import { mul, UserError } from '@gradpool/core'
import { traceProgram, type Execution, type Program } from '@gradpool/core/engine'
import { wholeBatch } from '@gradpool/engine-contract'
import { describe, expect, test } from 'vitest'
import { nativeEngine, nativeInstructionSets } from './native-engine.js'
import { wasmEngine } from './wasm-engine.js'

const NUM_EXAMPLES = 3
const engines: [name: string, make: typeof wasmEngine][] = [['wasm', wasmEngine]]
if (nativeInstructionSets().length > 0) engines.push(['native', nativeEngine])

const doubling: Program = traceProgram((trace) => {
  trace.result('double', mul(trace.batch('x', 'f32', [NUM_EXAMPLES]), 2), { rows: true })
})

function runNow(execution: Execution, steps: number) {
  if (execution.runNow === undefined) throw new Error('this execution cannot run at once')
  return execution.runNow(steps)
}

describe.each(engines)('%s', (_, make) => {
  test('runs what the fields hold now, as often as it is asked', async () => {
    const engine = await make({ memoryBytes: 2 ** 26 })
    const { buffer, byteOffset } = engine.allocate(4 * NUM_EXAMPLES)
    const values = new Float32Array(buffer, byteOffset, NUM_EXAMPLES)
    const data = {
      fields: { x: { dtype: 'f32', shape: [], values } as const },
      rows: Int32Array.of(0, 1, 2),
    }
    const program = wholeBatch(doubling, NUM_EXAMPLES)
    const execution = await engine.compile(program, { data, seed: 0 })
    for (let i = 0; i < 3; i++) {
      values.set([i, i + 1, 10 * i])
      const { status, steps, rows } = runNow(execution, 1)
      expect({ status, steps }).toEqual({ status: 'done', steps: 1 })
      expect(rows.double).toEqual(Float32Array.of(2 * i, 2 * i + 2, 20 * i))
      expect(rows).toEqual((await execution.run({ steps: 1 })).rows)
    }
    expect(execution.step).toBe(6)
    const running = execution.run({ steps: 1 })
    expect(() => runNow(execution, 1)).toThrow(/running already/)
    await running
    expect(() => runNow(execution, -1)).toThrow(UserError)
    execution.dispose()
    expect(() => runNow(execution, 1)).toThrow(/disposed/)
    await engine.dispose()
  })
})
