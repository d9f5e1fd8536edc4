// Every CPU engine and instruction set of this machine trains the catalogue to the same bits, and TensorFlow to the
// same costs within rounding.
import { nativeInstructionSets, wasmBuilds } from '@gradpool/engine-cpu'
import { findTensorFlow } from '@gradpool/engine-tensorflow'
import { type RunResult } from '@gradpool/orchestrator'
import { beforeAll, describe, expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { isLong } from './faults/is-long.js'
import { gradpool, temporaryFolder } from './gradpool.js'
import { bitsOf, runJson } from './run-document.js'

/** Without an instruction for a fused multiply-add, steps take ten times as long: these train on fewer images. */
const withoutFma = ['emulated', 'sse4.2', 'portable']
const few = smallData()
/** To train hash codes takes long; 1,000 images are held out. `npm run test:faults` trains on more, by all code. */
const fewer = smallData(isLong ? 2000 : 1250)
const hashingSets = nativeInstructionSets().filter((set) => isLong || !withoutFma.includes(set))
const onAll = ['report', '--epochs', '1']
const onFew = ['report', '--epochs', '2', ...few]
const [firstWasmBuild = '', ...otherWasmBuilds] = wasmBuilds()

/** What the first build of `wasm` trains on all images, and on the first of them. */
let expected: { readonly all: RunResult; readonly few: RunResult }
let cwd: string

beforeAll(async () => {
  const folder = await temporaryFolder()
  cwd = folder.path
  const options = { cwd, env: { GRADPOOL_WASM: firstWasmBuild } }
  expected = {
    all: await runJson([...onAll, '--engine', 'wasm'], options),
    few: await runJson([...onFew, '--engine', 'wasm'], options),
  }
  return folder.remove
})

async function expectSameBits(engine: string, code: string, env: Readonly<Record<string, string>>): Promise<void> {
  const hasFma = !withoutFma.includes(code)
  const document = await runJson([...(hasFma ? onAll : onFew), '--engine', engine], { cwd, env })
  expect(document.engine).toBe(engine)
  expect(bitsOf(document)).toEqual(bitsOf(hasFma ? expected.all : expected.few))
}

test.each(otherWasmBuilds)('the build %s of WebAssembly gives the same bits', async (build) => {
  await expectSameBits('wasm', build, { GRADPOOL_WASM: build })
})

// Empty where set-up found no C compiler; then there is wasm alone.
describe.each(nativeInstructionSets())('native code for %s', (instructionSet) => {
  test('gives the bits of WebAssembly', async () => {
    await expectSameBits('native', instructionSet, { GRADPOOL_CPU: instructionSet })
  })
})

// A stage without labels and one with, random maps of images in both.
test.runIf(hashingSets.length > 0)('native code trains hash codes to the bits of WebAssembly', async () => {
  const args = ['mnist_hash_semi', '--epochs', '1', ...fewer]
  const wanted = bitsOf(await runJson([...args, '--engine', 'wasm'], { cwd }))
  for (const instructionSet of hashingSets) {
    const env = { GRADPOOL_CPU: instructionSet }
    const document = await runJson([...args, '--engine', 'native'], { cwd, env })
    expect(bitsOf(document), instructionSet).toEqual(wanted)
  }
})

test('an instruction set that is not there is a mistake, not something else instead', async () => {
  const env = { GRADPOOL_CPU: 'mmx' }
  const { code, stderr } = await gradpool(['run', 'mnist_mlp_1p', '--engine', 'native'], { env })
  expect(code).toBe(2)
  expect(stderr).toMatch(/'native'/)
  const other = await gradpool(['run', 'mnist_mlp_1p', '--engine', 'wasm'], { env: { GRADPOOL_WASM: 'mmx' } })
  expect(other.code).toBe(2)
  expect(other.stderr).toMatch(/^the engine 'wasm' does not have the build 'mmx' here; it has .+\n$/)
})

test('where the CPU does not fuse, doctor says so, and the bits are the same', async () => {
  const node = ['--no-enable-fma3']
  const { stdout } = await gradpool(['doctor'], { cwd, node })
  expect(stdout).toMatch(/^. Engine wasm .*, without fused multiply-add: the same results, several times slower$/m)
  const args = ['mnist_mlp_1p', '--epochs', '2', '--engine', 'wasm', '--in-process', ...few]
  expect(bitsOf(await runJson(args, { cwd, node }))).toEqual(bitsOf(await runJson(args, { cwd })))
})

const hasTensorFlow = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1' && (await findTensorFlow()) !== undefined

// On all images in `npm run test:faults -- engines`.
test.runIf(hasTensorFlow)('TensorFlow comes to the same costs', { timeout: 120_000 }, async () => {
  const costsOf = ({ experiments }: RunResult) =>
    experiments.flatMap(({ name, stages }) =>
      stages.map(({ name: stage, epochs }) => ({
        stage: `${name} ${stage}`,
        loss: Number(epochs[0]?.loss),
      })),
    )
  const wanted = costsOf(isLong ? expected.all : expected.few)
  const costs = costsOf(await runJson([...(isLong ? onAll : onFew), '--engine', 'tensorflow'], { cwd }))
  expect(costs.map(({ stage }) => stage)).toEqual(wanted.map(({ stage }) => stage))
  for (const [index, { stage, loss }] of costs.entries()) {
    // Rounding differs, and thousands of steps let it grow; a classifier on an encoder starts from what it became.
    const tolerance = stage.endsWith('autoencode') ? 1e-3 : 1e-2
    const reference = wanted[index]?.loss ?? NaN
    expect(Math.abs(loss - reference) / reference, stage).toBeLessThan(tolerance)
  }
})
