/** The SHA-256 that needs no Node has Node's digests. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSha256, portableSha256 } from './sha256.js'

/** Bytes that look like none in particular. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * i * 31 + (i >> 3)) & 255)
}

describe.each([
  ['of Node', createSha256],
  ['in JavaScript', portableSha256],
])('SHA-256 %s', (_, create) => {
  test.each([0, 1, 55, 56, 63, 64, 65, 119, 1000, 100_003])('of %i bytes', (length) => {
    const bytes = bytesOf(length)
    expect(create().update(bytes).digest()).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('of texts and bytes one after the other', () => {
    const texts = ['', 'abc', 'é 한국어 😀', '\uD800 alone']
    const [ours, theirs] = [create(), createHash('sha256')]
    for (const text of texts) {
      ours.update(text).update(bytesOf(text.length * 7))
      theirs.update(text).update(bytesOf(text.length * 7))
    }
    expect(ours.digest()).toBe(theirs.digest('hex'))
  })

  test('of a part of an array', () => {
    const part = bytesOf(300).subarray(3, 299)
    expect(create().update(part).digest()).toBe(createHash('sha256').update(part).digest('hex'))
  })
})
