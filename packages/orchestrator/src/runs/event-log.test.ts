import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { EventLog } from './event-log.js'

const line = (message: string) => `${JSON.stringify({ time: '2026', type: 'warning', message })}\n`

async function read(log: EventLog) {
  const all = { messages: [] as string[], parts: 0, anew: 0 }
  for await (const { events, isAnew } of log.added()) {
    all.parts++
    all.anew += Number(isAnew)
    for (const event of events) if (event.type === 'warning') all.messages.push(event.message)
  }
  return all
}

it('reads what was added, and no line before its end', async () => {
  const directory = await temporaryFolder()
  const log = new EventLog(directory)
  expect(await read(log)).toEqual({ messages: [], parts: 0, anew: 0 })
  writeFileSync(log.path, line('가') + line('b').slice(0, 9))
  expect((await read(log)).messages).toEqual(['가'])
  expect((await read(log)).messages).toEqual([])
  appendFileSync(log.path, line('b').slice(9) + line('c'))
  expect(await read(log)).toEqual({ messages: ['b', 'c'], parts: 1, anew: 0 })
})

it('reads a long log in parts, and a line that is longer than a part', async () => {
  const directory = await temporaryFolder()
  const log = new EventLog(directory)
  const messages = Array.from({ length: 3000 }, (_, at) => `${at} ${'x'.repeat(1000)}`)
  messages.splice(1500, 0, 'y'.repeat(5_000_000))
  writeFileSync(log.path, messages.map(line).join(''))
  const found = await read(log)
  expect(found.messages).toEqual(messages)
  expect(found.parts).toBeGreaterThan(2)
})

it('begins anew where the log was cut, or is another file', async () => {
  const directory = await temporaryFolder()
  const log = new EventLog(directory)
  writeFileSync(log.path, line('a') + line('b'))
  await read(log)
  truncateSync(log.path, line('a').length)
  expect(await read(log)).toEqual({ messages: ['a'], parts: 2, anew: 1 })
  rmSync(log.path)
  writeFileSync(join(directory, 'other'), '')
  writeFileSync(log.path, line('c') + line('d') + line('e'))
  expect(await read(log)).toEqual({ messages: ['c', 'd', 'e'], parts: 2, anew: 1 })
})

it('refuses a line that is no event', async () => {
  const directory = await temporaryFolder()
  const log = new EventLog(directory)
  for (const wrong of ['no JSON', '[]', '{"type":"warning"}', '{"time":"2026"}', '']) {
    writeFileSync(log.path, `${line('a')}${wrong}\n`)
    await expect(read(new EventLog(directory))).rejects.toThrow(`'${log.path}' is damaged: a line is no event`)
  }
  expect(log.path).toBe(join(directory, 'events.jsonl'))
})

it('gives what was logged as it was: bytes, not their text', async () => {
  const directory = await temporaryFolder()
  const log = new EventLog(directory)
  const bytes = Buffer.from([0, 128, 255]).toString('base64')
  const stage = { hash: 'a', name: 'b', seed: 0, experiments: ['c'] }
  const items = [
    { type: 'image', name: 'i', epoch: 1, image: { bytes, height: 1, width: 3, channels: 1 } },
    { type: 'file', name: 'f', epoch: 1, contents: bytes },
    { type: 'table', name: 'bytes', epoch: 1, table: { columns: ['contents'], rows: [['bytes']] } },
  ]
  const lines = items.map((item) => JSON.stringify({ time: '2026', type: 'logged', stage, item }))
  writeFileSync(log.path, `${lines.join('\n')}\n`)
  const found = []
  for await (const { events } of log.added()) {
    for (const event of events) if (event.type === 'logged') found.push(event.item)
  }
  const values = Uint8Array.of(0, 128, 255)
  expect(found[0]).toMatchObject({ image: { bytes: values, height: 1 } })
  expect(found[1]).toMatchObject({ contents: values })
  expect(found[2]).toEqual(items[2])
})
