/** A thread flushes denormal numbers for as long as it is asked to, and not a moment longer. */
import { expect, test } from 'vitest'
import { flushesDenormals, flushingDenormals } from './index.js'
import { usableCode } from './native-code/usable-code.js'

const denormal = 2 ** -130

/** In f32. */
const timesOne = (value: number): number => usableCode().portable()?.multiplyAdd(value, 1, 0) ?? NaN

test.runIf(flushesDenormals())('denormal numbers are zeros within, and themselves again after it', () => {
  expect(timesOne(denormal)).toBe(denormal)
  expect(flushingDenormals(() => [timesOne(denormal), timesOne(2 ** -126)])).toEqual([0, 2 ** -126])
  expect(timesOne(denormal)).toBe(denormal)
})

test.runIf(flushesDenormals())('within another, and where it throws', () => {
  const nested = flushingDenormals(() => {
    const thrown = () => flushingDenormals(() => expect.fail(`not ${timesOne(denormal)}`))
    expect(thrown).toThrow('not 0')
    return timesOne(denormal)
  })
  expect(nested).toBe(0)
  expect(timesOne(denormal)).toBe(denormal)
})
