/** The constants of `kernels/plan.h`, which documents them. `instructions.test.ts` checks that they agree. */
import type { DType } from '@gradpool/core'

export const PLAN_VERSION = 10

export const DTYPE: Readonly<Record<DType, number>> = { f32: 0, i32: 1, u8: 2 }

export const EXEC = {
  VERSION: 0,
  STOP: 1,
  STEP: 2,
  STATUS: 3,
  LAST_LOSS: 4,
  SEED: 5,
  ROWS: 6,
  ORDER: 7,
  ORDER_EPOCH: 8,
  NUM_EXAMPLES: 9,
  BATCH_SIZE: 10,
  INDICES: 11,
  STEP_INPUT: 12,
  SEED_INPUT: 13,
  PROGRAM: 14,
  PROGRAM_WORDS: 15,
  TAIL: 16,
  TAIL_WORDS: 17,
  NUM_RESULTS: 18,
  RESULTS: 19,
  WORKERS: 22,
  WORKING: 23,
  SPINS: 24,
  BARRIER_TIMEOUT: 25,
  ARRIVED: 32,
  GENERATION: 33,
  ABANDONED: 34,
  SECTION_STATUS: 35,
  WORDS: 48,
} as const

export const EXEC_STATUS = ['done', 'stopped', 'notFinite', 'refused', 'abandoned'] as const

/** What is wrong with an execution: a part, shifted by `CHECK_PART_SHIFT`, and a number in it. */
export const CHECK = { EXEC: 1, RESULT: 2, PROGRAM: 3, TAIL: 4 } as const

export const CHECK_PART_SHIFT = 24

export const RESULT = {
  COUNT: 0,
  VALUE: 1,
  TAIL_VALUE: 2,
  SUM: 3,
  LAST: 4,
  ROWS: 5,
  WORDS: 6,
} as const

/** Of a profile, and of each slice in it. */
export const PROFILE = { FROM: 0, TO: 1, CAPACITY: 2, COUNT: 3, WORDS: 4 } as const

export const SLICE = { STEP: 0, WHAT: 1, BEGIN: 2, END: 4, WORDS: 6 } as const

export const SLICE_WHAT = { WAIT: 0, BETWEEN: 1, INSTRUCTION: 2 } as const

export const OP = {
  GATHER_BATCH: 1,
  MATMUL: 2,
  MAP: 3,
  SUM: 4,
  REDUCE_MAX: 5,
  ARG_MAX: 6,
  SOFTMAX: 7,
  LOG_SOFTMAX: 8,
  COPY: 9,
  FILL: 10,
  CAST: 11,
  GATHER_ROWS: 12,
  SCATTER_ADD: 13,
  ONE_HOT: 14,
  RANDOM: 15,
  GUARD: 16,
  SECTION: 20,
  SUM_SEGMENTS: 21,
  MATMUL_SEGMENTS: 22,
  CONV: 23,
  CONV_TRANSPOSE: 24,
  CONV_FILTER: 25,
  MAX_POOL: 26,
  MAX_POOL_SPREAD: 27,
  MATMUL_STACK: 28,
  SORT: 29,
  SORT_SPREAD: 30,
} as const

/** How workers share the instructions of a section. */
export const SECTION = { EXAMPLES: 0, ROWS: 1, ALONE: 2 } as const

export const MATMUL = { TRANSPOSE_A: 1, TRANSPOSE_B: 2 } as const

export const REGISTER = {
  TEMP: 0,
  FULL: 1,
  SCALAR: 2,
  ROW: 3,
  COL: 4,
  PRODUCT: 5,
  FULL_U8: 6,
  FULL_I32: 7,
} as const

export const MICRO = {
  COPY: 0,
  NEG: 1,
  EXP: 2,
  LOG: 3,
  SQRT: 4,
  TANH: 5,
  SIGMOID: 6,
  RELU: 7,
  ABS: 8,
  FLUSH: 9,
  ADD: 10,
  SUB: 11,
  MUL: 12,
  DIV: 13,
  MAX: 14,
  MIN: 15,
  LESS: 16,
  LESS_EQUAL: 17,
  EQUAL: 18,
  SELECT: 19,
  SQUARE: 20,
  LOG1P: 21,
  FLUSH_BELOW: 22,
  SIN: 23,
  COS: 24,
  ERF: 25,
  POW: 26,
  ADAM: 27,
  ADAM_RATES: 28,
} as const

export const POINTWISE = {
  MAX_REGISTERS: 64,
  MAX_TEMPS: 24,
  MAX_SUMS: 16,
  BLOCK: 256,
  LANES: 16,
  ADAM_REGISTERS: 14,
} as const

/** Rows of a convolution's tile, and so the examples of a block, whose epilogue is run when it is finished. */
export const CONV_ROWS = 6

/** Size of the stack of a call of the kernels. */
export const STACK_BYTES = 262144
