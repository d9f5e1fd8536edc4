/*
 * The search of a collection of packed codes for those near a query by Hamming distance: how codes lie in the arena, and
 * the words that say what to search. `src/hamming/words.ts` holds the same numbers for TypeScript; a test compares the
 * two files.
 *
 * A code of B bytes is a row of a block of BLOCK_ROWS rows, which lies by bytes: byte 0 of all its rows, then byte 1 of
 * all, and so on. So one instruction counts the bits of as many rows as a vector has bytes, none is added across a
 * vector, and codes of any width take no more room than their bytes. The last block is whole, too.
 */
#ifndef GRADPOOL_HAMMING_H
#define GRADPOOL_HAMMING_H

#define BLOCK_ROWS 64
#define MAX_CODE_BYTES 32

/* The words of a scan: some queries over some rows. Addresses are byte offsets from the start of the arena. */
enum scan_word {
    SCAN_CODES = 0,         /* address of the blocks */
    SCAN_CODE_BYTES = 1,    /* bytes of a code, 1 to MAX_CODE_BYTES */
    SCAN_LABELS = 2,        /* address of u8[rows]: labels of all rows */
    SCAN_ALLOWED = 3,       /* address of u8[256]: 1 for each label that may be found; 0: any may */
    SCAN_FIRST_ROW = 4,     /* a multiple of BLOCK_ROWS */
    SCAN_END_ROW = 5,       /* one past the last row */
    SCAN_NUM_QUERIES = 6,
    SCAN_QUERIES = 7,       /* address of u8[queries, bytes of a code] */
    SCAN_K = 8,             /* at least 1 */
    SCAN_SEARCHES = 9,      /* address of a record of SEARCH_WORDS words for each query */
    SCAN_FOUND = 10,        /* address of u32[queries, capacity, 2]: rows found and their distances */
    SCAN_CAPACITY = 11,     /* rows that a query has room for */
    SCAN_WORDS = 12
};

/* The words of a query's search. All but the radius are 0 at first. */
enum search_word {
    SEARCH_RADIUS = 0, /* rows farther than that are left out; falls to the distance of the k-th nearest row so far */
    SEARCH_NUM_FOUND = 1, /* entries of the list of rows found; some may be farther than the radius is by now */
    SEARCH_WITHIN = 2, /* how many of the rows seen so far are within the radius */
    SEARCH_OVERFLOW = 3, /* 1: more rows were within the radius than there was room for, and the search was given up */
    SEARCH_COUNTS = 4, /* rows found so far by distance, 0 to 256 */
    SEARCH_DISTANCES = 264, /* u8[BLOCK_ROWS]: of the block at hand */
    SEARCH_WORDS = 288
};
#endif
