import { expect, it } from 'vitest'
import { light } from '../drawing/paint.js'
import { svgText } from '../drawing/svg-text.js'
import { Timeline } from '../drawing/timeline.js'
import { record, timeAt } from '../testing/made-record.js'
import { words } from '../words.js'
import { newRunView, withEvent, type RunView, type TimedEvent } from './run-view.js'
import { MOST_SPANS } from './usage.js'

function usage(seconds: number, cores: number, memoryBytes: number, overSeconds = 5): TimedEvent {
  return { type: 'usage', time: timeAt(seconds), overSeconds, cores, memoryBytes }
}
const viewOf = (events: readonly TimedEvent[], own = record): RunView =>
  events.reduce(withEvent, newRunView('run', own))

it('tells what was taken from when to when', () => {
  expect(viewOf([usage(5, 1.5, 100), usage(10, 2, 300)]).usage).toEqual([
    { from: 0, to: 5, cores: 1.5, memoryBytes: 100 },
    { from: 5, to: 10, cores: 2, memoryBytes: 300 },
  ])
})

it('keeps little of a day, the mean of the cores and the peak of the memory', () => {
  const count = 17_280
  const events = Array.from({ length: count }, (_, at) => usage(5 * (at + 1), at % 4, at === 9999 ? 1e9 : 1e8))
  const spans = viewOf(events).usage
  expect(spans.length).toBeLessThanOrEqual(MOST_SPANS)
  expect(spans.length).toBeGreaterThan(MOST_SPANS / 3)
  expect([spans[0]?.from, spans.at(-1)?.to]).toEqual([0, 5 * count])
  const busy = spans.reduce((sum, { from, to, cores }) => sum + cores * (to - from), 0)
  expect(busy).toBeCloseTo(1.5 * 5 * count, 3)
  expect(Math.max(...spans.map(({ memoryBytes }) => memoryBytes))).toBe(1e9)
})

it('has nothing for the time in which a run was down, however often that was', () => {
  const events = Array.from({ length: 3000 }, (_, at) => [usage(1000 * at + 5, 1, 1), usage(1000 * at + 10, 1, 1)])
  const spans = viewOf(events.flat()).usage
  expect(spans.length).toBeLessThanOrEqual(MOST_SPANS)
  expect(spans.every(({ from, to }) => to - from <= 10)).toBe(true)
})

it('is drawn below the timeline, named for whose it is, and left out where nobody measured it', () => {
  const drawn = (view: RunView) => svgText(Timeline({ view, paint: light, words: words.en }))
  expect(drawn(viewOf([]))).not.toContain('CPU')
  const events = [usage(5, 1.52, 2e8), usage(10, 0.2, 4.5e8), usage(100, 1, 1e8)]
  const own = drawn(viewOf(events))
  expect(own).toContain('aria-label="Where the time went: 1 min 40 s; CPU at most 1.5 cores; memory at most 450 MB"')
  expect(own).not.toMatch(/NaN|undefined|Infinity/)
  expect(drawn(viewOf(events, { ...record, workers: null }))).toContain('CPU of the submitting process at most 1.5')
})
