// `gradpool run --profile`: a Chrome trace and the ten largest kernels beside the same run.
import { findTensorFlow } from '@gradpool/engine-tensorflow'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from './data-folder.js'
import { contentsOf, emptyFolder, gradpool } from './gradpool.js'
import { expectMistake } from './mistake.js'
import { bitsOf, documentOf } from './run-document.js'

const args = ['run', 'mnist_auto_1', '--epochs', '2', '--json']

test('a profile has every stage, and changes no bit', async () => {
  const cwd = await emptyFolder()
  const data = ['--data', await dataFolder(), '--fresh']
  const without = documentOf(await gradpool([...args, ...data], { cwd }))
  const told = await gradpool([...args, ...data, '--profile', 'trace.json'], { cwd })
  expect(told.code).toBe(0)
  expect(bitsOf(documentOf(told))).toEqual(bitsOf(without))
  const table = told.stderr.slice(told.stderr.indexOf('mnist_auto_1 autoencode: '))
  expect(table).toMatch(/^mnist_auto_1 autoencode: [\d.]+ µs a step, over 100 of 400 steps$/m)
  expect(table.match(/^ *[\d.]+ % .* mnist_auto_1 (autoencode|classify): /gm)).toHaveLength(10)
  expect(table).toMatch(/^The profile is in 'trace\.json'; /m)
  const trace = JSON.parse(await readFile(join(cwd, 'trace.json'), 'utf8')) as { traceEvents: { name: string }[] }
  expect(trace.traceEvents.filter(({ name }) => name === 'process_name')).toHaveLength(2)
})

test('where no stage is trained, nothing is written', async () => {
  const cwd = await emptyFolder()
  const small = ['run', 'mnist_mlp_1p', '--epochs', '1', '--quiet', '--data', await dataFolder()]
  await gradpool(small, { cwd })
  const { code, stderr } = await gradpool([...small, '--profile', 'trace.json'], { cwd })
  expect(code).toBe(0)
  expect(stderr).toBe("No stage was trained, so 'trace.json' is not written; --fresh trains every stage.\n")
  expect(await contentsOf(cwd)).toEqual(['runs'])
})

const hasTensorFlow = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1' && (await findTensorFlow()) !== undefined

test.runIf(hasTensorFlow)('TensorFlow has none', async () => {
  await expectMistake(
    [...args, '--engine', 'tensorflow', '--profile', 'trace.json'],
    /^the engine 'tensorflow' cannot be profiled; native and wasm can$/im,
  )
})
