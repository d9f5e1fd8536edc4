/*
 * Rows of elements in the order of their keys (plan.h).
 */
#include "kernels.h"

#define RUN 8 /* elements that are put in order one by one */

/* Integers that are in order as keys are. */
INLINE uint32_t rank_of(float key, bool descending) {
    uint32_t bits;
    __builtin_memcpy(&bits, &key, 4);
    uint32_t rank = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    if (key == 0) rank = 0x80000000u;
    if (key != key) rank = UINT32_MAX;
    return descending ? ~rank : rank;
}

static void sort_run(uint64_t *run, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t next = run[i];
        uint32_t to = i;
        for (; to > 0 && run[to - 1] > next; to--) run[to] = run[to - 1];
        run[to] = next;
    }
}

static void merge(uint64_t *to, const uint64_t *a, const uint64_t *a_end, const uint64_t *b, const uint64_t *b_end) {
    while (a < a_end && b < b_end) *to++ = *a < *b ? *a++ : *b++;
    while (a < a_end) *to++ = *a++;
    while (b < b_end) *to++ = *b++;
}

/* The columns of a row in order, in the low halves of what is returned: all numbers are different, since they end with
 * their columns. */
static const uint64_t *columns_in_order(uint64_t *scratch, const float *keys, uint32_t cols, bool descending) {
    uint64_t *from = scratch, *to = scratch + cols;
    for (uint32_t c = 0; c < cols; c++) from[c] = (uint64_t)rank_of(keys[c], descending) << 32 | c;
    for (uint32_t c = 0; c < cols; c += RUN) sort_run(from + c, least(RUN, cols - c));
    for (uint32_t width = RUN; width < cols; width *= 2) {
        for (uint32_t c = 0; c < cols; c += 2 * width) {
            const uint32_t middle = least(c + width, cols), end = least(c + 2 * width, cols);
            merge(to + c, from + c, from + middle, from + middle, from + end);
        }
        uint64_t *merged = to;
        to = from;
        from = merged;
    }
    return from;
}

/* operands: dst, keys, values, scratch, rows, cols, descending */
void sort(char *base, const uint32_t *operands, uint32_t first, uint32_t rows, uint32_t working) {
    const uint32_t cols = operands[5], begin = first * cols;
    float *to = floats_at(base, operands[0]) + begin;
    const float *keys = floats_at(base, operands[1]) + begin, *values = floats_at(base, operands[2]) + begin;
    uint64_t *scratch = (uint64_t *)(base + operands[3] + working);
    for (uint32_t r = 0; r < rows; r++, to += cols, keys += cols, values += cols) {
        const uint64_t *order = columns_in_order(scratch, keys, cols, operands[6]);
        for (uint32_t c = 0; c < cols; c++) to[c] = values[(uint32_t)order[c]];
    }
}

/* operands: dst, keys, g, scratch, rows, cols, descending */
void sort_spread(char *base, const uint32_t *operands, uint32_t first, uint32_t rows, uint32_t working) {
    const uint32_t cols = operands[5], begin = first * cols;
    float *to = floats_at(base, operands[0]) + begin;
    const float *keys = floats_at(base, operands[1]) + begin, *g = floats_at(base, operands[2]) + begin;
    uint64_t *scratch = (uint64_t *)(base + operands[3] + working);
    for (uint32_t r = 0; r < rows; r++, to += cols, keys += cols, g += cols) {
        const uint64_t *order = columns_in_order(scratch, keys, cols, operands[6]);
        for (uint32_t c = 0; c < cols; c++) to[(uint32_t)order[c]] = g[c];
    }
}
