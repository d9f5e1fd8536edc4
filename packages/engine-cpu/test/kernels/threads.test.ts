/** One memory under several instances, and the stack that a call needs. */
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { MATMUL, MICRO, OP, REGISTER, EXEC, STACK_BYTES, POINTWISE } from '../../src/instructions.js'
import { KernelHost, addressOf, expectSameBits } from '../../src/testing/kernel-host.js'

const host = new KernelHost()

describe('stack', () => {
  it('needs no more than plan.h says', () => {
    host.reset()
    const [m, n, k] = [70, 90, 300]
    const count = m * n
    // A program of as many registers as there may be, of kinds that take memory of the program's
    // own.
    const registers = [REGISTER.PRODUCT, 0]
    for (let r = 1; r < POINTWISE.MAX_REGISTERS; r++) {
      if (r <= POINTWISE.MAX_TEMPS) registers.push(REGISTER.TEMP, r - 1)
      else if (r % 2 === 0) registers.push(REGISTER.ROW, addressOf(host.floats(n)))
      else registers.push(REGISTER.COL, addressOf(host.floats(m)))
    }
    const ops = Array.from({ length: POINTWISE.MAX_REGISTERS }, (_, r) => [
      MICRO.ADD,
      1 + (r % POINTWISE.MAX_TEMPS),
      0,
      r,
      0,
    ])
    const program = host.ints([POINTWISE.MAX_REGISTERS, ops.length, 0, ...registers, ...ops.flat()])
    const scratch = host.bytes(host.exports.matmul_scratch(m, n, k, MATMUL.TRANSPOSE_B, 0, 1, 1))
    const matmul = [OP.MATMUL, 11, 0, addressOf(host.floats(m * k)), addressOf(host.floats(n * k)), m, n, k]
    const random = host.floats(count)
    const seed = addressOf(host.ints(1))
    const words = [
      ...[...matmul, MATMUL.TRANSPOSE_B, addressOf(scratch), addressOf(program)],
      ...[OP.MAP, 5, m, n, addressOf(host.ints([1, 0, 0, REGISTER.FULL, addressOf(random)]))],
      ...[OP.LOG_SOFTMAX, 6, addressOf(random), addressOf(random), m, n],
      ...[OP.RANDOM, 8, addressOf(random), count, 1, 5, seed, seed],
    ]
    const pointer = host.exports.__stack_pointer
    const usual = pointer.value
    const below = host.bytes(2 * STACK_BYTES).fill(0x33)
    pointer.value = addressOf(below) + below.length
    expect(host.executeAll(words)).toBe(0)
    pointer.value = usual
    const used = below.length - below.findIndex((byte) => byte !== 0x33)
    expect(used).toBeGreaterThan(1000)
    expect(used).toBeLessThan(STACK_BYTES)
    expect(host.guardsHold()).toBe(true)
  })
})

describe('instances', () => {
  it('of several threads share a memory and leave it as it is', async () => {
    host.reset()
    const marked = host.bytes(Uint8Array.from({ length: 1 << 20 }, (_, i) => i & 255))
    const code = `
      const { parentPort, workerData: { module, memory, exec, plan, words, stackTop } } = require('node:worker_threads')
      const { exports } = new WebAssembly.Instance(module, { env: { memory, now: () => 0 } })
      exports.__stack_pointer.value = stackTop
      parentPort.postMessage(exports.execute(exec, plan, words))`
    const results = [1, 2, 3].map((seed) => {
      const to = host.floats(1000)
      const plan = host.ints([
        OP.RANDOM,
        8,
        addressOf(to),
        1000,
        1,
        5,
        addressOf(host.ints([seed])),
        addressOf(host.ints([0])),
      ])
      const exec = host.ints(EXEC.WORDS)
      const stackTop = host.allocate(1 << 18) + (1 << 18)
      const workerData = {
        module: host.module,
        memory: host.memory,
        run: addressOf(exec),
        plan: addressOf(plan),
        words: plan.length,
        stackTop,
      }
      const worker = new Worker(code, { eval: true, workerData })
      const done = new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      return { to, done, plan }
    })
    for (const { to, done, plan } of results) {
      expect(await done).toBe(0)
      const actual = Float32Array.from(to)
      host.executeAll([...plan])
      expectSameBits(actual, Float32Array.from(to))
    }
    expect(marked.every((byte, i) => byte === (i & 255))).toBe(true)
    expect(host.guardsHold()).toBe(true)
  })
})
