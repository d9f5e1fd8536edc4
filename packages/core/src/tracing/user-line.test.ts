/**
 * Shape errors name the line of the user's code, whatever lies between it and the op.
 */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { add, concat, grad, matmul, mean, reshape, ShapeError, sum, type Tensor } from '../index.js'
import { traceProgram } from '../engine/index.js'
import { firstUserLine, isOwnFile } from './user-line.js'

const here = import.meta.dirname
const repository = join(here, '../../../..')

/** The line of this file that calls it. */
function lineHere(): number {
  return Number(/user-line\.test\.ts:(\d+)/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1])
}

describe('a shape error', () => {
  test('ends with the line that called the op', () => {
    let line = 0
    const build = () =>
      traceProgram((trace) => {
        const a = trace.batch('a', 'f32', [10, 784])
        const b = trace.batch('b', 'f32', [64, 10])
        line = lineHere() + 1
        matmul(a, b)
      })
    expect(build).toThrow(ShapeError)
    expect(build).toThrow(/^matmul of f32\[10, 784\] and f32\[64, 10\]: the inner extents, 784 and 64, differ/)
    expect(build).toThrow(new RegExp(`\\(at .*user-line\\.test\\.ts:${line}\\)$`))
  })

  test('of an op within an op is still the caller', () => {
    let line = 0
    const build = () =>
      traceProgram((trace) => {
        const x = trace.batch('x', 'f32', [4, 3])
        line = lineHere() + 1
        mean(x, 2)
      })
    expect(build).toThrow(`mean of f32[4, 3]: there is no axis 2`)
    expect(build).toThrow(`user-line.test.ts:${line})`)
  })

  test.each([
    ['add of f32[4, 3] and f32[4]: the shapes cannot be broadcast to one', [4, 3], [4], add],
    ['reshape of f32[4, 3]: the elements do not fill [5]', [4, 3], [], (x) => reshape(x, [5])],
    ['reshape of f32[4]: [-1, -1] has more than one -1', [4], [], (x) => reshape(x, [-1, -1])],
    ['sum of f32[4]: [0, -1] names one axis twice', [4], [], (x) => sum(x, [0, -1])],
    ['concat of f32[4, 3] and f32[2, 2]: operands must be alike', [4, 3], [2, 2], (a, b) => concat([a, b], 0)],
    ['matmul of f32[4] and f32[4]: it takes two matrices', [4], [4], matmul],
    ['grad: the loss must be an f32 scalar, not f32[4]', [4], [], (x) => grad(x, [x])],
  ] as [string, number[], number[], (a: Tensor, b: Tensor) => unknown][])(
    'names op and shapes: %s',
    (message, a, b, op) => {
      const build = () =>
        traceProgram((trace) => {
          op(trace.batch('a', 'f32', a), trace.batch('b', 'f32', b))
        })
      expect(build).toThrow(ShapeError)
      expect(build).toThrow(message)
    },
  )
})

describe('the first line of the user', () => {
  test('is found past the sources of core and models, compiled or not', () => {
    const stack = `Error: no
    at Trace.node (${repository}/packages/core/src/tracing/trace.ts:10:3)
    at file://${repository}/packages/core/dist/ops/product.js:20:5
    at new Dense (file://${repository}/packages/models/dist/layers/dense.js:7:1)
    at Array.map (<anonymous>)
    at async file:///home/me/my-model.ts?t=1:12:34
    at node:internal/modules/run_main:1:2`
    expect(firstUserLine(stack)).toBe('/home/me/my-model.ts:12')
  })

  test('may be a test file beside the sources, or a package that is called core', () => {
    expect(isOwnFile(join(here, 'trace.ts'))).toBe(true)
    expect(isOwnFile(join(here, 'trace.test.ts'))).toBe(false)
    expect(isOwnFile('/home/me/packages/core/src/model.ts')).toBe(false)
    expect(isOwnFile('/home/me/node_modules/@gradpool/models/dist/index.js')).toBe(true)
  })

  test('may be in a folder with any name', () => {
    const stack = 'Error: no\n    at build (/home/me/code (copy)/model.ts:3:4)'
    expect(firstUserLine(stack)).toBe('/home/me/code (copy)/model.ts:3')
  })

  test('is left out where there is none', () => {
    expect(firstUserLine('Error: no\n    at node:internal/main:1:2')).toBeUndefined()
  })
})
