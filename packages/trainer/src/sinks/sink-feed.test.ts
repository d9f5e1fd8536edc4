import { expect, test } from 'vitest'
import { logOf } from './log.js'
import { SinkFeed } from './sink-feed.js'
import type { LogEvent, LogItem, Sink } from './sink.js'

const row = (epoch: number): LogItem => ({ type: 'epoch', row: { epoch, seconds: 1, loss: 1 } })
const end: LogItem = { type: 'ended', status: 'done', epoch: 1, test: null }

function keeping(more: Partial<Sink> = {}): { readonly sink: Sink; readonly events: LogEvent[] } {
  const events: LogEvent[] = []
  return { events, sink: { name: 'a list', write: (event) => void events.push(event), ...more } }
}

test('nothing is written while it is told, and all of it by the end', async () => {
  const { sink, events } = keeping()
  const feed = new SinkFeed({ sinks: [sink], warn: () => undefined })
  feed.tell('one', row(1))
  feed.tell('one', row(1))
  feed.tell('one', row(2))
  expect(events).toEqual([])
  await feed.close('interrupted')
  const told = events.map((event) => (event.type === 'epoch' ? event.row.epoch : event.type))
  expect(told).toEqual([1, 2, 'usage', 'ended'])
  expect(events.at(-1)).toMatchObject({ status: 'interrupted', epoch: 2, training: 'one' })
})

test('a sink that fails is one warning, and others go on', async () => {
  const warnings: string[] = []
  const { sink, events } = keeping()
  let calls = 0
  const full: Sink = {
    name: 'a full disk',
    write() {
      calls++
      throw new Error('no space left')
    },
  }
  const feed = new SinkFeed({ sinks: [full, sink], warn: (message) => warnings.push(message) })
  for (let epoch = 1; epoch <= 5; epoch++) feed.tell('', row(epoch))
  feed.tell('', end)
  await feed.close('done')
  expect(calls).toBe(1)
  expect(warnings).toEqual(['the log to a full disk ends here, and the training goes on: no space left'])
  expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(5)
})

test('a sink that never answers holds up nothing and takes bounded memory', async () => {
  const warnings: string[] = []
  const stuck: Sink = { name: 'a wall', weightsEvery: 1, write: () => new Promise(() => undefined) }
  const feed = new SinkFeed({ sinks: [stuck], warn: (message) => warnings.push(message), closeMs: 20 })
  const weights = { w: new Float32Array(2 ** 20) }
  for (let epoch = 1; epoch <= 10_000; epoch++) {
    feed.tell('', { type: 'epoch', row: { epoch, seconds: 1, loss: 1 }, weights })
  }
  await feed.close('done')
  expect(warnings[0]).toContain('took longer than 0.02 s')
  expect(warnings[1]).toMatch(/^a wall is slower than the training: \d+ entries were left out$/)
})

test('what is logged is checked and copied', () => {
  const items: LogItem[] = []
  const log = logOf(
    (item) => items.push(item),
    () => 3,
  )
  const values = [-1, 0, 1, 2]
  log.image('i', { values, shape: [2, 2], range: [-1, 1] })
  values.fill(1)
  log.file('f', 'text')
  expect(items[0]).toMatchObject({
    epoch: 3,
    image: { bytes: Uint8Array.of(0, 128, 255, 255), height: 2, channels: 1 },
  })
  expect(items[1]).toMatchObject({ type: 'file', contents: new TextEncoder().encode('text') })
  expect(() => log.image('i', { values, shape: [2, 3] })).toThrow('has 6 values, not 4')
  expect(() => log.table('t', { columns: ['a'], rows: [[1], []] })).toThrow('row 1 of a table')
  expect(() => log.file('', 'text')).toThrow('needs a name')
})
