/** A text trains the same weights on every engine and number of workers; and a saved model takes texts as they are. */
import { adam } from '@gradpool/core'
import { arrays, bytePairs, text, type DataInput } from '@gradpool/datasets'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { continueText } from '@gradpool/models'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { fit, loadModel } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-texts-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const book = 'the whale, the white whale. '.repeat(40)
const path = written('book.txt', book)
const engine = nativeInstructionSets().length > 0 ? 'native' : 'wasm'
const model = continueText({ width: 8, heads: 2, blocks: 1, classes: 12 })
const training = {
  optimizer: adam(0.02),
  batchSize: 16,
  epochs: 8,
  progress: false,
  onWarning: () => undefined,
} as const

test('the same weights from a text, one that is compressed, and its numbers, on every engine and number of workers', async () => {
  const trained = async (data: DataInput, options: { readonly engine: 'native' | 'wasm'; readonly workers: number }) =>
    (await fit(model, { data, ...training, ...options })).weightsHash
  const own = { length: 8, test: 0.2 }
  const characters = [...new Set(book)].sort()
  const numbers = Int32Array.from(book.slice(0, 896), (character) => characters.indexOf(character))
  const windows = { shape: [8], rows: 111 }
  const plain = arrays({
    text: { values: numbers.slice(0, 888), shape: windows.shape },
    next: { values: numbers.slice(1, 889), shape: windows.shape },
  })
  const hash = await trained(text(path, own), { engine, workers: 1 })
  expect([
    await trained(text(written('book.txt.gz', gzipSync(book)), own), { engine, workers: 2 }),
    await trained(plain, { engine: 'wasm', workers: 3 }),
  ]).toEqual([hash, hash])
})

test('a saved model takes texts as they are', async () => {
  const fitted = await fit(continueText({ width: 16, heads: 2, blocks: 1 }), {
    data: text(path, { length: 8, tokens: bytePairs(262) }),
    test: 0.2,
    ...training,
    epochs: 20,
  })
  const { bits, loss, accuracy } = await fitted.evaluate()
  expect([bits < 1.5, accuracy > 0.6]).toEqual([true, true])
  expect(bits).toBeCloseTo(loss / Math.LN2, 5)
  await fitted.save(join(folder, 'book.gradpool'))

  await using saved = await loadModel(join(folder, 'book.gradpool'))
  const tokenizer = await saved.tokenizer()
  const seen = tokenizer.encode(book).slice(0, 8)
  const { estimate } = await saved.predict({ text: seen })
  expect((await fitted.predict({ text: seen })).estimate).toEqual(estimate)
  expect(tokenizer.decode(estimate?.slice(2) ?? [])).toBe(tokenizer.decode(tokenizer.encode(book).slice(3, 9)))
  expect(saved.summary()).toContain('256 bytes and 6 pairs')
  // Another text is read by the tokens of the model, whatever pairs are frequent in it.
  const other = text(written('other.txt', 'a white whale! '.repeat(9)), { length: 8 })
  expect((await saved.evaluate(other)).bits).toEqual((await fitted.evaluate(other)).bits)
})

test('a model of no text has no tokenizer', async () => {
  const data = arrays({
    text: { values: new Int32Array(8), shape: [4] },
    next: { values: new Int32Array(8), shape: [4] },
  })
  const fitted = await fit(model, { data, ...training, epochs: 1 })
  await expect(fitted.tokenizer()).rejects.toThrow('this model was trained on no text, so it has no tokenizer')
})
