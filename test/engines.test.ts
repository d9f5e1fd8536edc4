// Every engine and instruction set of this machine trains the catalogue to the same bits.
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import { gradpool, temporaryFolder } from './gradpool.js'
import { bitsOf, runJson } from './run-document.js'

const twoEpochs = ['report', '--epochs', '2']
let expected: unknown

let cwd: string

beforeAll(async () => {
  const folder = await temporaryFolder()
  cwd = folder.path
  expected = bitsOf(await runJson([...twoEpochs, '--engine', 'wasm'], { cwd }))
  return folder.remove
})

// Empty where set-up found no C compiler; then there is wasm alone.
describe.each(nativeInstructionSets())('native code for %s', (instructionSet) => {
  test('gives the bits of WebAssembly', async () => {
    const env = { GRADPOOL_CPU: instructionSet }
    const document = await runJson([...twoEpochs, '--engine', 'native'], { cwd, env })
    expect(document.engine).toBe('native')
    expect(bitsOf(document)).toEqual(expected)
  })
})

test.runIf(nativeInstructionSets('fast').length > 0)('fast native code says so', async () => {
  const document = await runJson(['mnist_mlp_1p', '--precision', 'fast'], { cwd })
  expect(document.engine).toBe('native-fast')
  expect(document.experiments[0]?.accuracy).toBeGreaterThan(0.3)
})

test('fast WebAssembly is a mistake: there is no such thing', async () => {
  const args = ['run', 'mnist_mlp_1p', '--engine', 'wasm', '--precision', 'fast']
  const { code, stderr } = await gradpool(args, { cwd })
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "--precision fast needs the engine 'native'; WebAssembly has no fused operations\n",
  })
})

test('an instruction set that is not there is a mistake, not something else instead', async () => {
  const env = { GRADPOOL_CPU: 'mmx' }
  const { code, stderr } = await gradpool(['run', 'mnist_mlp_1p', '--engine', 'native'], { env })
  expect(code).toBe(2)
  expect(stderr).toMatch(/'native'/)
})
