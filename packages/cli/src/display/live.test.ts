import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { eventsOf, progressOf, stageOf } from '../testing/fake-run.js'
import { controlCharacter, keptOutlet } from '../testing/streams.js'
import { liveDisplay } from './live.js'

const terminal = { isTTY: true, columns: 90, rows: 10 }
const stage = stageOf('autoencode', ['mnist_auto_1', 'mnist_auto_fix'])

const inReportWords = () => true

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('it repaints at most ten times a second, and only what changed', () => {
  const { outlet, text } = keptOutlet(terminal)
  const display = liveDisplay(outlet, { manySeeds: false, inReportWords })
  let step = 0
  let reads = 0
  display.start(() => {
    reads += 1
    return [progressOf(stage, { step })]
  })
  vi.advanceTimersByTime(1000)
  expect(reads).toBeLessThanOrEqual(11)
  const before = text().length
  vi.advanceTimersByTime(1000)
  expect(text().length).toBe(before)
  step = 59_000
  vi.advanceTimersByTime(100)
  expect(text()).toContain('100 %')
  display.stop()
})

test('a stage that is done leaves a line, and nothing is painted after the end', () => {
  const { outlet, text } = keptOutlet(terminal, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, { manySeeds: false, inReportWords })
  display.start(() => [])
  eventsOf(stage).forEach((event) => display.onEvent(event))
  expect(text()).toContain('✔ mnist_auto_1 autoencode: cost 0.514, accuracy 0.864, 0:03, shared with mnist_auto_fix\n')
  display.onEvent({ type: 'stageFailed', stage, error: 'the loss became NaN' })
  expect(text()).toContain('✖ mnist_auto_1 autoencode: the loss became NaN\n')
  display.stop()
  const after = text()
  vi.advanceTimersByTime(1000)
  expect(text()).toBe(after)
})

test('a model of its own has its own words', () => {
  const { outlet, text } = keptOutlet({ ...terminal, columns: 140 }, { NO_COLOR: '1' })
  const display = liveDisplay(outlet, { manySeeds: false, inReportWords: () => false })
  const mine = stageOf('mine', ['a'])
  display.start(() => [progressOf(mine, { last: { loss: 0.25, f1: 0.5, 'r2/sum': 3 } })])
  expect(text()).toMatch(/loss 0\.250 +f1 +0\.500 /)
  expect(text()).not.toContain('r2')
  eventsOf(mine, { test: { loss: 0.7, f1: 0.4 } }).forEach((event) => display.onEvent(event))
  expect(text()).toContain('✔ a mine: loss 0.514, accuracy 0.864, test loss 0.700, test f1 0.400, 0:03\n')
  display.stop()
})

test('more stages than the terminal has lines are counted', () => {
  const { outlet, text } = keptOutlet({ ...terminal, rows: 5 })
  const display = liveDisplay(outlet, { manySeeds: false, inReportWords })
  display.start(() => Array.from({ length: 6 }, (_, at) => progressOf(stageOf('mine', [`m${at}`]))))
  expect(text()).toContain('and 3 more')
  display.stop()
})

test('a terminal that has no size is not painted on, and cuts nothing', () => {
  for (const columns of [0, undefined]) {
    const { outlet } = keptOutlet({ isTTY: true, rows: 0, ...(columns !== undefined && { columns }) })
    expect(outlet.live).toBe(false)
    expect(outlet.columns()).toBe(Infinity)
  }
  expect(keptOutlet({ ...terminal, columns: 5 }).outlet.columns()).toBe(20)
})

test('what is printed has no control characters but colours, and those only where they are asked for', () => {
  const { outlet, text } = keptOutlet(terminal)
  outlet.print('a\u001b[31mb\u009b2J\r\u202e\nc')
  expect(text()).toBe('a\\u001b[31mb\\u009b2J\\u000d\\u202e\nc\n')
  const coloured = keptOutlet(terminal)
  coloured.outlet.printColoured(`${coloured.outlet.colours.red('x')}\u001b[2J`)
  expect(coloured.text()).toBe('\u001b[31mx\u001b[39m\\u001b[2J\n')
})

test('JSON is printed as it is', () => {
  const { outlet, text } = keptOutlet()
  const value = { name: 'a\u001b[31m\u009b\u202e' }
  outlet.printJson(JSON.stringify(value))
  expect(text()).toBe(`${JSON.stringify(value)}\n`)
  expect(JSON.parse(text())).toEqual(value)
})

test('an outlet is live on terminals only, and coloured unless NO_COLOR says not', () => {
  expect(keptOutlet().outlet.live).toBe(false)
  expect(keptOutlet(terminal, { TERM: 'dumb' }).outlet.live).toBe(false)
  expect(keptOutlet(terminal).outlet.colours.red('x')).not.toBe('x')
  expect(keptOutlet(terminal, { NO_COLOR: '1' }).outlet.colours.red('x')).toBe('x')
  expect(keptOutlet({}, { FORCE_COLOR: '1' }).outlet.colours.red('x')).toBe('x')
  expect('정답 ▀▄█→\n').not.toMatch(controlCharacter)
})
