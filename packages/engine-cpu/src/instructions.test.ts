/** `instructions.ts` and `kernels/plan.h` say the same. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  CHECK,
  CHECK_PART_SHIFT,
  STACK_BYTES,
  DTYPE,
  MATMUL,
  MICRO,
  OP,
  PLAN_VERSION,
  REGISTER,
  RESULT,
  RUN,
  RUN_STATUS,
  SECTION,
  TAPE,
} from './instructions.js'

const header = readFileSync(new URL('../kernels/plan.h', import.meta.url), 'utf8').replace(
  /\/\*[\s\S]*?\*\//g,
  '',
)

/** Names and values of an enum of the header, the prefix removed. */
function enumOf(name: string, prefix: string): Record<string, number> {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? ''
  const members = [...body.matchAll(/(\w+)\s*=\s*(\d+)/g)]
  return Object.fromEntries(
    members.map(([, key = '', value]) => [key.replace(prefix, ''), Number(value)]),
  )
}

function define(name: string): number {
  return Number(new RegExp(`#define ${name}\\s+(\\d+)`).exec(header)?.[1])
}

test.each([
  ['run_word', 'RUN_', RUN],
  ['check_part', 'CHECK_', CHECK],
  ['result_word', 'RESULT_', RESULT],
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
  const { DONE, STOPPED, NOT_FINITE, REFUSED, ABANDONED_SPAN } = enumOf('run_status', 'RUN_')
  expect([DONE, STOPPED, NOT_FINITE, REFUSED, ABANDONED_SPAN]).toEqual([0, 1, 2, 3, 4])
  expect(RUN_STATUS).toEqual(['done', 'stopped', 'notFinite', 'refused', 'abandoned'])
})

test('limits and version', () => {
  expect(define('PLAN_VERSION')).toBe(PLAN_VERSION)
  expect(define('TAPE_MAX_REGISTERS')).toBe(TAPE.MAX_REGISTERS)
  expect(define('TAPE_MAX_TEMPS')).toBe(TAPE.MAX_TEMPS)
  expect(define('TAPE_MAX_SUMS')).toBe(TAPE.MAX_SUMS)
  expect(define('CHECK_PART_SHIFT')).toBe(CHECK_PART_SHIFT)
  expect(define('STACK_BYTES')).toBe(STACK_BYTES)
  expect(define('ADAM_REGISTERS')).toBe(TAPE.ADAM_REGISTERS)
})
