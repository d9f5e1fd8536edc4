/*
 * The innermost loops of a convolution: sums of c that stay in registers while their terms run by, each added by one
 * multiply_add.
 *
 * As in a product, each step loads a row of b and multiplies it by an element of a for each row of c, repeated over a
 * vector. Rows of a are addressed from every third one, at a distance of none, one and two rows, as x86 can.
 */
#include "convolution.h"
#include "multiply_add.h"

#define MOST_VECTORS (TILE_COLUMNS / VLEN)

/* Sums stay in registers only if the compiler unrolls these loops before it looks for what may be kept there. */
#ifdef __clang__
#define UNROLL_FULLY _Pragma("clang loop unroll(full)")
#else
#define UNROLL_FULLY _Pragma("GCC unroll 8")
#endif

INLINE void multiply_stretches_of(const struct tile *tile, const int rows, const int vectors, const bool is_part,
                                  const bool by_lane) {
    vfloat total[CONV_ROWS][MOST_VECTORS], b_row[MOST_VECTORS];
    const size_t a_row = tile->a_row, a_step = tile->a_step, b_step = tile->b_step, c_row = tile->c_row;
    const uint32_t columns = tile->columns;
    const float *start = tile->begins ? tile->nothing : tile->c;
    const size_t start_row = tile->begins ? 0 : c_row;
    UNROLL_FULLY
    for (int i = 0; i < rows; i++) {
        const float *from = start + i * start_row;
        UNROLL_FULLY
        for (int v = 0; v < vectors; v++) total[i][v] = is_part ? load_part(from, columns) : load(from + v * VLEN);
    }
    /* One loop over the terms of all stretches: of two, the sums would go through memory between stretches. */
    const struct stretch *stretch = tile->stretches, *end = stretch + tile->num_stretches;
    const float *first = 0, *fourth = 0, *b = 0;
    for (uint32_t left = 0;; left--) {
        if (left == 0) {
            if (stretch == end) break;
            first = tile->a + stretch->a;
            fourth = first + 3 * a_row;
            b = tile->b + stretch->b;
            left = stretch->length;
            stretch++;
        }
        HIDE(b);
        HIDE(first);
        HIDE(fourth);
        UNROLL_FULLY
        for (int v = 0; v < vectors; v++) b_row[v] = is_part ? load_part(b, columns) : load(b + v * VLEN);
        UNROLL_FULLY
        for (int i = 0; i < rows; i++) {
            const float *a = i < 3 ? first + i * a_row : fourth + (i - 3) * a_row;
            UNROLL_FULLY
            for (int v = 0; v < vectors; v++) {
                const vfloat factor = !by_lane ? splat(*a) : is_part ? load_part(a, columns) : load(a + v * VLEN);
                total[i][v] = multiply_add(factor, b_row[v], total[i][v]);
            }
        }
        b += b_step;
        first += a_step;
        fourth += a_step;
    }
    UNROLL_FULLY
    for (int i = 0; i < rows; i++) {
        float *to = tile->c + i * c_row;
        UNROLL_FULLY
        for (int v = 0; v < vectors; v++) {
            const vfloat sum = total[i][v] + 0.0f; /* -0 becomes +0 */
            if (is_part)
                store_part(to, sum, columns);
            else
                store(to + v * VLEN, sum);
        }
    }
}

#define CONV_TILE(name, rows, ...)                                        \
    static NOINLINE void name##_##rows(const struct tile *tile) {    \
        multiply_stretches_of(tile, rows, __VA_ARGS__);              \
    }
/* vectors, is_part, by_lane */
#define CONV_TILES(name, ...)                              \
    CONV_TILE(name, 1, __VA_ARGS__)                        \
    CONV_TILE(name, 2, __VA_ARGS__)                        \
    CONV_TILE(name, 3, __VA_ARGS__)                        \
    CONV_TILE(name, 4, __VA_ARGS__)                        \
    CONV_TILE(name, 5, __VA_ARGS__)                        \
    CONV_TILE(name, 6, __VA_ARGS__)                        \
    static void name(const struct tile *tile) {       \
        switch (tile->rows) {                         \
        case 1: return name##_1(tile);                \
        case 2: return name##_2(tile);                \
        case 3: return name##_3(tile);                \
        case 4: return name##_4(tile);                \
        case 5: return name##_5(tile);                \
        default: return name##_6(tile);               \
        }                                             \
    }

CONV_TILES(part_of_a_vector, 1, true, false)
CONV_TILES(one_vector, 1, false, false)
CONV_TILES(two_vectors, 2, false, false)
#if TILE_COLUMNS > 2 * VLEN
CONV_TILES(four_vectors, 4, false, false)
#endif
CONV_TILES(part_by_lane, 1, true, true)
CONV_TILES(vector_by_lane, 1, false, true)

void multiply_stretches(const struct tile *tile) {
    if (tile->by_lane) return tile->columns == VLEN ? vector_by_lane(tile) : part_by_lane(tile);
#if TILE_COLUMNS > 2 * VLEN
    if (tile->columns == 4 * VLEN) return four_vectors(tile);
#endif
    if (tile->columns == 2 * VLEN) return two_vectors(tile);
    if (tile->columns == VLEN) return one_vector(tile);
    part_of_a_vector(tile);
}
