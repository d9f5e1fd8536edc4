/** The constants of `kernels/hamming.h`; a test checks that they agree. */

/** Rows of a block, whose codes are interleaved byte by byte. */
export const BLOCK_ROWS = 64
export const MAX_CODE_BYTES = 32

/** The words of a scan. */
export const SCAN = {
  CODES: 0,
  CODE_BYTES: 1,
  LABELS: 2,
  ALLOWED: 3,
  FIRST_ROW: 4,
  END_ROW: 5,
  NUM_QUERIES: 6,
  QUERIES: 7,
  K: 8,
  SEARCHES: 9,
  FOUND: 10,
  CAPACITY: 11,
  WORDS: 12,
} as const

/** The words of a query's search. */
export const SEARCH = {
  RADIUS: 0,
  NUM_FOUND: 1,
  WITHIN: 2,
  OVERFLOW: 3,
  COUNTS: 4,
  DISTANCES: 264,
  WORDS: 288,
} as const
