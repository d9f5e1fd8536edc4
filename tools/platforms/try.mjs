/**
 * Runs the native code of a platform in this Node, which may be one of another processor in an emulator: each
 * instruction set that the CPU has answers the known question, and trains a network to the bits of WebAssembly.
 *
 *   node tools/platforms/try.mjs linux-x64-gnu
 *   wine64 node.exe tools/platforms/try.mjs win32-x64 > out.txt
 *   qemu-aarch64 -L /usr/aarch64-linux-gnu node-of-arm64 tools/platforms/try.mjs linux-arm64-gnu
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

const [name = ''] = process.argv.slice(2)
// Read when native code is first asked for.
process.env.GRADPOOL_NATIVE = join(import.meta.dirname, '..', '..', 'packages', 'engine-cpu', 'npm', name)
const {
  adam,
  add,
  conv,
  defineModel,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normal,
  oneHot,
  parameter,
  relu,
  reshape,
  sum,
} = await import('@gradpool/core')
const { train } = await import('@gradpool/core/engine')
const { nativeEngine, nativeInstructionSets, wasmEngine } = await import('@gradpool/engine-cpu')

const [rows, side, classes, batchSize] = [64, 12, 10, 16]
const data = {
  fields: {
    image: {
      dtype: 'u8',
      shape: [side, side, 1],
      values: Uint8Array.from({ length: rows * side * side }, (_, i) => (i * 37 + (i >> 5) * 11) % 256),
    },
    label: { dtype: 'u8', shape: [], values: Uint8Array.from({ length: rows }, (_, i) => (3 * i) % classes) },
  },
  rows: Int32Array.from({ length: rows }, (_, i) => i),
}
const model = defineModel({
  params: {
    filter: parameter([3, 3, 1, 8], normal(0.2)),
    hidden: parameter([800, 70], normal(0.1)),
    output: parameter([70, classes], normal(0.1)),
  },
  step({ filter, hidden, output }, { image, label }) {
    const found = relu(conv(mul(image, 1 / 255), filter))
    const code = relu(matmul(reshape(found, [image.shape[0], 800]), hidden))
    const logits = add(matmul(code, output), 0.1)
    return { loss: mean(neg(sum(mul(logSoftmax(logits), oneHot(label, classes)), [1]))) }
  },
})
const program = train(model, { optimizer: adam({ learningRate: 0.01 }), batchSize, data })

async function weightsOf(make, options) {
  const engine = await make({ memoryBytes: 2 ** 26, ...options })
  const execution = await engine.compile(program, { data, seed: 3 })
  await execution.run({ steps: 12 })
  const hash = createHash('sha256')
  for (const values of Object.values(execution.read())) hash.update(values)
  await engine.dispose()
  return hash.digest('hex').slice(0, 16)
}

const started = performance.now()
const sets = nativeInstructionSets()
const askedMs = performance.now() - started
const wanted = await weightsOf(wasmEngine, {})
console.log(
  `${name} on ${process.platform} ${process.arch}, Node ${process.versions.node}: ${sets.join(', ') || 'none'}`,
)
console.log(`loaded and asked in ${askedMs.toFixed(1)} ms`)
for (const instructionSet of sets) {
  const hash = await weightsOf(nativeEngine, { instructionSet })
  console.log(`${instructionSet.padEnd(10)} ${hash} ${hash === wanted ? 'the bits of WebAssembly' : `not ${wanted}`}`)
  if (hash !== wanted) process.exitCode = 1
}
if (sets.length === 0) process.exitCode = 1
