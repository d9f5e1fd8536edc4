/** Every op, by ONNX Runtime and by the reference evaluator. */
import { grad, square, sum, UserError, type Values } from '@gradpool/core'
import { OPS, prune, traceProgram, type OpName, type Program } from '@gradpool/core/engine'
import { choices, data, fieldsOf, OP_CASES, onnxRuntime, randomGraph } from '@gradpool/engine-contract'
import { cacheFolder } from '@gradpool/storage'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectOnnx } from './testing/expect-onnx.js'
import { encodeProgram } from './to-onnx.js'

const runtime = await onnxRuntime(cacheFolder())

type Build = (typeof OP_CASES)[string]

function valueOf(build: Build): Program {
  return traceProgram((trace) => trace.result('value', build(fieldsOf(trace))))
}

/** Of the sum of squares, by three fields; of what is no f32, none. */
function gradientsOf(build: Build): Program {
  return traceProgram((trace) => {
    const fields = fieldsOf(trace)
    const value = build(fields)
    if (value.dtype !== 'f32') return
    const { x, y, z } = fields
    grad(sum(square(value)), [x, y, z]).forEach((gradient, index) => trace.result(`gradient ${index}`, gradient))
  })
}

/** What each field of the contract's data has. */
const batch: Readonly<Record<string, Values>> = Object.fromEntries(
  Object.entries(data.fields).map(([name, { values }]) => [name, values]),
)

const cases = Object.entries(OP_CASES)
  .filter(([name]) => !name.startsWith('random'))
  .map(([name, build]) => {
    const programs = [valueOf(build), gradientsOf(build)].map((program) => prune(program, { keepStates: false }))
    return { name, programs: programs.filter(({ results }) => results.length > 0) }
  })

describe.runIf(runtime)('the ops', () => {
  test.each(cases)('$name', async ({ programs }) => {
    if (!runtime) return
    for (const program of programs) await expectOnnx(runtime, program, { batchSize: 5, batch })
  })
})

test('all ops are tried, but what draws random numbers', () => {
  const tried = new Set(cases.flatMap(({ programs }) => programs.flatMap(({ nodes }) => nodes.map(({ op }) => op))))
  expect(Object.keys(OPS).filter((op) => !tried.has(op as OpName))).toEqual(['random'])
})

describe('what ONNX cannot say', () => {
  test.each(['random uniform', 'random normal'])('%s is refused by its name', (name) => {
    const program = traceProgram((trace) => {
      const build = OP_CASES[name]
      if (build) trace.result('value', build(fieldsOf(trace)))
    })
    const encode = () => encodeProgram(program, { states: new Map(), outputs: [], batchSize: 5 })
    expect(encode).toThrow(UserError)
    expect(encode).toThrow('cannot be exported as ONNX')
  })
})

describe.runIf(runtime)('random Programs', () => {
  test('as ONNX', { timeout: 240_000 }, async () => {
    if (!runtime) return
    await fc.assert(
      fc.asyncProperty(choices, async (graph) => {
        const program = traceProgram((trace) => {
          const roots = [trace.batch('x', 'f32', [5, 5]), trace.batch('y', 'f32', [5, 5])]
          const tensors = randomGraph(roots, graph).slice(-3)
          tensors.forEach((tensor, index) => trace.result(`r${index}`, tensor))
        })
        await expectOnnx(runtime, program, { batchSize: 5 })
      }),
      { numRuns: 150, seed: 1 },
    )
  })
})
