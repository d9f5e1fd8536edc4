/*
 * Packing for matrix products: copies of blocks of the operands in the order in which tiles read them, so that reading
 * takes few pages and whole cache lines.
 */
#include "matmul.h"

/* Copies `count` elements, at most TILE_ROWS. */
INLINE void copy_few(float *to, const float *from, uint32_t count) {
#if VLEN == 16
    store_part(to, load_part(from, count), count);
#else
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) store_quad(to + i, load_quad(from + i));
    for (; i < count; i++) to[i] = from[i];
#endif
}

/* Packs `rows` rows of a, stored [depth, rows] with `stride`, as tiles (enum a_layout). Each stored row is read once, from
 * first to last. */
void pack_a_columns(float *to, const float *a, uint32_t stride, uint32_t rows, uint32_t depth) {
    const struct cut cut = cut_rows(rows);
    for (uint32_t d = 0; d < depth; d++, a += stride) {
        uint32_t i = 0;
        if (d + ROWS_AHEAD < depth) fetch_row((const char *)(a + ROWS_AHEAD * stride), 4 * rows);
        for (uint32_t tile = 0; tile < cut.count[0] + cut.count[1]; tile++) {
            const uint32_t count = cut.rows[tile >= cut.count[0]];
            copy_few(to + i * depth + d * count, a + i, count);
            i += count;
        }
    }
}

/* Packs two panels at once, which together take whole cache lines of b. */
static NOINLINE void pack_two_panels(float *to, const float *b, uint32_t stride, uint32_t depth) {
    float *next = to + WIDE * depth;
    for (; depth > 0; depth--, b += stride, to += WIDE, next += WIDE) {
        HIDE(b);
        HIDE(to);
        HIDE(next);
        for (uint32_t j = 0; j < WIDE; j += VLEN) {
            store(to + j, load(b + j));
            store(next + j, load(b + WIDE + j));
        }
    }
}

/* Packs `columns` (at most `width`) columns of b, stored [depth, columns] with `stride`, as [depth, width]. */
static NOINLINE void pack_columns(float *to, const float *b, uint32_t stride, uint32_t depth, uint32_t columns,
                                  uint32_t width) {
    for (uint32_t d = 0; d < depth; d++, b += stride, to += width) {
        if (columns == width) {
            for (uint32_t j = 0; j < width; j += VLEN) store(to + j, load(b + j));
        } else {
            for (uint32_t j = 0; j < width; j++) to[j] = j < columns ? b[j] : 0;
        }
    }
}

/* Packs four columns of b stored [columns, depth] with `stride` into four of a panel's columns, four steps of d at a
 * time. */
INLINE void pack_four_transposed(float *to, const float *b, uint32_t stride, uint32_t depth, const uint32_t width) {
    const float *row[4];
    for (int i = 0; i < 4; i++) row[i] = b + i * stride;
    for (; depth >= 4; depth -= 4) {
        quad q[4];
        HIDE(to);
        for (int i = 0; i < 4; i++) {
            HIDE(row[i]);
            q[i] = load_quad(row[i]);
            row[i] += 4;
        }
        transpose_quads(q);
        for (int i = 0; i < 4; i++) store_quad(to + i * width, q[i]);
        to += 4 * width;
    }
    for (; depth > 0; depth--, to += width) {
        for (int i = 0; i < 4; i++) to[i] = *row[i]++;
    }
}

/* Packs columns as pack_columns does, of b stored [columns, depth]. */
static NOINLINE void pack_columns_transposed(float *to, const float *b, uint32_t stride, uint32_t depth,
                                             uint32_t columns, uint32_t width) {
    uint32_t j = 0;
    for (; j + 4 <= columns; j += 4, b += 4 * stride) {
        if (width == WIDE)
            pack_four_transposed(to + j, b, stride, depth, WIDE);
        else
            pack_four_transposed(to + j, b, stride, depth, NARROW);
    }
    for (; j < width; j++, b += stride) {
        for (uint32_t d = 0; d < depth; d++) to[d * width + j] = j < columns ? b[d] : 0;
    }
}

/* The same of a stored [rows, depth]. */
void pack_a_rows(float *to, const float *a, uint32_t stride, uint32_t rows, uint32_t depth) {
    const struct cut cut = cut_rows(rows);
    for (uint32_t tile = 0; tile < cut.count[0] + cut.count[1]; tile++) {
        const uint32_t count = cut.rows[tile >= cut.count[0]];
        uint32_t i = 0;
        for (; i + 4 <= count; i += 4) pack_four_transposed(to + i, a + i * stride, stride, depth, count);
        for (; i < count; i++) {
            for (uint32_t d = 0; d < depth; d++) to[d * count + i] = a[i * stride + d];
        }
        to += count * depth;
        a += count * stride;
    }
}

void pack_b_panels(float *to, struct matrix b, uint32_t first_depth, uint32_t depth, uint32_t first_column,
                   uint32_t columns) {
    const float *from =
        b.data + (b.transposed ? first_column * b.stride + first_depth : first_depth * b.stride + first_column);
    while (columns > 0) {
        const uint32_t width = packed_width(columns), count = least(columns, width);
        if (!b.transposed && columns >= 2 * WIDE) {
            pack_two_panels(to, from, b.stride, depth);
            to += 2 * WIDE * depth;
            from += 2 * WIDE;
            columns -= 2 * WIDE;
            continue;
        }
        if (b.transposed)
            pack_columns_transposed(to, from, b.stride, depth, count, width);
        else
            pack_columns(to, from, b.stride, depth, count, width);
        to += width * depth;
        from += b.transposed ? width * b.stride : width;
        columns -= count;
    }
}
