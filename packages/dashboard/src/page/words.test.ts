import { expect, it } from 'vitest'
import { agoText, words } from './words.js'

it('says in Korean all that it says in English', () => {
  expect(Object.keys(words.ko).sort()).toEqual(Object.keys(words.en).sort())
  expect(Object.values(words.ko).every((word) => word !== '')).toBe(true)
})

it.each([
  ['2026-11-27T08:00:00Z', '30 min. ago'],
  ['2026-11-27T08:29:40Z', '20 sec. ago'],
  ['2026-11-26T08:30:00Z', 'yesterday'],
  ['no time', 'no time'],
])('tells how long ago %s was', (iso, text) => {
  expect(agoText(iso, Date.parse('2026-11-27T08:30:00Z'), 'en')).toBe(text)
})
