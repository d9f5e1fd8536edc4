/*
 * Sums, maxima and what is made of them: arg-max, softmax, log-softmax.
 *
 * A sum of contiguous elements goes through LANES virtual lanes (plan.h), so that its bits are the same whatever the
 * vector is.
 */
#include "kernels.h"
#include "numeric.h"

/* Adds elements first .. first + count - 1 of a sum, which begin at `from`, to their lanes. */
INLINE void add_to_lanes(float lanes[LANES], const float *from, uint32_t first, uint32_t count) {
    uint32_t i = 0;
    for (; i < count && (first + i) % LANES != 0; i++) lanes[(first + i) % LANES] += from[i];
    if (i + LANES <= count) {
        vfloat total[LANES / VLEN];
        for (int v = 0; v < LANES / VLEN; v++) total[v] = load(lanes + v * VLEN);
        for (; i + LANES <= count; i += LANES) {
            for (int v = 0; v < LANES / VLEN; v++) total[v] += load(from + i + v * VLEN);
        }
        for (int v = 0; v < LANES / VLEN; v++) store(lanes + v * VLEN, total[v]);
    }
    for (; i < count; i++) lanes[(first + i) % LANES] += from[i];
}

void sum_lanes(float lanes[LANES], const float *from, uint32_t first, uint32_t count) {
    add_to_lanes(lanes, from, first, count);
}

float fold_lanes(const float lanes[LANES]) {
    const quad low = load_quad(lanes) + load_quad(lanes + 8), high = load_quad(lanes + 4) + load_quad(lanes + 12);
    const quad four = low + high;
    return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE float sum_of(const float *from, uint32_t count) {
    float lanes[LANES] = {0};
    add_to_lanes(lanes, from, 0, count);
    return fold_lanes(lanes);
}

/* The larger as in vector.h: NaN if either is, and +0 is larger than -0. */
INLINE float larger_scalar(float a, float b) {
    if (a > b) return a;
    if (a < b) return b;
    if (a != b) return a + b;
    return __builtin_signbit(a) ? b : a;
}

/* The largest of all lanes, without a branch for each: as integers, floats are in order but for the negative ones, whose
 * other bits are turned. */
static float largest_lane(vfloat x) {
    const vint bits = (vint)x, keys = bits ^ ((bits >> 31) & 0x7fffffff), nans = (bits & 0x7fffffff) > 0x7f800000;
#if defined(__AVX512F__) && VLEN == 16
    int32_t largest = _mm512_reduce_max_epi32((__m512i)keys);
    const bool any_nan = _mm512_test_epi32_mask((__m512i)nans, (__m512i)nans) != 0;
#else
    int32_t largest = keys[0], any_nan = nans[0];
    for (int lane = 1; lane < VLEN; lane++) {
        largest = keys[lane] > largest ? keys[lane] : largest;
        any_nan |= nans[lane];
    }
#endif
    if (any_nan) return __builtin_nanf("");
    const vint turned = splat_int(largest ^ ((largest >> 31) & 0x7fffffff));
    return ((vfloat)turned)[0];
}

static float max_of(const float *from, uint32_t count) {
    float result = from[0];
    uint32_t i = 1;
    if (count >= 2 * LANES) {
        vfloat all = load(from);
        for (i = VLEN; i + VLEN <= count; i += VLEN) all = larger(all, load(from + i));
        result = largest_lane(all);
    }
    for (; i < count; i++) result = larger_scalar(result, from[i]);
    return result;
}

/* Sums columns [col, col + vectors * VLEN) of a matrix [count, inner] from its first row to its last. */
INLINE void sum_columns(float *to, const float *from, uint32_t count, uint32_t inner, const int vectors) {
    vfloat total[4];
    for (int v = 0; v < vectors; v++) total[v] = load(from + v * VLEN);
    for (uint32_t c = 1; c < count; c++) {
        from += inner;
        for (int v = 0; v < vectors; v++) total[v] += load(from + v * VLEN);
    }
    for (int v = 0; v < vectors; v++) store(to + v * VLEN, total[v]);
}

/* Sums `cols` columns, at most LANES, of a matrix [count, inner]. */
static void sum_some_columns(float *to, const float *from, uint32_t count, uint32_t inner, uint32_t cols) {
    uint32_t col = 0;
    for (; col + VLEN <= cols; col += VLEN) sum_columns(to + col, from + col, count, inner, 1);
    for (; col < cols; col++) {
        float total = from[col];
        for (uint32_t c = 1; c < count; c++) total += from[col + (size_t)c * inner];
        to[col] = total;
    }
}

void sum(float *to, const float *from, uint32_t outer, uint32_t count, uint32_t inner) {
    for (uint32_t o = 0; o < outer; o++, to += inner, from += count * inner) {
        if (inner == 1) {
            *to = sum_of(from, count);
            continue;
        }
        uint32_t col = 0;
        for (; col + 4 * VLEN <= inner; col += 4 * VLEN) sum_columns(to + col, from + col, count, inner, 4);
        for (; col + VLEN <= inner; col += VLEN) sum_columns(to + col, from + col, count, inner, 1);
        for (; col < inner; col++) {
            float total = from[col];
            for (uint32_t c = 1; c < count; c++) total += from[c * inner + col];
            to[col] = total;
        }
    }
}

/* Adds elements first .. first + count - 1 of a matrix of `cols` columns, which begin at `from`, to the sums of its columns. */
INLINE void add_to_columns(float *totals, const float *from, uint32_t first, uint32_t count, uint32_t cols) {
    const uint32_t begin = first % cols;
    for (uint32_t col = 0; col < cols; col += VLEN) {
        uint32_t i = col < begin ? cols - begin + col : col - begin;
        if (i >= count) continue;
        vfloat total = load(totals + col);
        if (first + i < cols) {
            total = load(from + i);
            i += cols;
        }
        for (; i < count; i += cols) total += load(from + i);
        store(totals + col, total);
    }
}

/* The same for matrices of `rows` rows one after the other, each with sums of its own, one row of `totals`; first, count
 * and cols are multiples of LANES. */
void add_rows(float *totals, const float *from, uint32_t first, uint32_t count, uint32_t cols, uint32_t rows) {
    const uint32_t size = rows * cols;
    totals += first / size * cols;
    for (first %= size; count > 0; totals += cols, first = 0) {
        const uint32_t part = least(count, size - first);
        add_to_columns(totals, from, first, part, cols);
        from += part;
        count -= part;
    }
}

/* Elements first .. end - 1 of the sums. */
void sum_segments(float *to, const float *from, uint32_t rows, uint32_t count, uint32_t inner, uint32_t segments,
                  uint32_t first, uint32_t end) {
    float part[LANES];
    for (uint32_t col = first; col < end; col += LANES) {
        const uint32_t cols = least(LANES, end - col);
        for (uint32_t s = 0; s < segments; s++) {
            const uint32_t begin = segment_start(rows, segments, s),
                           length = segment_start(rows, segments, s + 1) - begin;
            const float *segment = from + (size_t)begin * count * inner + col;
            if (inner == 1)
                part[0] = sum_of(segment, length * count);
            else
                sum_some_columns(part, segment, length * count, inner, cols);
            for (uint32_t i = 0; i < cols; i++) to[col + i] = s == 0 ? part[i] : to[col + i] + part[i];
        }
    }
}

void reduce_max(float *to, const float *from, uint32_t outer, uint32_t count, uint32_t inner) {
    for (uint32_t o = 0; o < outer; o++, to += inner, from += count * inner) {
        if (inner == 1) {
            *to = max_of(from, count);
            continue;
        }
        uint32_t col = 0;
        for (; col + VLEN <= inner; col += VLEN) {
            vfloat all = load(from + col);
            for (uint32_t c = 1; c < count; c++) all = larger(all, load(from + c * inner + col));
            store(to + col, all);
        }
        for (; col < inner; col++) {
            float all = from[col];
            for (uint32_t c = 1; c < count; c++) all = larger_scalar(all, from[c * inner + col]);
            to[col] = all;
        }
    }
}

void arg_max(int32_t *to, const float *from, uint32_t rows, uint32_t cols) {
    for (uint32_t r = 0; r < rows; r++, from += cols) {
        uint32_t best = 0;
        for (uint32_t c = 1; c < cols && from[best] == from[best]; c++) {
            if (!(from[c] <= from[best])) best = c;
        }
        to[r] = (int32_t)best;
    }
}

static NOINLINE void exponentials_in_place(float *x, uint32_t count) {
    uint32_t i = 0;
    for (; i + VLEN <= count; i += VLEN) store(x + i, exponential(load(x + i)));
    if (i < count) store_part(x + i, exponential(load_part(x + i, count - i)), count - i);
}

/* Subtracts a number from a row; the two may be the same place, as for the next. */
static void subtract_from_row(float *to, const float *from, float x, uint32_t cols) {
    uint32_t c = 0;
    for (; c + VLEN <= cols; c += VLEN) store(to + c, load(from + c) - x);
    for (; c < cols; c++) to[c] = from[c] - x;
}

static void divide_row(float *row, float x, uint32_t cols) {
    uint32_t c = 0;
    for (; c + VLEN <= cols; c += VLEN) store(row + c, load(row + c) / x);
    for (; c < cols; c++) row[c] = row[c] / x;
}

/* dst = x - max x, row by row. */
static void shift_rows(float *to, const float *from, uint32_t rows, uint32_t cols) {
    for (uint32_t r = 0; r < rows; r++, from += cols, to += cols) subtract_from_row(to, from, max_of(from, cols), cols);
}

#define SOFTMAX_ELEMENTS 2048 /* that stay in the first-level cache from one pass over them to the next */

/* Rows that are worked on together. */
INLINE uint32_t rows_together(uint32_t cols) { return cols < SOFTMAX_ELEMENTS ? SOFTMAX_ELEMENTS / cols : 1; }

void softmax(float *to, const float *from, uint32_t rows, uint32_t cols) {
    for (uint32_t count; rows > 0; rows -= count, from += count * cols) {
        count = least(rows, rows_together(cols));
        shift_rows(to, from, count, cols);
        exponentials_in_place(to, count * cols);
        for (uint32_t r = 0; r < count; r++, to += cols) {
            divide_row(to, sum_of(to, cols), cols);
        }
    }
}

/* log softmax x = d - log(sum of e^d) with d = x - max x. */
void log_softmax(float *to, const float *from, uint32_t rows, uint32_t cols) {
    enum { CHUNK = 16 * LANES };
    float chunk[CHUNK];
    for (uint32_t r = 0; r < rows; r++, to += cols, from += cols) {
        shift_rows(to, from, 1, cols);
        float lanes[LANES] = {0};
        for (uint32_t c = 0; c < cols; c += CHUNK) {
            const uint32_t count = least(CHUNK, cols - c);
            copy_bytes(chunk, to + c, 4 * count);
            exponentials_in_place(chunk, count);
            sum_lanes(lanes, chunk, c, count);
        }
        const float log_total = logarithm(splat(fold_lanes(lanes)))[0];
        subtract_from_row(to, to, log_total, cols);
    }
}
