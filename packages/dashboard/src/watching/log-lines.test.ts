import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { addEvents, epochEvent, makeRun, temporaryFolder } from '../testing/made-run.js'
import { logLines, OUTPUT_FILE } from './log-lines.js'

it('leaves out what is no event, or of a kind that is not known', async () => {
  const { path, remove } = temporaryFolder()
  onTestFinished(remove)
  const directory = makeRun(path, { name: 'a' })
  const log = join(directory, 'events.jsonl')
  const time = '2026-01-01T00:00:00.000Z'
  const odd = [
    'garbage',
    '',
    'null',
    '[]',
    '{}',
    { type: 'later', time },
    { type: 'epoch', time },
    { type: 1, time: 2 },
  ]
  appendFileSync(log, odd.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join(''))
  addEvents(directory, [epochEvent(3)])
  appendFileSync(log, '{"type":"epo')
  writeFileSync(join(directory, OUTPUT_FILE), 'printed\n\nhalf')
  const lines = await logLines(directory, 3)
  expect(lines.map(({ kind }) => kind)).toEqual(['event', 'event', 'output'])
  expect(lines.map(({ text }) => text).join()).toMatch(/ epoch 2: .* epoch 3: .*,printed$/)
})
