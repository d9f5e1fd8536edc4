import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { seldom } from './seldom.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells a sentence once a minute, and another at once', () => {
  const told: string[] = []
  const tell = seldom((message) => told.push(message))
  for (const message of ['gone', 'gone', 'full', 'gone']) tell(message)
  expect(told).toEqual(['gone', 'full'])
  vi.advanceTimersByTime(59_000)
  tell('gone')
  expect(told).toHaveLength(2)
  vi.advanceTimersByTime(2000)
  tell('gone')
  expect(told).toEqual(['gone', 'full', 'gone'])
})

it('remembers a bounded number of sentences', () => {
  const told: string[] = []
  const tell = seldom((message) => told.push(message))
  for (let at = 0; at < 101; at++) tell(`of step ${at}`)
  tell('of step 0')
  expect(told).toHaveLength(102)
})
