/** `words.ts` and `kernels/hamming.h` say the same. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BLOCK_ROWS, MAX_CODE_BYTES, SCAN, SEARCH } from './words.js'

const header = readFileSync(new URL('../../kernels/hamming.h', import.meta.url), 'utf8')

test.each([
  ['SCAN_', SCAN],
  ['SEARCH_', SEARCH],
])('words %s', (prefix, ours) => {
  const members = [...header.matchAll(new RegExp(`^ +${prefix}(\\w+) = (\\d+)`, 'gm'))]
  expect(members.length).toBeGreaterThan(1)
  expect(Object.fromEntries(members.map(([, key, value]) => [key, Number(value)]))).toEqual(ours)
})

test('limits', () => {
  expect(header).toContain(`#define BLOCK_ROWS ${BLOCK_ROWS}\n`)
  expect(header).toContain(`#define MAX_CODE_BYTES ${MAX_CODE_BYTES}\n`)
})
