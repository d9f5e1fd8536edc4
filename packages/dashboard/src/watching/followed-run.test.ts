import { changeLabels } from '@gradpool/orchestrator'
import type { TimedEvent } from '@gradpool/report'
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { addEvents, epochEvent, makeRun, startedEvent, temporaryFolder } from '../testing/made-run.js'
import { FollowedRun } from './followed-run.js'

async function followed(name = 'a') {
  const { path, remove } = temporaryFolder()
  const directory = makeRun(path, { name })
  const run = await FollowedRun.open(directory, true)
  const told = { events: [] as TimedEvent[], messages: 0, views: 0, states: 0, gone: 0 }
  const stop = run.listen({
    onEvents(events) {
      told.events.push(...events)
      told.messages++
    },
    onView: () => told.views++,
    onState: () => told.states++,
    onGone: () => told.gone++,
  })
  onTestFinished(async () => {
    stop()
    await remove()
  })
  return { directory, run, told, stop }
}

const rowsIn = (run: FollowedRun) => run.told.view.stages['stage-0']?.rows ?? []

it('tells what is added to the log of a run, by whichever process, and whole lines only', async () => {
  const { directory, run, told } = await followed()
  expect(rowsIn(run).map(({ epoch }) => epoch)).toEqual([1, 2])
  expect(run.state).toMatchObject({ status: 'cut off', canStop: false, canResume: true })
  const line = JSON.stringify(epochEvent(4))
  addEvents(directory, [epochEvent(3)])
  appendFileSync(join(directory, 'events.jsonl'), line.slice(0, 50))
  await expect.poll(() => told.events.length, { timeout: 3000 }).toBe(1)
  appendFileSync(join(directory, 'events.jsonl'), `${line.slice(50)}\n`)
  await expect.poll(() => told.events.length, { timeout: 3000 }).toBe(2)
  expect(rowsIn(run)).toHaveLength(4)
  expect(told.events.map((event) => event.type)).toEqual(['epoch', 'epoch'])
  expect(told.views).toBe(0)
})

it('tells that its directory is gone, and goes on where it comes back', async () => {
  const { directory, run, told } = await followed()
  renameSync(directory, `${directory}-away`)
  await expect.poll(() => told.gone, { timeout: 3000 }).toBeGreaterThan(0)
  expect(rowsIn(run)).toHaveLength(2)
  renameSync(`${directory}-away`, directory)
  addEvents(directory, [epochEvent(3)])
  await expect.poll(() => told.events.length, { timeout: 3000 }).toBe(1)
})

it('tells twice a second at most', async () => {
  const { directory, told } = await followed()
  const began = performance.now()
  for (let epoch = 3; epoch < 63; epoch++) {
    addEvents(directory, [epochEvent(epoch)])
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await expect.poll(() => told.events.length, { timeout: 3000 }).toBe(60)
  expect(told.messages).toBeLessThanOrEqual((performance.now() - began) / 500 + 1)
})

it('tells the state: who works on the run, and its labels', async () => {
  const { directory, run, told } = await followed()
  writeFileSync(
    join(directory, 'lock'),
    `${JSON.stringify({ host: hostname(), pid: process.pid, began: null, since: '2026' })}\n`,
  )
  await run.look()
  expect(run.state).toMatchObject({ status: 'running', canStop: true, canResume: false })
  writeFileSync(join(directory, 'lock'), `${JSON.stringify({ host: 'another', pid: 1, began: null, since: '2026' })}\n`)
  await run.look()
  expect(run.state).toMatchObject({ status: 'running', canStop: false })
  await changeLabels(directory, { add: ['best'], note: 'one to keep' })
  await expect.poll(() => run.state, { timeout: 3000 }).toMatchObject({ tags: ['best'], note: 'one to keep' })
  expect(told.states).toBeGreaterThanOrEqual(3)
})

it('is a view anew where the log is another', async () => {
  const { directory, run, told } = await followed()
  writeFileSync(join(directory, 'events.jsonl'), '')
  addEvents(directory, [startedEvent()])
  await run.look()
  expect(rowsIn(run)).toEqual([])
  expect(told.views).toBe(1)
})

it('says that a log is damaged, and shows what came before', async () => {
  const { directory, run, told } = await followed()
  appendFileSync(join(directory, 'events.jsonl'), 'no event\n')
  await run.look()
  appendFileSync(join(directory, 'events.jsonl'), '{"type":"epoch","time":"2026"}\n')
  await run.look()
  expect(run.told.view.warnings).toEqual([expect.stringMatching(/events\.jsonl' is damaged: a line is no event$/)])
  expect(rowsIn(run)).toHaveLength(2)
  expect(told.views).toBe(1)
})

it('keeps little of a day of epochs, five seconds each, and every part of the curve', async () => {
  const { directory, run } = await followed()
  const peak = 8000
  const sizes: number[] = []
  for (let first = 3; first <= 17_280; first += 1000) {
    const epochs = Array.from({ length: 1000 }, (_, at) => first + at)
    addEvents(
      directory,
      epochs.map((epoch) => epochEvent(epoch, epoch === peak ? 99 : 1 + Math.sin(epoch / 1000))),
    )
    await run.look()
    sizes.push(JSON.stringify(run.told).length)
  }
  const rows = rowsIn(run)
  expect(rows.length).toBeLessThanOrEqual(500)
  expect(rows.map(({ epoch }) => epoch)).toContain(peak)
  expect(rows.filter(({ epoch }) => epoch <= 8640).length).toBeGreaterThan(0.35 * rows.length)
  expect(Math.max(...sizes.slice(4))).toBeLessThan(1.5 * (sizes[3] ?? 0))
})

it('keeps and tells little of what was logged, however large it is', async () => {
  const { directory, run, told } = await followed()
  const [{ time, stage }] = [epochEvent(3)]
  const file = (epoch: number, size: number) => {
    const contents = Buffer.alloc(size, 7).toString('base64')
    return { time, type: 'logged', stage, item: { type: 'file', name: 'a file', epoch, contents } }
  }
  addEvents(directory, [file(3, 1000)])
  await expect.poll(() => told.events.map(({ type }) => type), { timeout: 3000 }).toEqual(['logged'])
  // More than a page shows: nothing of it is told but its size.
  addEvents(directory, [file(4, 5_000_000)])
  await expect.poll(() => told.events.length, { timeout: 3000 }).toBe(2)
  expect(JSON.stringify(told.events).length).toBeLessThan(3000)
  // Much at once is told as a view.
  addEvents(
    directory,
    Array.from({ length: 10 }, (_, at) => file(5 + at, 200_000)),
  )
  await expect.poll(() => told.views, { timeout: 3000 }).toBe(1)
  expect(told.events).toHaveLength(2)
  expect(JSON.stringify(run.told).length).toBeLessThan(1_200_000)
  const [logged] = run.told.view.stages['stage-0']?.logged ?? []
  expect([logged?.epochs, logged?.items.at(-1)?.epoch]).toEqual([12, 14])
})

it('keeps little of a day of what the machine was used for', async () => {
  const { directory, run } = await followed()
  for (let hour = 0; hour < 24; hour++) {
    const events = Array.from({ length: 720 }, (_, at) => {
      const time = new Date(Date.parse(epochEvent(0).time) + 3_600_000 * hour + 5000 * (at + 1)).toISOString()
      return { time, type: 'usage', overSeconds: 5, cores: 1.5, memoryBytes: 1e8 + at }
    })
    addEvents(directory, events)
    await run.look()
  }
  const { usage } = run.told.view
  expect([usage[0]?.from, usage.at(-1)?.to]).toEqual([0, 86_400])
  expect(JSON.stringify(usage).length).toBeLessThan(40_000)
})
