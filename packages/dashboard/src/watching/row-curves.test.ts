import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { addEvents, epochEvent, makeRun, temporaryFolder } from '../testing/made-run.js'
import { RowCurves } from './row-curves.js'
import { WatchedList } from './watched-list.js'

function folder() {
  const { path, remove } = temporaryFolder()
  const list = new WatchedList(path)
  onTestFinished(async () => {
    list.close()
    await remove()
  })
  return { path, curves: new RowCurves(list) }
}

const always = () => true

it('gives 32 values at most, the first and the last among them, and nothing of what is not in the list', async () => {
  const { path, curves } = folder()
  const directory = makeRun(path, { name: 'a' })
  addEvents(
    directory,
    Array.from({ length: 998 }, (_, at) => epochEvent(at + 3)),
  )
  const asked = ['a/mine', 'a/other', 'b/mine', '../a/mine', 'a', '']
  const { curves: found } = await curves.read(asked, always)
  expect(Object.keys(found)).toEqual(['a/mine'])
  const { metric, values } = found['a/mine'] ?? { values: [] }
  expect([metric, values.length]).toEqual(['validation.loss', 32])
  expect(values.every((value, at) => at === 0 || value < (values[at - 1] ?? 0))).toBe(true)
  expect([values[0], values.at(-1)]).toEqual([1.1, 1 / 1000 + 0.1])
})

it('reads a run that has ended once, and goes on with one that does', async () => {
  const { path, curves } = folder()
  const done = makeRun(path, { name: 'done', accuracy: 0.5 })
  const going = makeRun(path, { name: 'going' })
  const owner = { host: hostname(), pid: process.pid, began: null, since: '2026' }
  writeFileSync(join(going, 'lock'), `${JSON.stringify(owner)}\n`)
  const rows = ['done/mine', 'going/mine']
  const lengths = async () => {
    const { curves: found } = await curves.read(rows, always)
    return rows.map((row) => found[row]?.values.length)
  }
  expect(await lengths()).toEqual([2, 2])
  addEvents(going, [epochEvent(3)])
  // Its log is not looked at again.
  writeFileSync(join(done, 'events.jsonl'), '')
  await new Promise((resolve) => setTimeout(resolve, 250))
  expect(await lengths()).toEqual([2, 3])
})

it('leaves rows to themselves that nobody waits for', async () => {
  const { path, curves } = folder()
  makeRun(path, { name: 'a' })
  expect(await curves.read(['a/mine'], () => false)).toEqual({ curves: {} })
})
