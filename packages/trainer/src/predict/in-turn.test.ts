import { expect, it } from 'vitest'
import { hasTime, inTurn } from './in-turn.js'

function busy(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

it('does the work of a turn at once, until its time is up, and the rest in order later', async () => {
  await nextTurn()
  expect(hasTime()).toBe(true)
  const done: number[] = []
  const all = Array.from({ length: 10 }, (_, i) =>
    inTurn(() => {
      busy(1)
      done.push(i)
    }),
  )
  expect(done.length).toBeGreaterThan(0)
  expect(done.length).toBeLessThan(4)
  expect(hasTime()).toBe(false)
  let turns = 0
  const count = () => {
    turns++
    if (done.length < 10) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(all)
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(turns).toBeGreaterThan(2)
})

it('passes on what is thrown, and goes on', async () => {
  busy(3)
  const failing = inTurn(() => {
    throw new Error('no')
  })
  const next = inTurn(() => 1)
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe(1)
})
