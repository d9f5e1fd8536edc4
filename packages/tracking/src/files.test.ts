import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { csv, jsonLines } from './files.js'
import { smallLog } from './testing/small-log.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a table has a line for each epoch and split, and one head', async () => {
  for (const epochs of [smallLog('a/b').slice(0, 2), smallLog('a/b').slice(2)]) {
    const sink = csv(folder)
    for (const event of epochs) await sink.write(event)
    await sink.flush?.()
  }
  expect(readFileSync(join(folder, 'a/b.csv'), 'utf8').split('\n')).toEqual([
    'epoch,split,seconds,loss,accuracy',
    '1,train,0.5,2,0.25',
    '1,validation,,1.5,0.5',
    '2,train,0.25,,0.5',
    '2,validation,,1,0.75',
    '2,test,,1.25,0.625',
    '',
  ])
})

test('JSON lines have every event', async () => {
  const path = join(folder, 'log.jsonl')
  const sink = jsonLines(path)
  for (const event of smallLog('a')) await sink.write(event)
  await sink.flush?.()
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(events.map(({ type }) => type)).toEqual(smallLog('a').map(({ type }) => type))
  expect(events[0]).toMatchObject({ training: 'a', params: { batchSize: 2 }, time: '2025-06-15T15:06:40.000Z' })
  expect(events[2]?.image).toMatch(/^iVBOR/)
  expect(events[6]).toMatchObject({ row: { epoch: 2, loss: null } })
})

test('a file that cannot be written is one sentence', async () => {
  const sink = jsonLines('/dev/full')
  await sink.write(smallLog('a')[0] ?? never())
  await expect(sink.flush?.()).rejects.toThrow("cannot write '/dev/full': no space left on device")
})

function never(): never {
  throw new Error('there is an event')
}
