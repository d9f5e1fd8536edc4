/*
 * Products of matrices: c(i, j) = sum over d = 0 .. k-1, ascending, of a(i, d) * b(d, j).
 *
 * A tile of c, TILE_ROWS rows by one or two vectors of columns, stays in registers while d runs: each step loads a row of b's tile and multiplies it by
 * the elements of a, repeated over a vector. Every element of c is its own chain of additions in ascending order, so tiles
 * and blocks of any size give the same bits. A chain starts at -0, the number that changes nothing when added to.
 *
 * Small products read a and b where they are. For larger ones, and where b is transposed, b is packed into panels that a tile reads from first to
 * last; blocks of d then keep a panel in cache, and c holds the unfinished sums between them.
 */
#include "kernels.h"

#define TILE_ROWS 5
#define NARROW VLEN
#define WIDE (2 * VLEN)

/* A panel of c, some rows by NARROW or WIDE columns. a(i, d) is a[i * a_stride + d] "by rows", a[d * a_stride + i] "by columns". */
struct panel {
    const float *a, *b, *start; /* start: the sums so far, in c itself or of no product yet */
    float *c;
    uint32_t a_stride, a_tile /* from a tile's first element of a to the next tile's */, b_stride, c_stride, start_stride;
    uint32_t rows, depth;
};

/* One step of d: total[i][v] += a(i) * b[v]. */
INLINE void multiply_step(vfloat total[TILE_ROWS][2], const float *const a[TILE_ROWS], int offset, const float *b, const int rows, const int vectors) {
    vfloat part[2];
    for (int v = 0; v < vectors; v++) part[v] = load(b + v * VLEN);
    for (int i = 0; i < rows; i++) {
        const vfloat factor = splat(a[i][offset]);
        for (int v = 0; v < vectors; v++) total[i][v] += factor * part[v];
    }
}

INLINE void multiply_tile(const struct panel *panel, const float *a, const float *start, float *c, const int rows, const int vectors, const bool by_rows) {
    const uint32_t a_stride = panel->a_stride, b_stride = panel->b_stride, c_stride = panel->c_stride;
    const float *b = panel->b;
    const float *row[TILE_ROWS];
    vfloat total[TILE_ROWS][2];
    for (int i = 0; i < rows; i++) {
        row[i] = by_rows ? a + i * a_stride : a + i;
        for (int v = 0; v < vectors; v++) total[i][v] = load(start + i * panel->start_stride + v * VLEN);
    }
    uint32_t depth = panel->depth;
    if (by_rows) {
        for (; depth >= 2; depth -= 2) {
            HIDE(b);
            for (int i = 0; i < rows; i++) HIDE(row[i]);
            multiply_step(total, row, 0, b, rows, vectors);
            multiply_step(total, row, 1, b + b_stride, rows, vectors);
            b += 2 * b_stride;
            for (int i = 0; i < rows; i++) row[i] += 2;
        }
        if (depth > 0) multiply_step(total, row, 0, b, rows, vectors);
    } else {
        for (; depth > 0; depth--) {
            HIDE(a);
            HIDE(b);
            for (int i = 0; i < rows; i++) row[i] = a + i;
            multiply_step(total, row, 0, b, rows, vectors);
            a += a_stride;
            b += b_stride;
        }
    }
    for (int i = 0; i < rows; i++) {
        for (int v = 0; v < vectors; v++) store(c + i * c_stride + v * VLEN, total[i][v]);
    }
}

/* The tiles of a panel: those of TILE_ROWS rows in one function, since they take most of the time, and the last one by its number of rows. */
#define PANEL_REST(name, rows, vectors, by_rows)                                                                                  \
    static NOINLINE void name##_##rows(const struct panel *panel, const float *a, const float *start, float *c) {                 \
        multiply_tile(panel, a, start, c, rows, vectors, by_rows);                                                                \
    }

#define PANEL(name, vectors, by_rows)                                                                                             \
    PANEL_REST(name, 1, vectors, by_rows)                                                                                         \
    PANEL_REST(name, 2, vectors, by_rows)                                                                                         \
    PANEL_REST(name, 3, vectors, by_rows)                                                                                         \
    PANEL_REST(name, 4, vectors, by_rows)                                                                                         \
    static NOINLINE void name##_tiles(const struct panel *panel, uint32_t tiles) {                                                \
        const float *a = panel->a, *start = panel->start;                                                                         \
        float *c = panel->c;                                                                                                      \
        for (; tiles > 0; tiles--) {                                                                                              \
            multiply_tile(panel, a, start, c, TILE_ROWS, vectors, by_rows);                                                       \
            a += panel->a_tile;                                                                                                   \
            start += TILE_ROWS * panel->start_stride;                                                                             \
            c += TILE_ROWS * panel->c_stride;                                                                                     \
        }                                                                                                                         \
    }                                                                                                                             \
    static void name(const struct panel *panel) {                                                                                 \
        const uint32_t tiles = panel->rows / TILE_ROWS;                                                                           \
        const float *a = panel->a + tiles * panel->a_tile, *start = panel->start + tiles * TILE_ROWS * panel->start_stride;       \
        float *c = panel->c + tiles * TILE_ROWS * panel->c_stride;                                                                \
        if (tiles > 0) name##_tiles(panel, tiles);                                                                                \
        switch (panel->rows % TILE_ROWS) {                                                                                        \
        case 1: return name##_1(panel, a, start, c);                                                                              \
        case 2: return name##_2(panel, a, start, c);                                                                              \
        case 3: return name##_3(panel, a, start, c);                                                                              \
        case 4: return name##_4(panel, a, start, c);                                                                              \
        }                                                                                                                         \
    }

PANEL(narrow_by_rows, 1, true)
PANEL(wide_by_rows, 2, true)
PANEL(narrow_by_columns, 1, false)
PANEL(wide_by_columns, 2, false)

INLINE void multiply_wide_panel(const struct panel *panel, bool by_rows) { by_rows ? wide_by_rows(panel) : wide_by_columns(panel); }
INLINE void multiply_narrow_panel(const struct panel *panel, bool by_rows) { by_rows ? narrow_by_rows(panel) : narrow_by_columns(panel); }

/* How a product is cut into blocks, and what of the scratch memory each part takes, in floats. */
struct blocking {
    bool pack_a, pack_b;
    uint32_t rows;    /* of a block of c, whose tape runs when it is finished */
    uint32_t depth;   /* of a block of d */
    uint32_t columns; /* packed together */
    uint32_t packed_a, packed_b, product;
};

#define CACHED_PRODUCT 4096    /* floats of a block of c that a tape finds in cache */
#define MOST_ROWS 60           /* of a block of c where b is packed */
#define PACKED_DEPTH 256
#define DIRECT_ROWS 20         /* up to so many rows, b is not worth packing */
#define DIRECT_FACTOR 4096     /* floats of b that need no packing */

static struct blocking choose_blocking(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, bool has_dst, bool has_tape) {
    struct blocking blocking = {.depth = k, .columns = n, .rows = m};
    blocking.pack_b = (flags & MATMUL_TRANSPOSE_B) || n < VLEN || (m > DIRECT_ROWS && k * n > DIRECT_FACTOR);
    const uint32_t cached_rows = CACHED_PRODUCT / n / TILE_ROWS * TILE_ROWS;
    if (blocking.pack_b) {
        blocking.depth = least(k, PACKED_DEPTH);
        if (m > MOST_ROWS) blocking.rows = has_tape && cached_rows < MOST_ROWS ? (cached_rows < 4 * TILE_ROWS ? 4 * TILE_ROWS : cached_rows) : MOST_ROWS;
        else blocking.columns = least(n, WIDE);
        blocking.pack_a = (flags & MATMUL_TRANSPOSE_A) && n > WIDE;
        blocking.packed_b = blocking.depth * round_up(blocking.columns, LANES);
        if (blocking.pack_a) blocking.packed_a = round_up(round_up(blocking.rows, TILE_ROWS) * blocking.depth, LANES);
    } else if (has_tape) {
        blocking.rows = least(m, cached_rows < TILE_ROWS ? TILE_ROWS : cached_rows);
    }
    const bool whole_product = blocking.depth < k && blocking.rows < m;
    if (!has_dst) blocking.product = (whole_product ? m : blocking.rows) * n;
    return blocking;
}

uint32_t matmul_scratch(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, uint32_t has_dst, uint32_t has_tape) {
    const struct blocking blocking = choose_blocking(m, n, k, flags, has_dst != 0, has_tape != 0);
    return 4 * (blocking.packed_a + blocking.packed_b + blocking.product);
}

/* Packs rows of a for tiles by columns: a(i, d) of a tile at [d * TILE_ROWS + i]. */
static NOINLINE void pack_a(float *to, const float *a, uint32_t row_stride, uint32_t depth_stride, uint32_t rows, uint32_t depth) {
    for (; rows > 0; a += TILE_ROWS * row_stride, to += TILE_ROWS * depth) {
        const uint32_t count = least(rows, TILE_ROWS);
        for (uint32_t d = 0; d < depth; d++) {
            for (uint32_t i = 0; i < count; i++) to[d * TILE_ROWS + i] = a[i * row_stride + d * depth_stride];
        }
        rows -= count;
    }
}

/* Packs `columns` (at most `width`) columns of b, stored [depth, columns] with `stride`, as [depth, width]. */
static NOINLINE void pack_columns(float *to, const float *b, uint32_t stride, uint32_t depth, uint32_t columns, uint32_t width) {
    for (uint32_t d = 0; d < depth; d++, b += stride, to += width) {
        if (columns == width) {
            for (uint32_t j = 0; j < width; j += VLEN) store(to + j, load(b + j));
        } else {
            for (uint32_t j = 0; j < width; j++) to[j] = j < columns ? b[j] : 0;
        }
    }
}

/* Packs four columns of b stored [columns, depth] with `stride` into four of a panel's columns, four steps of d at a time. */
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
static NOINLINE void pack_columns_transposed(float *to, const float *b, uint32_t stride, uint32_t depth, uint32_t columns, uint32_t width) {
    uint32_t j = 0;
    for (; j + 4 <= columns; j += 4, b += 4 * stride) {
        if (width == WIDE) pack_four_transposed(to + j, b, stride, depth, WIDE);
        else pack_four_transposed(to + j, b, stride, depth, NARROW);
    }
    for (; j < width; j++, b += stride) {
        for (uint32_t d = 0; d < depth; d++) to[d * width + j] = j < columns ? b[d] : 0;
    }
}

INLINE uint32_t packed_width(uint32_t columns) { return columns >= WIDE ? WIDE : NARROW; }

/* A panel of fewer than VLEN columns goes through a copy of c of full width. */
static NOINLINE void multiply_partial_panel(struct panel panel, uint32_t columns, bool by_rows) {
    float copy[MOST_ROWS * NARROW];
    float *c = panel.c;
    const uint32_t c_stride = panel.c_stride;
    if (panel.start == c) {
        for (uint32_t i = 0; i < panel.rows; i++) store(copy + i * NARROW, load_part(c + i * c_stride, columns));
        panel.start = copy;
        panel.start_stride = NARROW;
    }
    panel.c = copy;
    panel.c_stride = NARROW;
    multiply_narrow_panel(&panel, by_rows);
    for (uint32_t i = 0; i < panel.rows; i++) store_part(c + i * c_stride, load(copy + i * NARROW), columns);
}

/* A block of c from packed panels of b. */
static void multiply_packed(struct panel panel, uint32_t columns, bool by_rows) {
    while (columns > 0) {
        const uint32_t width = packed_width(columns);
        panel.b_stride = width;
        if (columns < width) {
            multiply_partial_panel(panel, columns, by_rows);
            return;
        }
        if (width == WIDE) multiply_wide_panel(&panel, by_rows);
        else multiply_narrow_panel(&panel, by_rows);
        panel.b += panel.depth * width;
        if (panel.start == panel.c) panel.start += width;
        panel.c += width;
        columns -= width;
    }
}

/* A block of c from b as it is stored. The last columns, if they are no whole vector, are done by one that overlaps columns done before. */
static void multiply_direct(struct panel panel, uint32_t columns, bool by_rows) {
    const float *b = panel.b;
    float *c = panel.c;
    uint32_t j = 0;
    while (j < columns) {
        const uint32_t left = columns - j;
        const bool wide = left > NARROW && columns >= WIDE;
        const uint32_t width = wide ? WIDE : NARROW;
        const uint32_t at = left < width ? columns - width : j;
        panel.b = b + at;
        panel.c = c + at;
        if (wide) multiply_wide_panel(&panel, by_rows);
        else multiply_narrow_panel(&panel, by_rows);
        j = at + width;
    }
}

struct factors {
    const float *a, *b;
    uint32_t m, n, k;
    bool transpose_a, transpose_b;
};

static void pack_b(float *to, const struct factors *f, uint32_t first_depth, uint32_t depth, uint32_t first, uint32_t columns) {
    for (uint32_t j = first; j < first + columns;) {
        const uint32_t left = first + columns - j, width = packed_width(left), count = least(left, width);
        if (f->transpose_b) pack_columns_transposed(to, f->b + j * f->k + first_depth, f->k, depth, count, width);
        else pack_columns(to, f->b + first_depth * f->n + j, f->n, depth, count, width);
        to += width * depth;
        j += width;
    }
}

/* Multiplies, and calls the tape, if there is one, for each finished block of rows. */
static void multiply_blocks(const struct factors *f, const struct blocking *blocking, float *dst, float *scratch, struct tape *tape) {
    float *packed_a = scratch, *packed_b = packed_a + blocking->packed_a, *product = packed_b + blocking->packed_b;
    const bool by_rows = !f->transpose_a;
    const bool product_is_block = dst == 0 && !(blocking->depth < f->k && blocking->rows < f->m);
    if (dst) product = dst;
    float nothing[WIDE]; /* what sums start from */
    for (int v = 0; v < WIDE; v += VLEN) store(nothing + v, splat(-0.0f));
    for (uint32_t d = 0; d < f->k; d += blocking->depth) {
        const uint32_t depth = least(blocking->depth, f->k - d);
        for (uint32_t j = 0; j < f->n; j += blocking->columns) {
            const uint32_t columns = least(blocking->columns, f->n - j);
            if (blocking->pack_b) pack_b(packed_b, f, d, depth, j, columns);
            for (uint32_t i = 0; i < f->m; i += blocking->rows) {
                const uint32_t rows = least(blocking->rows, f->m - i);
                const float *a = f->a + (f->transpose_a ? d * f->m + i : i * f->k + d);
                float *block = product + (product_is_block ? 0 : i * f->n);
                struct panel panel = {.c = block + j, .c_stride = f->n, .rows = rows, .depth = depth};
                panel.start = d == 0 ? nothing : panel.c;
                panel.start_stride = d == 0 ? 0 : f->n;
                if (blocking->pack_a) {
                    if (j == 0) pack_a(packed_a, a, f->transpose_a ? 1 : f->k, f->transpose_a ? f->m : 1, rows, depth);
                    panel.a = packed_a;
                    panel.a_stride = TILE_ROWS;
                    panel.a_tile = TILE_ROWS * depth;
                } else {
                    panel.a = a;
                    panel.a_stride = f->transpose_a ? f->m : f->k;
                    panel.a_tile = f->transpose_a ? TILE_ROWS : TILE_ROWS * f->k;
                }
                if (blocking->pack_b) {
                    panel.b = packed_b;
                    multiply_packed(panel, columns, by_rows && !blocking->pack_a);
                } else {
                    panel.b = f->b;
                    panel.b_stride = f->n;
                    multiply_direct(panel, columns, by_rows);
                }
                if (tape && d + depth == f->k && j + columns == f->n) tape_run(tape, block, i, rows);
            }
        }
    }
}

/* operands: dst, a, b, m, n, k, flags, scratch, tape */
void matmul(char *base, const uint32_t *operands) {
    const uint32_t dst = operands[0], flags = operands[6], tape_address = operands[8];
    const struct factors factors = {
        .a = floats_at(base, operands[1]),
        .b = floats_at(base, operands[2]),
        .m = operands[3],
        .n = operands[4],
        .k = operands[5],
        .transpose_a = (flags & MATMUL_TRANSPOSE_A) != 0,
        .transpose_b = (flags & MATMUL_TRANSPOSE_B) != 0,
    };
    const struct blocking blocking = choose_blocking(factors.m, factors.n, factors.k, flags, dst != 0, tape_address != 0);
    float *to = dst ? floats_at(base, dst) : 0, *scratch = floats_at(base, operands[7]);
    if (!tape_address) {
        multiply_blocks(&factors, &blocking, to, scratch, 0);
        return;
    }
    struct tape tape;
    tape_begin(&tape, base, tape_address, factors.m, factors.n);
    multiply_blocks(&factors, &blocking, to, scratch, &tape);
    tape_end(&tape);
}
