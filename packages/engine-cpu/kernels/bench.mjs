/**
 * Times the kernels one by one, and training steps of three networks made of them, on plans written
 * by hand:
 *
 *     node packages/engine-cpu/kernels/bench.mjs [words that a name must contain]
 *
 * Each figure is the least and the median of many short chunks, since other processes may take the
 * core meanwhile.
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { MICRO, OP, REGISTER } from '../dist/instructions.js'

const file = process.env.KERNELS ?? new URL('../dist/kernels.wasm', import.meta.url)
const wanted = process.argv.slice(2)

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 4096, shared: true })
const bytes = readFileSync(file)
if (!WebAssembly.validate(bytes)) setFlagsFromString('--experimental-wasm-relaxed-simd') // Node 20
const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, now: () => 0 } })
const { execute, matmul_scratch, __heap_base } = instance.exports

let next = __heap_base.value
const start = next

function allocate(bytes) {
  const address = Math.ceil(next / 64) * 64
  next = address + bytes
  return address
}

/** Numbers in [-0.5, 0.5) without a pattern that a cache or a branch could learn. */
function scattered(index) {
  return (Math.imul(index + 1, 2654435761) >>> 0) / 2 ** 32 - 0.5
}

function floats(count, value = scattered) {
  const address = allocate(4 * count)
  const array = new Float32Array(memory.buffer, address, count)
  for (let i = 0; i < count; i++) array[i] = value(i)
  return address
}

function words(values) {
  const address = allocate(4 * values.length)
  new Int32Array(memory.buffer, address, values.length).set(values)
  return address
}

const instruction = (opcode, ...operands) => [opcode, operands.length + 2, ...operands]

function matmul(dst, a, b, m, n, k, flags = 0, epilogue = 0) {
  const scratch = allocate(matmul_scratch(m, n, k, flags, dst ? 1 : 0, epilogue ? 1 : 0))
  return instruction(OP.MATMUL, dst, a, b, m, n, k, flags, scratch, epilogue)
}

function pointwise(registers, ops, sums = []) {
  return words([registers.length, ops.length, sums.length, ...registers.flat(), ...ops.flat(), ...sums.flat()])
}

/** Microseconds per execution of a plan: [least, median]. */
function time(plan, chunks = 60) {
  const run = words(new Array(32).fill(0))
  const indices = words(Array.from({ length: 256 }, (_, i) => (i * 7919) % 1000))
  new Int32Array(memory.buffer, run, 32)[11] = indices
  const chunk = (count) => {
    const repeated = words(new Array(count).fill(plan).flat())
    const length = count * plan.length
    return () => {
      const before = process.hrtime.bigint()
      if (execute(run, repeated, length) !== 0) throw new Error('the plan does not run')
      return Number(process.hrtime.bigint() - before) / 1000 / count
    }
  }
  const mark = next
  const warm = chunk(1)
  for (let spent = 0, i = 0; spent < 60000 || i < 20; i++) spent += warm()
  const measure = chunk(Math.max(1, Math.ceil(2000 / warm())))
  const times = Array.from({ length: chunks }, measure).sort((a, b) => a - b)
  next = mark
  return [times[0], times[chunks >> 1]]
}

function report(name, makePlan, flops) {
  if (!wanted.every((word) => name.includes(word))) return
  next = start
  const [least, median] = time(makePlan())
  const rate = flops
    ? `${(flops / least / 1000).toFixed(1).padStart(7)} GFLOP/s (median ${(flops / median / 1000).toFixed(1)})`
    : ''
  console.log(`${name.padEnd(44)} ${least.toFixed(2).padStart(9)} µs (median ${median.toFixed(2)}) ${rate}`)
}

const product = (m, n, k, flags, name) =>
  report(
    `matmul ${m} x ${n}, depth ${k}${['', ', a transposed', ', b transposed', ', both transposed'][flags]} ${name ?? ''}`,
    () => matmul(floats(m * n), floats(m * k), floats(k * n), m, n, k, flags),
    2 * m * n * k,
  )

product(10, 10, 784, 0)
product(784, 10, 10, 1)
product(10, 64, 784, 0)
product(784, 64, 10, 1)
product(10, 784, 64, 0)
product(64, 784, 10, 1)
product(10, 64, 784, 2)
product(10, 10, 10, 0)
product(10, 10, 64, 0)
product(10, 64, 10, 2)
product(10, 1, 64, 0)
product(128, 512, 784, 0)
product(784, 512, 128, 1)
product(128, 512, 256, 2)
product(128, 256, 512, 0)
product(512, 256, 128, 1)
product(128, 10, 256, 0)
product(256, 10, 128, 1)
product(128, 256, 10, 2)
for (const flags of [0, 1, 2, 3]) product(512, 1024, 1024, flags)

/** Adam for one tensor: its registers after the gradient, and the micro-op. */
function adam(count, gradient, scalars) {
  const [w, m, v] = [floats(count), floats(count, () => 0.01), floats(count, () => 0.01)]
  const full = (address) => [REGISTER.FULL, address]
  const written = [w, m, v].map(full)
  const constants = Array.from({ length: 7 }, (_, i) => [REGISTER.SCALAR, scalars + 4 * i])
  return {
    w,
    program: pointwise([...written, ...written, gradient, ...constants], [[MICRO.ADAM, 0, 0, 0, 0]]),
  }
}
const adamScalars = () => floats(7, (i) => [0.9, 0.1, 0.999, 0.001, 0.001, 1, 1e-8][i])

for (const count of [10, 1000, 7840, 50176, 401408]) {
  report(`adam of ${count}`, () => {
    const { program } = adam(count, [REGISTER.FULL, floats(count)], adamScalars())
    return instruction(OP.MAP, 1, count, program)
  })
}
for (const [name, op] of Object.entries(MICRO)) {
  if (op === MICRO.ADAM) continue
  report(`pointwise program of 64 x 784: ${name}`, () => {
    const [a, b, to] = [
      floats(64 * 784, (i) => scattered(i) + 0.5),
      floats(64 * 784, (i) => scattered(i) + 0.5),
      floats(64 * 784),
    ]
    const registers = [a, b, to].map((address) => [REGISTER.FULL, address])
    return instruction(OP.MAP, 64, 784, pointwise(registers, [[op, 2, 0, 1, 0]]))
  })
}
for (const [rows, cols] of [
  [1, 1],
  [1, 10],
  [10, 10],
  [10, 784],
  [128, 10],
]) {
  for (const kind of ['FULL', 'SCALAR', 'ROW', 'COL']) {
    report(`pointwise program of ${rows} x ${cols}: relu(a + ${kind}) and sum`, () => {
      const [a, b, to, total] = [floats(rows * cols), floats(rows * cols), floats(rows * cols), floats(1)]
      const registers = [
        [REGISTER.FULL, a],
        [REGISTER[kind], b],
        [REGISTER.FULL, to],
        [REGISTER.TEMP, 0],
      ]
      return instruction(
        OP.MAP,
        rows,
        cols,
        pointwise(
          registers,
          [
            [MICRO.ADD, 3, 0, 1, 0],
            [MICRO.RELU, 2, 3, 0, 0],
          ],
          [[2, total]],
        ),
      )
    })
  }
}
report('gather 10 x 784 u8 to f32', () => instruction(OP.GATHER_BATCH, floats(7840), floats(784 * 250), 0, 2, 784, 10))
report('sum of 10 x 784 over rows', () => instruction(OP.SUM, floats(784), floats(7840), 1, 10, 784))
report('sum of 128 x 10 over rows', () => instruction(OP.SUM, floats(10), floats(1280), 1, 128, 10))
report('sum of 7840', () => instruction(OP.SUM, floats(1), floats(7840), 1, 7840, 1))
report('softmax 10 x 10', () => instruction(OP.SOFTMAX, floats(100), floats(100), 10, 10))
report('log softmax 128 x 10', () => instruction(OP.LOG_SOFTMAX, floats(1280), floats(1280), 128, 10))
report('normal 10000', () => instruction(OP.RANDOM, floats(10000), 10000, 1, 7, words([1]), words([2])))

/**
 * A training step of dense layers: forward, backward, Adam; relu between layers, and a
 * squared-error-like gradient at the end.
 */
function network(widths, batch) {
  const plan = []
  const scalars = adamScalars()
  let input = floats(batch * widths[0])
  plan.push(instruction(OP.GATHER_BATCH, input, floats((widths[0] * 1000) / 4), 0, 2, widths[0], batch))
  const target = floats(batch * widths.at(-1))
  const layers = []
  for (let l = 1; l < widths.length; l++) {
    const [from, to] = [widths[l - 1], widths[l]]
    const last = l === widths.length - 1
    const output = floats(batch * to)
    const registers = [
      [REGISTER.PRODUCT, 0],
      [REGISTER.ROW, 0],
      [REGISTER.TEMP, 0],
      [REGISTER.FULL, output],
      [REGISTER.FULL, target],
    ]
    const weight = adam(from * to, [REGISTER.PRODUCT, 0], scalars)
    const gradient = floats(batch * to)
    const bias = adam(to, [REGISTER.FULL, allocate(4 * to)], scalars)
    registers[1][1] = bias.w
    const ops = [[MICRO.ADD, 2, 0, 1, 0], last ? [MICRO.SUB, 3, 2, 4, 0] : [MICRO.RELU, 3, 2, 0, 0]]
    plan.push(matmul(0, input, weight.w, batch, to, from, 0, pointwise(registers, ops)))
    layers.push({ from, to, input, output, gradient, weight, bias })
    input = output
  }
  layers.at(-1).gradient = layers.at(-1).output
  for (const [index, { from, to, input, gradient, weight, bias }] of [...layers.entries()].reverse()) {
    if (index > 0) {
      const mask = [
        [REGISTER.PRODUCT, 0],
        [REGISTER.FULL, layers[index - 1].output],
        [REGISTER.SCALAR, floats(1, () => 0)],
      ]
      mask.push([REGISTER.TEMP, 0], [REGISTER.FULL, layers[index - 1].gradient])
      const ops = [
        [MICRO.LESS, 3, 2, 1, 0],
        [MICRO.MUL, 4, 3, 0, 0],
      ]
      plan.push(matmul(0, gradient, weight.w, batch, from, to, 2, pointwise(mask, ops)))
    }
    plan.push(matmul(0, input, gradient, from, to, batch, 1, weight.program))
    const sum = floats(to)
    plan.push(instruction(OP.SUM, sum, gradient, 1, batch, to))
    plan.push(instruction(OP.MAP, 1, to, bias.program))
  }
  return plan.flat()
}
const flopsOf = (widths, batch) =>
  widths.slice(1).reduce((sum, to, l) => sum + 2 * batch * to * widths[l] * (l === 0 ? 2 : 3), 0)
for (const [batch, widths] of [
  [10, [784, 10, 10]],
  [10, [784, 64, 10, 64, 784]],
  [128, [784, 512, 256, 10]],
]) {
  report(`step of ${widths.join('-')}, batch ${batch}`, () => network(widths, batch), flopsOf(widths, batch))
}
