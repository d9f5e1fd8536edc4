/** `instructions.ts` and `kernels/plan.h` say the same. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  CHECK,
  CHECK_PART_SHIFT,
  CONV_ROWS,
  STACK_BYTES,
  DTYPE,
  MATMUL,
  MICRO,
  OP,
  PLAN_VERSION,
  REGISTER,
  PROFILE,
  RESULT,
  SLICE,
  SLICE_WHAT,
  EXEC,
  EXEC_STATUS,
  SECTION,
  POINTWISE,
} from './instructions.js'

const header = readFileSync(new URL('../kernels/plan.h', import.meta.url), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')

/** Names and values of an enum of the header, the prefix removed. */
function enumOf(name: string, prefix: string): Record<string, number> {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? ''
  const members = [...body.matchAll(/(\w+)\s*=\s*(\d+)/g)]
  return Object.fromEntries(members.map(([, key = '', value]) => [key.replace(prefix, ''), Number(value)]))
}

function define(name: string): number {
  return Number(new RegExp(`#define ${name}\\s+(\\d+)`).exec(header)?.[1])
}

test.each([
  ['exec_word', 'EXEC_', EXEC],
  ['check_part', 'CHECK_', CHECK],
  ['result_word', 'RESULT_', RESULT],
  ['profile_word', 'PROFILE_', PROFILE],
  ['slice_word', 'SLICE_', SLICE],
  ['slice_what', 'SLICE_', SLICE_WHAT],
  ['opcode', 'OP_', OP],
  ['matmul_flags', 'MATMUL_', MATMUL],
  ['section', 'SECTION_', SECTION],
  ['register_kind', 'REGISTER_', REGISTER],
  ['micro_op', 'MICRO_', MICRO],
])('enum %s', (name, prefix, ours) => {
  expect(Object.keys(ours).length).toBeGreaterThan(1)
  expect(ours).toEqual(enumOf(name, prefix))
})

test('dtypes and statuses', () => {
  expect(enumOf('dtype', 'DTYPE_')).toEqual({ F32: DTYPE.f32, I32: DTYPE.i32, U8: DTYPE.u8 })
  const { DONE, STOPPED, NOT_FINITE, REFUSED, ABANDONED_CHUNK } = enumOf('exec_status', 'EXEC_')
  expect([DONE, STOPPED, NOT_FINITE, REFUSED, ABANDONED_CHUNK]).toEqual([0, 1, 2, 3, 4])
  expect(EXEC_STATUS).toEqual(['done', 'stopped', 'notFinite', 'refused', 'abandoned'])
})

test('limits and version', () => {
  expect(define('PLAN_VERSION')).toBe(PLAN_VERSION)
  expect(define('POINTWISE_MAX_REGISTERS')).toBe(POINTWISE.MAX_REGISTERS)
  expect(define('POINTWISE_MAX_TEMPS')).toBe(POINTWISE.MAX_TEMPS)
  expect(define('POINTWISE_MAX_SUMS')).toBe(POINTWISE.MAX_SUMS)
  expect(define('POINTWISE_BLOCK')).toBe(POINTWISE.BLOCK)

  expect(define('CHECK_PART_SHIFT')).toBe(CHECK_PART_SHIFT)
  expect(define('CONV_ROWS')).toBe(CONV_ROWS)
  expect(define('STACK_BYTES')).toBe(STACK_BYTES)
  expect(define('ADAM_REGISTERS')).toBe(POINTWISE.ADAM_REGISTERS)
})
