// Networks of every kind in the catalogue train to the same bits: in native code on one worker, in WebAssembly on
// three, and killed and resumed.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { smallData } from './data-folder.js'
import { isLong } from './faults/is-long.js'
import { emptyFolder, gradpool, start } from './gradpool.js'
import { bitsOf, documentOf, runJson } from './run-document.js'

const names = ['mnist_cnn', 'mnist_conv_auto', 'mnist_rows_gru', 'mnist_vae', 'mnist_gan']
const args = [...names, '--epochs', '1', ...smallData(isLong ? 2000 : 1500)]

test('convolutional, recurrent, variational and adversarial networks have the same bits everywhere', async () => {
  const one = await runJson([...args, '--workers', '1'])
  expect(one.experiments.map(({ name }) => name)).toEqual(names)
  const wanted = bitsOf(one)
  expect(bitsOf(await runJson([...args, '--engine', 'wasm', '--workers', '3']))).toEqual(wanted)

  const cwd = await emptyFolder()
  const { child, ended, said } = start(['run', ...args, '--checkpoint-every', '0.1', '--in-process'], { cwd })
  await said('  mnist_conv_auto autoencode Epoch 1')
  child.kill('SIGKILL')
  await ended
  const resumed = await gradpool(['run', ...args, '--resume', '--json'], { cwd })
  expect(resumed.code).toBe(0)
  expect(bitsOf(documentOf(resumed))).toEqual(wanted)
})

test('a transformer on a text has the same bits on every engine and number of workers', async () => {
  const book = join(await emptyFolder(), 'book.txt')
  await writeFile(book, Array.from({ length: 900 }, (_, i) => 'whale ship sea'.slice((i * i) % 11)).join(' '))
  const args = ['text_transformer', '--epochs', '1', '--data', book]
  const wanted = bitsOf(await runJson([...args, '--workers', '1']))
  expect(bitsOf(await runJson([...args, '--engine', 'wasm', '--workers', '3']))).toEqual(wanted)
})

test('a network on random images has the same bits on every engine and number of workers', async () => {
  const args = ['cifar_shape', '--epochs', '1', '--set', 'data.rows=80']
  const wanted = bitsOf(await runJson([...args, '--workers', '1']))
  expect(bitsOf(await runJson([...args, '--engine', 'wasm', '--workers', '2']))).toEqual(wanted)
})
