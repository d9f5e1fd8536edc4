import type { LoggedItem } from '@gradpool/trainer'
import { expect, it } from 'vitest'
import { MOST_FILE_BYTES, MOST_NAMES, MOST_SIDE, MOST_SIZE, shownItem, sizeOf, type ShownItem } from './logged.js'
import { newRunView, shownEvent, withEvent, type RunView, type TimedEvent } from './run-view.js'
import { record, STAGE, timeAt } from '../testing/made-record.js'

const grey = (side: number, value: (at: number) => number = (at) => at % 256) => ({
  bytes: Uint8Array.from({ length: side * side }, (_, at) => value(at)),
  height: side,
  width: side,
  channels: 1,
})
const image = (name: string, epoch: number, side = 4): LoggedItem => ({ type: 'image', name, epoch, image: grey(side) })
const event = (item: LoggedItem, seconds = item.epoch): TimedEvent => ({
  type: 'logged',
  time: timeAt(seconds),
  stage: STAGE,
  item,
})
const viewOf = (events: readonly TimedEvent[]): RunView => events.reduce(withEvent, newRunView('run', record))
const loggedIn = ({ stages }: RunView) => stages[STAGE.hash]?.logged ?? []
const epochsOf = (view: RunView, name: string) =>
  loggedIn(view)
    .find((one) => one.name === name)
    ?.items.map(({ epoch }) => epoch)

it('has what was logged by name, type and epoch, in the order in which names came', () => {
  const table: LoggedItem = { type: 'table', name: 'b', epoch: 1, table: { columns: ['x'], rows: [[1], [null]] } }
  const file: LoggedItem = { type: 'file', name: 'a', epoch: 2, contents: Uint8Array.of(104, 105) }
  const view = viewOf([event(table), event(image('a', 1)), event(image('a', 2)), event(file)])
  expect(loggedIn(view).map(({ type, name, epochs, items }) => [type, name, epochs, items.length])).toEqual([
    ['table', 'b', 1, 1],
    ['image', 'a', 2, 2],
    ['file', 'a', 1, 1],
  ])
  expect(loggedIn(view).flatMap(({ items }) => items.map(({ shown }) => shown))).toEqual([
    { columns: ['x'], rows: [[1], [null]], numColumns: 1, numRows: 2 },
    { height: 4, width: 4, channels: 1, pixels: Buffer.from(grey(4).bytes).toString('base64') },
    { height: 4, width: 4, channels: 1, pixels: Buffer.from(grey(4).bytes).toString('base64') },
    { numBytes: 2, contents: btoa('hi') },
  ])
})

it('is the same of events that were cut to what pages show', () => {
  const events = Array.from({ length: 40 }, (_, at) => event(image(`i${at % 3}`, at, 300)))
  const shown = events.map(shownEvent)
  expect(viewOf(shown)).toEqual(viewOf(events))
  expect(shown.map(shownEvent)).toEqual(shown)
})

it('keeps a few epochs of a name, the first and the last among them, about equally far apart', () => {
  const view = viewOf(Array.from({ length: 1000 }, (_, at) => event(image('i', at + 1))))
  const epochs = epochsOf(view, 'i') ?? []
  expect(epochs).toHaveLength(12)
  expect([epochs[0], epochs.at(-1)]).toEqual([1, 1000])
  const gaps = epochs.slice(1).map((epoch, at) => epoch - (epochs[at] ?? 0))
  expect(Math.max(...gaps)).toBeLessThan(260)
  expect(loggedIn(view)[0]?.epochs).toBe(1000)
})

it('takes epochs that come again after a cut in the place of those before', () => {
  const view = viewOf([1, 2, 3, 2, 3, 4].map((epoch) => event(image('i', epoch))))
  expect(epochsOf(view, 'i')).toEqual([1, 2, 3, 4])
  expect(loggedIn(view)[0]?.epochs).toBe(4)
})

it('is bounded, however much is logged: what is largest has fewer epochs, and the last of each stays longest', () => {
  const events = Array.from({ length: 60 }, (_, at) => [
    event(image('large', at, MOST_SIDE)),
    event(image('small', at)),
  ]).flat()
  const view = viewOf(events)
  const sizes = loggedIn(view).flatMap(({ items }) => items.map(sizeOf))
  expect(view.loggedSize).toBe(sizes.reduce((sum, size) => sum + size, 0))
  expect(view.loggedSize).toBeLessThanOrEqual(MOST_SIZE)
  expect(view.loggedSize).toBeGreaterThan(MOST_SIZE / 2)
  expect(epochsOf(view, 'small')).toHaveLength(12)
  expect(epochsOf(view, 'large')?.at(-1)).toBe(59)
  // More names than all have room for: some have nothing left, and say how many epochs there were.
  const many = viewOf(Array.from({ length: 40 }, (_, at) => event(image(`i${at}`, 1, MOST_SIDE))))
  expect(many.loggedSize).toBeLessThanOrEqual(MOST_SIZE)
  expect(loggedIn(many).every(({ epochs }) => epochs === 1)).toBe(true)
  expect(loggedIn(many).filter(({ items }) => items.length === 0).length).toBeGreaterThan(10)
})

it('has so many names of a stage, and counts what other names had', () => {
  const view = viewOf(Array.from({ length: MOST_NAMES + 7 }, (_, at) => event(image(`epoch ${at}`, at))))
  expect(loggedIn(view)).toHaveLength(MOST_NAMES)
  expect(view.stages[STAGE.hash]?.moreLogged).toBe(7)
})

it('shows a large image smaller, as the mean of its pixels', () => {
  const { shown } = shownItem({ type: 'image', name: 'i', epoch: 1, image: grey(512, (at) => (at % 2) * 100) })
  expect(shown).toMatchObject({ height: 256, width: 256, logged: [512, 512] })
  const pixels = 'pixels' in shown ? Buffer.from(shown.pixels, 'base64') : Buffer.alloc(0)
  expect(pixels).toHaveLength(256 * 256)
  expect(new Set(pixels)).toEqual(new Set([50]))
  const wide = { bytes: new Uint8Array(3 * 1000 * 3).fill(7), height: 3, width: 1000, channels: 3 }
  expect(shownItem({ type: 'image', name: 'i', epoch: 1, image: wide }).shown).toMatchObject({ height: 1, width: 250 })
})

it('leaves contents of a large file out, and the end of a long table', () => {
  const file = (length: number) =>
    shownItem({ type: 'file', name: 'f', epoch: 1, contents: new Uint8Array(length) }).shown
  expect(file(MOST_FILE_BYTES)).not.toMatchObject({ contents: null })
  expect(file(MOST_FILE_BYTES + 1)).toEqual({ numBytes: MOST_FILE_BYTES + 1, contents: null })
  const table = {
    columns: Array.from({ length: 40 }, (_, at) => `c${at}`),
    rows: Array.from({ length: 500 }, () => Array.from({ length: 40 }, () => 'x'.repeat(5000))),
  }
  const shown = shownItem({ type: 'table', name: 't', epoch: 1, table })
  expect(shown.shown).toMatchObject({ numColumns: 40, numRows: 500 })
  expect(sizeOf(shown)).toBeLessThan(150_000)
})

it('takes nothing from a log but text and numbers', () => {
  const hostile = JSON.parse(
    '{"type":"table","name":{"a":1},"epoch":1,"table":{"columns":[{"type":"img"}],"rows":[[{"__html":"<b>"}]]}}',
  ) as LoggedItem
  const { name, shown } = shownItem(hostile)
  expect(name).toBe('[object Object]')
  expect(shown).toMatchObject({ columns: ['[object Object]'], rows: [['[object Object]']] })
})

it.each([
  ['an image without its pixels', { type: 'image', image: { ...grey(4), height: 1e9 } }],
  ['an image of half a row', { type: 'image', image: { ...grey(4), height: 0.5, width: 32 } }],
  ['an empty image', { type: 'image', image: { ...grey(0) } }],
  ['a table without rows', { type: 'table', table: { columns: [] } }],
  ['nothing', undefined],
])('refuses %s as no event', (_, item) => {
  const wrong = item === undefined ? undefined : { name: 'x', epoch: 1, ...item }
  expect(() => shownItem(wrong as unknown as ShownItem)).toThrow(TypeError)
})
