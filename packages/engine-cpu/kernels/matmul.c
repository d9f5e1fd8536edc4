/*
 * Products of matrices: c(i, j) = sum over d = 0 .. k-1, ascending, of a(i, d) * b(d, j).
 *
 * Every element of c is its own chain of fused multiply-adds in ascending order (multiply_add.h), so tiles and blocks of
 * any size give the same bits. A chain starts at +0, and +0 is added at its end, so that it never is -0. Within a chain
 * the sign of a zero changes nothing else: so +0 may be added between blocks, too.
 *
 * Small factors are read where they are. A larger b, or one that is transposed, is packed into panels that tiles read
 * from first to last, for a block of d at a time, so that a panel stays in the first-level cache; between blocks of d,
 * c holds the unfinished sums.
 */
#include "matmul.h"

#define PACKED_DEPTH 256    /* steps of d in a block where b is packed */
#define MOST_ROWS 60        /* rows of a block of c where a or b is packed */
#define LEAST_ROWS 20       /* and not fewer than these, so that packed panels are used often */
#define CACHED_PRODUCT 4096 /* elements of a block of c that its epilogue finds in cache */

/* What need not be packed: */
#define DIRECT_A_ELEMENTS 12288  /* of a transposed a: it stays in the first-level cache */
#define DIRECT_A_PRODUCT 2048    /* n * k, up to which reading a once takes most of the time */
#define DIRECT_B_ELEMENTS 100000 /* of b: it stays in the second-level cache, beside what else is there */
#define DIRECT_B_ROWS 8          /* rows of c, up to which reading b once takes most of the time */

/* How a product is cut into blocks, and how many elements of the scratch memory each part takes. */
struct blocking {
    bool pack_a, pack_b, whole_product;
    uint32_t rows;    /* of a block of c, whose epilogue runs when it is finished */
    uint32_t depth;   /* of a block of d */
    uint32_t columns; /* packed together */
    uint32_t segments;
    uint64_t packed_a, packed_b, product;
};

static struct blocking choose_blocking(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, bool has_dst,
                                       bool has_epilogue, uint32_t segments) {
    struct blocking blocking = {.depth = k, .columns = n, .rows = m, .segments = segments};
    blocking.pack_a = (flags & MATMUL_TRANSPOSE_A) && m * k > DIRECT_A_ELEMENTS && n * k > DIRECT_A_PRODUCT;
    blocking.pack_b = (flags & MATMUL_TRANSPOSE_B) || (k * n > DIRECT_B_ELEMENTS && m > DIRECT_B_ROWS);
    /* Columns done twice would be added twice. */
    if (segments > 1 && n > VLEN && n % VLEN != 0) blocking.pack_b = true;
    if (has_epilogue) {
        const uint32_t cached_rows = CACHED_PRODUCT / n / TILE_ROWS * TILE_ROWS;
        const uint32_t least_rows = blocking.pack_b ? round_up(LEAST_ROWS, TILE_ROWS) : TILE_ROWS;
        blocking.rows = least(m, cached_rows < least_rows ? least_rows : cached_rows);
    }
    if (blocking.pack_a || blocking.pack_b) blocking.rows = least(blocking.rows, MOST_ROWS);
    if (segments > 1) {
        blocking.depth = (k + segments - 1) / segments;
        if (blocking.pack_b)
            blocking.packed_b = (uint64_t)k * round_up(n, LANES); /* all segments, for each block of rows */
    } else if (blocking.pack_b) {
        const uint32_t blocks = (k + PACKED_DEPTH - 1) / PACKED_DEPTH;
        blocking.depth = (k + blocks - 1) / blocks; /* as even as can be */
        if (blocking.rows == m) blocking.columns = least(n, 2 * WIDE); /* used once: packed where it stays in cache */
        blocking.packed_b = (uint64_t)blocking.depth * round_up(blocking.columns, LANES);
    }
    if (blocking.pack_a) {
        const uint64_t packed = (uint64_t)round_up(blocking.rows, TILE_ROWS) * blocking.depth;
        blocking.packed_a = (packed + LANES - 1) / LANES * LANES;
    }
    blocking.whole_product = has_dst || (segments == 1 && blocking.depth < k && blocking.rows < m);
    if (!has_dst) blocking.product = (uint64_t)(blocking.whole_product ? m : blocking.rows) * n;
    return blocking;
}

/* UINT32_MAX stands for more than any arena has. */
uint32_t matmul_scratch(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, uint32_t has_dst, uint32_t has_epilogue,
                        uint32_t segments) {
    const struct blocking blocking = choose_blocking(m, n, k, flags, has_dst != 0, has_epilogue != 0, segments);
    const uint64_t bytes = 4 * (blocking.packed_a + blocking.packed_b + blocking.product);
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* A block of c from packed panels of b. */
static void multiply_packed(struct panel panel, uint32_t columns, bool by_rows) {
    while (columns > 0) {
        panel.b_stride = packed_width(columns);
        panel.columns = least(columns, panel.b_stride);
        multiply_panel(&panel, by_rows);
        panel.b += panel.depth * panel.b_stride;
        if (panel.start == panel.c) panel.start += panel.columns;
        panel.c += panel.columns;
        columns -= panel.columns;
    }
}

/* A block of c from b as it is stored. The last columns, if they are no whole vector, are done by one that overlaps
 * columns done before; a b of fewer columns, by one that reads on into b's next rows, where there are any. */
static void multiply_direct(struct panel panel, uint32_t columns, bool by_rows) {
    if (columns < NARROW) {
        panel.columns = columns;
        panel.part_depth = least(panel.depth, (NARROW - 1) / columns);
        multiply_panel(&panel, by_rows);
        return;
    }
    const float *b = panel.b;
    float *c = panel.c;
    uint32_t j = 0;
    while (j < columns) {
        const uint32_t left = columns - j;
        panel.columns = left > NARROW && columns >= WIDE ? WIDE : NARROW;
        const uint32_t at = least(j, columns - panel.columns);
        panel.b = b + at;
        panel.c = c + at;
        multiply_panel(&panel, by_rows);
        j = at + panel.columns;
    }
}

/* What is multiplied: rows first .. first + m - 1 of a product. */
struct factors {
    struct matrix a, b;
    uint32_t m, n, k;
    const struct blocking *blocking;
    float *product, *packed_a, *packed_b;
    const float *nothing; /* what sums start from: WIDE times +0 */
    struct ahead *ahead;
};

/* Multiplies rows i .. i + rows - 1 of a by b, over d .. d + depth - 1; columns j .. j + columns - 1. `panel` says how the
 * sums begin and end. */
static void multiply_block(const struct factors *f, struct panel panel, uint32_t i, uint32_t rows, uint32_t d,
                           uint32_t depth, uint32_t j, uint32_t columns) {
    const struct matrix a = f->a;
    panel.rows = rows;
    panel.depth = depth;
    panel.ahead = f->ahead;
    panel.a = a.transposed ? a.data + d * a.stride + i : a.data + i * a.stride + d;
    panel.a_stride = a.stride;
    panel.a_tile = a.transposed ? TILE_ROWS : TILE_ROWS * a.stride;
    if (f->blocking->pack_a) {
        if (j == 0) pack_a_columns(f->packed_a, panel.a, a.stride, rows, depth);
        panel.a = f->packed_a;
        panel.a_stride = TILE_ROWS;
        panel.a_tile = TILE_ROWS * depth;
    }
    if (f->blocking->pack_b) {
        multiply_packed(panel, columns, !a.transposed);
    } else {
        panel.b = f->b.data + d * f->b.stride;
        panel.b_stride = f->b.stride;
        multiply_direct(panel, columns, !a.transposed);
    }
}

/* Multiplies, and calls the epilogue, if there is one, for each finished block of rows. `first` is the row of the epilogue that row
 * 0 is. While a block of d is multiplied, the rows of b that are packed next are fetched. */
static void multiply_blocks(const struct factors *f, struct pointwise *epilogue, uint32_t first) {
    const struct blocking *blocking = f->blocking;
    const uint32_t m = f->m, n = f->n, k = f->k;
    const struct ahead next = *f->ahead;
    uint32_t depth, columns, rows;
    for (uint32_t d = 0; d < k; d += depth) {
        depth = least(blocking->depth, k - d);
        *f->ahead = next;
        if (blocking->pack_b && !f->b.transposed && d + depth < k) {
            const float *rest = f->b.data + (d + depth) * n;
            *f->ahead = (struct ahead){(const char *)rest, (const char *)(rest + least(depth, k - d - depth) * n)};
        }
        for (uint32_t j = 0; j < n; j += columns) {
            columns = least(blocking->columns, n - j);
            if (blocking->pack_b) pack_b_panels(f->packed_b, f->b, d, depth, j, columns);
            for (uint32_t i = 0; i < m; i += rows) {
                rows = least(blocking->rows, m - i);
                float *block = blocking->whole_product ? f->product + i * n : f->product;
                struct panel panel = {.b = f->packed_b, .c = block + j, .c_stride = n};
                panel.start = d == 0 ? f->nothing : panel.c;
                panel.start_stride = d == 0 ? 0 : n;
                multiply_block(f, panel, i, rows, d, depth, j, columns);
                if (epilogue && d + depth == k && j + columns == n) pointwise_run(epilogue, block, first + i, rows);
            }
        }
    }
}

/* The same, where d is cut into segments: each block of rows is finished, segment by segment, before the next. */
static void multiply_segments(const struct factors *f, struct pointwise *epilogue, uint32_t first) {
    const struct blocking *blocking = f->blocking;
    const uint32_t m = f->m, n = f->n, k = f->k, segments = blocking->segments, packed_row = round_up(n, LANES);
    uint32_t depth, rows;
    for (uint32_t d = 0, s = 0; blocking->pack_b && s < segments; s++, d += depth) {
        depth = segment_start(k, segments, s + 1) - d;
        pack_b_panels(f->packed_b + d * packed_row, f->b, d, depth, 0, n);
    }
    for (uint32_t i = 0; i < m; i += rows) {
        rows = least(blocking->rows, m - i);
        float *block = blocking->whole_product ? f->product + i * n : f->product;
        for (uint32_t d = 0, s = 0; s < segments; s++, d += depth) {
            depth = segment_start(k, segments, s + 1) - d;
            const struct panel panel = {
                .b = f->packed_b + d * packed_row, .c = block, .c_stride = n, .start = f->nothing, .add = s > 0};
            multiply_block(f, panel, i, rows, d, depth, 0, n);
        }
        if (epilogue) pointwise_run(epilogue, block, first + i, rows);
    }
}

/* The second factor of a product. */
struct ahead second_factor(char *base, const uint32_t *operands) {
    const float *b = floats_at(base, operands[2]);
    return (struct ahead){(const char *)b, (const char *)(b + operands[4] * operands[5])};
}

/* Rows first .. first + rows - 1 of the product. operands: dst, a, b, m, n, k, flags, scratch, epilogue */
NOINLINE void matmul_rows(char *base, const uint32_t *operands, uint32_t segments, uint32_t first, uint32_t rows,
                          uint32_t working, struct ahead next) {
    const uint32_t m = operands[3], n = operands[4], k = operands[5], flags = operands[6];
    const uint32_t dst = operands[0], epilogue_at = operands[8];
    const bool transpose_a = flags & MATMUL_TRANSPOSE_A, transpose_b = flags & MATMUL_TRANSPOSE_B;
    /* As for all rows, so that what their working memory holds is enough for some. */
    const struct blocking blocking = choose_blocking(m, n, k, flags, dst != 0, epilogue_at != 0, segments);
    float nothing[WIDE] = {0};
    float *scratch = floats_at(base, operands[7] + working);
    struct factors factors = {
        .a = {floats_at(base, operands[1]), transpose_a ? m : k, transpose_a},
        .b = {floats_at(base, operands[2]), transpose_b ? k : n, transpose_b},
        .m = rows,
        .n = n,
        .k = k,
        .blocking = &blocking,
        .packed_a = scratch,
        .packed_b = scratch + blocking.packed_a,
        .product = scratch + blocking.packed_a + blocking.packed_b,
        .nothing = nothing,
        .ahead = &next,
    };
    factors.a.data += transpose_a ? first : first * k;
    if (dst) factors.product = floats_at(base, dst) + first * n;
    if (!epilogue_at) {
        if (segments > 1)
            multiply_segments(&factors, 0, first);
        else
            multiply_blocks(&factors, 0, first);
        return;
    }
    struct pointwise epilogue;
    pointwise_begin(&epilogue, base, epilogue_at, m, n);
    if (segments > 1)
        multiply_segments(&factors, &epilogue, first);
    else
        multiply_blocks(&factors, &epilogue, first);
    pointwise_end(&epilogue);
}

void matmul(char *base, const uint32_t *operands, uint32_t segments) {
    matmul_rows(base, operands, segments, 0, operands[3], 0, (struct ahead){0});
}
