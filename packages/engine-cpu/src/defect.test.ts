/** What is wrong with a exec, in words. */
import { expect, test } from 'vitest'
import { defectOf } from './defect.js'
import { CHECK, CHECK_PART_SHIFT, OP, EXEC } from './instructions.js'

const exec = new Int32Array(EXEC.WORDS)
exec.set([1000, 5, 2000, 3], EXEC.PROGRAM)
const plans = new Map([
  [1000, Int32Array.of(OP.GUARD, 3, 64, OP.MAP, 2)],
  [2000, Int32Array.of(99, 3, 0)],
])

test.each([
  [CHECK.EXEC, EXEC.INDICES, 'word INDICES of the execution'],
  [CHECK.EXEC, EXEC.WORDS, 'word WORDS of the execution'],
  [CHECK.RESULT, 2, 'the record of result 2'],
  [CHECK.PROGRAM, 2, 'instruction 2 of a full batch, MAP'],
  [CHECK.TAIL, 1, 'instruction 1 of the last batch, 99'],
])('part %i, number %i', (part, number, expected) => {
  const code = (part << CHECK_PART_SHIFT) | number
  expect(defectOf(code, exec, (address) => plans.get(address) ?? exec)).toBe(expected)
})
