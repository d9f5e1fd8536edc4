/*
 * Which columns of a matrix are zero in all rows, as those of pixels that are dark in a whole batch. A product leaves their
 * terms out where the other factor is finite: a term of zero changes no sum (plan.h).
 */
#include "matmul.h"

#define WORD_BITS 64
#define LEAST_ZEROS 4 /* a product is multiplied as it is if fewer than one column in so many is zero */

/* Whether lanes are other than +0 and -0, as bits. */
INLINE uint32_t nonzero_lanes(vint lanes) {
#if defined(__AVX512F__) && VLEN == 16
    return _mm512_test_epi32_mask((__m512i)lanes, _mm512_set1_epi32(0x7fffffff));
#else
    const vint nonzero = (lanes & 0x7fffffff) != 0;
#if defined(__AVX2__) && VLEN == 8
    return (uint32_t)_mm256_movemask_ps((__m256)nonzero);
#elif defined(__SSE2__) && VLEN == 4
    return (uint32_t)_mm_movemask_ps((__m128)nonzero);
#elif defined(__wasm_simd128__) && VLEN == 4
    return wasm_i32x4_bitmask((v128_t)nonzero);
#else
    uint32_t bits = 0;
    for (int lane = 0; lane < VLEN; lane++) bits |= (uint32_t)(nonzero[lane] & 1) << lane;
    return bits;
#endif
#endif
}

/* Sets the bits of columns that are not zero in all rows; how many they are. */
static NOINLINE uint32_t mark_columns(uint64_t *bits, const float *x, uint32_t stride, uint32_t rows,
                                      uint32_t columns) {
    enum { VECTORS = 4 };
    uint32_t count = 0;
    for (uint32_t col = 0; col < columns; col += WORD_BITS) {
        const uint32_t end = least(col + WORD_BITS, columns);
        uint64_t word = 0;
        uint32_t j = col;
        for (; j + VECTORS * VLEN <= end; j += VECTORS * VLEN) {
            vint any[VECTORS] = {{0}};
            const float *row = x + j;
            for (uint32_t r = 0; r < rows; r++, row += stride) {
                for (int v = 0; v < VECTORS; v++) any[v] |= (vint)load(row + v * VLEN);
            }
            for (int v = 0; v < VECTORS; v++) word |= (uint64_t)nonzero_lanes(any[v]) << (j - col + (uint32_t)v * VLEN);
        }
        for (; j < end; j += VLEN) {
            const uint32_t part = least(VLEN, end - j);
            const float *row = x + j;
            vint any = {0};
            for (uint32_t r = 0; r < rows; r++, row += stride)
                any |= (vint)(part == VLEN ? load(row) : load_part(row, part));
            word |= (uint64_t)nonzero_lanes(any) << (j - col);
        }
        bits[col / WORD_BITS] = word;
        count += (uint32_t)__builtin_popcountll(word);
    }
    return count;
}

/* The first column from `col` on whose bit is set, or not: `flip` is ~0 for those that are not. */
INLINE uint32_t next_column(const uint64_t *bits, uint32_t col, uint32_t columns, uint64_t flip) {
    while (col < columns) {
        const uint64_t rest = (bits[col / WORD_BITS] ^ flip) >> col % WORD_BITS;
        if (rest) return least(columns, col + (uint32_t)__builtin_ctzll(rest));
        col = round_up(col + 1, WORD_BITS);
    }
    return columns;
}

/* False if most columns are in use. One row tells that of a matrix without zeros. */
bool find_columns(struct columns *columns, const float *x, uint32_t stride, uint32_t rows, uint32_t count) {
    const uint32_t most = count - count / LEAST_ZEROS;
    columns->all = count;
    if (count > MOST_SCANNED || mark_columns(columns->bits, x, stride, 1, count) > most) return false;
    columns->count = mark_columns(columns->bits, x, stride, rows, count);
    return columns->count <= most;
}

void list_columns(uint16_t list[MOST_SCANNED], const struct columns *columns) {
    for (uint32_t col = 0; col < columns->all; col += WORD_BITS) {
        for (uint64_t rest = columns->bits[col / WORD_BITS]; rest; rest &= rest - 1)
            *list++ = (uint16_t)(col + (uint32_t)__builtin_ctzll(rest));
    }
}

/* Fewer zero columns than `least_gap` between others are taken to be in use. */
uint32_t column_ranges(struct range ranges[MOST_RANGES], const struct columns *columns, uint32_t least_gap) {
    uint32_t count = 0, end = 0;
    for (;;) {
        const uint32_t begin = next_column(columns->bits, end, columns->all, 0);
        if (begin == columns->all) return count;
        const bool is_near = count > 0 && begin - end < least_gap;
        end = next_column(columns->bits, begin, columns->all, ~(uint64_t)0);
        if (is_near || count == MOST_RANGES)
            ranges[count - 1].end = end;
        else
            ranges[count++] = (struct range){begin, end};
    }
}

/* An exponent of all ones, which infinities and NaN have, becomes the sign when one is added to it. */
bool are_finite(const float *x, uint32_t count) {
    enum { VECTORS = 4 };
    vint any[VECTORS] = {{0}};
    uint32_t i = 0;
    for (; i + VECTORS * VLEN <= count; i += VECTORS * VLEN) {
        for (int v = 0; v < VECTORS; v++) any[v] |= ((vint)load(x + i + v * VLEN) & 0x7f800000) + 0x00800000;
    }
    bool is_finite = nonzero_lanes(((any[0] | any[1]) | (any[2] | any[3])) < 0) == 0;
    for (; i < count; i++) is_finite &= x[i] - x[i] == 0;
    return is_finite;
}

bool are_others_finite(const float *x, uint32_t width, const struct columns *columns) {
    for (uint32_t col = 0; col < columns->all; col += WORD_BITS) {
        const uint32_t left = columns->all - col;
        uint64_t rest = ~columns->bits[col / WORD_BITS];
        if (left < WORD_BITS) rest &= ((uint64_t)1 << left) - 1;
        for (; rest; rest &= rest - 1) {
            if (!are_finite(x + (col + (uint32_t)__builtin_ctzll(rest)) * (size_t)width, width)) return false;
        }
    }
    return true;
}
