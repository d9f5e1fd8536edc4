import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SinkFeed } from './sink-feed.js'
import { usageMeter, usageWait, type Usage } from './usage.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('measures CPU and memory of the process since it was asked last', () => {
  vi.useRealTimers()
  const meter = usageMeter()
  const until = performance.now() + 100
  while (performance.now() < until);
  const usage = meter?.()
  expect(usage?.overSeconds).toBeGreaterThanOrEqual(0.1)
  expect(usage?.cores).toBeGreaterThan(0)
  expect(usage?.memoryBytes).toBeGreaterThan(2 ** 24)
})

it('is asked every second at first, then ever less, and some thousand times a day', () => {
  let [ms, count] = [0, 0]
  while (ms < 86_400_000) {
    ms += usageWait(ms)
    count++
  }
  expect([usageWait(0), usageWait(100_000), usageWait(3_600_000)]).toEqual([1000, 2000, 30_000])
  expect(count).toBeLessThan(3500)
})

it('is told whether or not there are sinks, until the end', async () => {
  const told: Usage[] = []
  const feed = new SinkFeed({ sinks: [], warn: () => undefined, onUsage: (usage) => told.push(usage) })
  await vi.advanceTimersByTimeAsync(3500)
  expect(told).toHaveLength(3)
  await feed.close('done')
  await vi.advanceTimersByTimeAsync(100_000)
  expect(told).toHaveLength(3)
  expect(vi.getTimerCount()).toBe(0)
})

it('is not measured where nobody asks', () => {
  new SinkFeed({ sinks: [], warn: () => undefined })
  expect(vi.getTimerCount()).toBe(0)
})
