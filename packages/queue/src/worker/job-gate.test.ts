import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { JobGate } from './job-gate.js'

it('lets jobs in beside one another, and one that is to be alone when all others have left', async () => {
  const gate = new JobGate()
  const inside: string[] = []
  const enter = async (name: string, isAlone = false) => {
    const leave = await gate.enter(isAlone)
    inside.push(name)
    return () => {
      inside.splice(inside.indexOf(name), 1)
      leave()
    }
  }
  const [a, b] = await Promise.all([enter('a'), enter('b')])
  const alone = enter('alone', true)
  // Comes later, so it does not go before.
  const c = enter('c')
  const d = enter('d')
  a()
  await setImmediate()
  expect(inside).toEqual(['b'])
  b()
  const leaveAlone = await alone
  await setImmediate()
  expect(inside).toEqual(['alone'])
  leaveAlone()
  await Promise.all([c, d])
  expect(inside).toEqual(['c', 'd'])
})
