/*
 * Products of matrices: c(i, j) = sum over d = 0 .. k-1, ascending, of a(i, d) * b(d, j).
 *
 * Every element of c is its own chain of fused multiply-adds in ascending order (multiply_add.h), so tiles and blocks of
 * any size give the same bits. A chain starts at +0, and +0 is added at its end, so that it never is -0. Within a chain
 * the sign of a zero changes nothing else: so +0 may be added between blocks, too.
 *
 * Factors are read where they are, but for a b that is transposed, or large and used by many rows: it is packed into panels
 * that tiles read from first to last, for a block of d at a time, and between blocks of d, c holds the unfinished sums.
 *
 * Terms of zero are left out where whole columns of a, or rows of a transposed a, are zero (zeros.c), as those of pixels that
 * are dark in a whole batch, and b is finite.
 */
#include "matmul.h"

#define PACKED_DEPTH 256 /* steps of d in a block where b is packed */
#define MOST_ROWS 140    /* rows of a block of c where its epilogue runs and b is packed, or a is */
#define LEAST_ROWS 28    /* and not fewer than these, so that packed panels are used often */

/* Elements of a block of c that its epilogue finds in cache: the first-level one, but where sums are long, the second. */
#define LEAST_CACHED 4096
#define MOST_CACHED 65536
#define CACHED_PER_STEP 128

/* What need not be packed: */
#define DIRECT_B_ELEMENTS 100000 /* of b: it stays in the second-level cache, beside what else is there */
#define DIRECT_B_ROWS 255        /* rows of c, up to which packing b takes longer than it saves */
#define FAR_B_ELEMENTS 2097152   /* of a b that no cache holds: its rows are read from first to last, and packed */
#define LEAST_FAR_ROWS 8          /* rows of c from which that pays: fewer read b once, more have time for it */
#define MOST_FAR_ROWS 96
#define FAR_B_PACKED 131072      /* elements of it that are packed together */
#define PAGE_ELEMENTS 1024       /* a, unless its rows are so far apart that they share one line's places in the cache */
#define PAGED_A_COLUMNS 128      /* and c has so many columns */
#define DIRECT_A_PRODUCT 2048    /* a transposed a: n * k, up to which reading it once takes most of the time */
/* Of a transposed a: it stays in the second-level cache, or, where a step takes less than that, in the first. */
#define DIRECT_A_ELEMENTS (VLEN == 16 ? 200000 : 12288)

/* Where zeros are looked for, which takes as long as a column of c: */
#define LEAST_SCANNED 64       /* steps, or rows of a transposed a */
#define LEAST_COLUMNS 32 /* of c */
#define LEAST_STEP_ROWS 4 /* rows of c, since b is read once more */
#define WIDE_ROWS 256          /* columns of b from which its rows are looked at one by one for numbers not finite */
#define ROW_COST 1024          /* of a range of rows, in multiplications */

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
    if (flags & MATMUL_TRANSPOSE_A)
        blocking.pack_a = m * k > DIRECT_A_ELEMENTS && n * k > DIRECT_A_PRODUCT;
    else
        blocking.pack_a = k % PAGE_ELEMENTS == 0 && n >= PAGED_A_COLUMNS;
    const bool is_far = !(flags & MATMUL_TRANSPOSE_B) && segments == 1 && (uint64_t)k * n > FAR_B_ELEMENTS &&
                        m > LEAST_FAR_ROWS && m <= MOST_FAR_ROWS;
    blocking.pack_b = (flags & MATMUL_TRANSPOSE_B) || (k * n > DIRECT_B_ELEMENTS && m > DIRECT_B_ROWS) || is_far;
    /* Columns done twice would be added twice. */
    if (segments > 1 && n > VLEN && n % VLEN != 0) blocking.pack_b = true;
    if (has_epilogue) {
        const uint32_t long_sums = least(k, MOST_CACHED / CACHED_PER_STEP) * CACHED_PER_STEP;
        const uint32_t cached_rows = (long_sums > LEAST_CACHED ? long_sums : LEAST_CACHED) / n / TILE_ROWS * TILE_ROWS;
        const uint32_t least_rows = blocking.pack_b ? round_up(LEAST_ROWS, TILE_ROWS) : TILE_ROWS;
        blocking.rows = least(m, cached_rows < least_rows ? least_rows : cached_rows);
    }
    if (blocking.pack_a || (has_epilogue && blocking.pack_b)) blocking.rows = least(blocking.rows, MOST_ROWS);
    const uint32_t row_blocks = (m + blocking.rows - 1) / blocking.rows;
    blocking.rows = (m + row_blocks - 1) / row_blocks; /* as even as can be */
    if (segments > 1) {
        blocking.depth = (k + segments - 1) / segments;
        if (blocking.pack_b)
            blocking.packed_b = (uint64_t)k * round_up(n, LANES); /* all segments, for each block of rows */
    } else if (blocking.pack_b) {
        const bool is_whole = is_far && blocking.rows == m && n <= FAR_B_PACKED;
        const uint32_t most_depth = is_whole ? least(PACKED_DEPTH, FAR_B_PACKED / n) : PACKED_DEPTH;
        const uint32_t blocks = (k + most_depth - 1) / most_depth;
        blocking.depth = (k + blocks - 1) / blocks; /* as even as can be */
        if (blocking.rows == m && !is_whole)
            blocking.columns = least(n, 2 * WIDE); /* used once: packed where it stays in cache */
        blocking.packed_b = (uint64_t)blocking.depth * round_up(blocking.columns, LANES);
    }
    if (blocking.pack_a) {
        const uint64_t packed = (uint64_t)blocking.rows * blocking.depth;
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
static void multiply_packed(struct panel panel, uint32_t columns) {
    while (columns > 0) {
        panel.b_stride = packed_width(columns);
        panel.columns = least(columns, panel.b_stride);
        panel.whole_end = panel.b + panel.depth * panel.b_stride;
        multiply_panel(&panel);
        panel.b += panel.depth * panel.b_stride;
        if (panel.start == panel.c) panel.start += panel.columns;
        panel.c += panel.columns;
        columns -= panel.columns;
    }
}

/* A block of c from b as it is stored. The last columns, if they are no whole vector, are done by one that overlaps
 * columns done before; a b of fewer columns, by one that reads on into b's next rows, where there are any. */
static void multiply_direct(struct panel panel, uint32_t columns) {
    if (columns < NARROW) {
        panel.columns = columns;
        panel.whole_end = panel.b + (panel.depth - least(panel.depth, (NARROW - 1) / columns)) * panel.b_stride;
        multiply_panel(&panel);
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
        multiply_panel(&panel);
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
    struct fetched *fetched;
    /* The steps of d, or rows, that are not zero; 0 where all are multiplied. */
    const uint16_t *steps;
    const struct range *ranges;
    uint32_t num_steps, num_ranges;
};

/* How many of the listed steps are before d. */
static uint32_t steps_before(const struct factors *f, uint32_t d) {
    uint32_t low = 0, high = f->num_steps;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (f->steps[middle] < d)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Multiplies rows i .. i + rows - 1 of a by b, over d .. d + depth - 1; columns j .. j + columns - 1. `panel` says how the
 * sums begin and end. */
static void multiply_block(const struct factors *f, struct panel panel, uint32_t i, uint32_t rows, uint32_t d,
                           uint32_t depth, uint32_t j, uint32_t columns) {
    const struct matrix a = f->a;
    panel.rows = rows;
    panel.depth = depth;
    if (f->steps) {
        panel.steps = f->steps + steps_before(f, d);
        panel.num_steps = steps_before(f, d + depth) - steps_before(f, d);
        panel.first_step = d;
    }
    panel.fetched = f->fetched;
    panel.a = a.transposed ? a.data + d * a.stride + i : a.data + i * a.stride + d;
    panel.a_stride = a.stride;
    panel.a_layout = a.transposed ? BY_COLUMNS : BY_ROWS;
    if (f->blocking->pack_a) {
        if (j == 0) (a.transposed ? pack_a_columns : pack_a_rows)(f->packed_a, panel.a, a.stride, rows, depth);
        panel.a = f->packed_a;
        panel.a_layout = PACKED;
    }
    if (f->blocking->pack_b) {
        multiply_packed(panel, columns);
    } else {
        panel.b = f->b.data + d * f->b.stride;
        panel.b_stride = f->b.stride;
        multiply_direct(panel, columns);
    }
}

/* Sets some columns of rows to +0. */
static void fill_rows(float *to, uint32_t rows, uint32_t stride, uint32_t columns) {
    if (columns == stride) {
        fill_words((uint32_t *)to, 0, rows * columns);
        return;
    }
    for (; rows > 0; rows--, to += stride) fill_words((uint32_t *)to, 0, columns);
}

/* The same but for rows of a that are zero: their products are +0. */
static void multiply_ranges(const struct factors *f, struct panel panel, uint32_t i, uint32_t rows, uint32_t d,
                            uint32_t depth, uint32_t j, uint32_t columns) {
    if (!f->ranges) {
        multiply_block(f, panel, i, rows, d, depth, j, columns);
        return;
    }
    float *const block = panel.c;
    uint32_t done = i;
    for (uint32_t r = 0; r <= f->num_ranges && done < i + rows; r++) {
        const struct range range = r < f->num_ranges ? f->ranges[r] : (struct range){i + rows, i + rows};
        if (range.end <= done) continue;
        const uint32_t begin = least(i + rows, range.begin > done ? range.begin : done),
                       end = least(i + rows, range.end);
        fill_rows(block + (done - i) * panel.c_stride, begin - done, panel.c_stride, columns);
        panel.c = block + (begin - i) * panel.c_stride;
        if (d > 0) panel.start = panel.c;
        if (begin < end) multiply_block(f, panel, begin, end - begin, d, depth, j, columns);
        done = end;
    }
}

/* From now on, fetches `count` ranges, which are in place, and then what comes after the product. */
static void fetch_ranges(struct fetched *fetched, uint32_t count, struct ahead next) {
    fetched->ranges[count] = next;
    fetched->count = count + 1;
    fetched->current = 0;
}

static struct ahead next_of(const struct fetched *fetched) { return fetched->ranges[fetched->count - 1]; }

#define LEAST_FETCHED 1024 /* elements */

/* What the epilogue reads and writes of rows that are multiplied first. */
static void fetch_for(const struct pointwise *epilogue, struct fetched *fetched, uint32_t first, uint32_t rows) {
    const struct ahead next = next_of(fetched);
    const bool is_worth_it = rows * epilogue->cols >= LEAST_FETCHED;
    fetch_ranges(fetched, is_worth_it ? pointwise_ahead(epilogue, fetched->ranges, MOST_AHEAD - 1, first, rows) : 0,
                 next);
}

/* Rows of b that are packed next. */
static void fetch_rest(const struct factors *f, uint32_t d, uint32_t depth) {
    const struct ahead next = next_of(f->fetched);
    const float *rest = f->b.data + d * f->n;
    f->fetched->ranges[0] = (struct ahead){(const char *)rest, (const char *)(rest + depth * f->n)};
    fetch_ranges(f->fetched, 1, next);
}

/* Multiplies, and calls the epilogue, if there is one, for each finished block of rows. `first` is the row of the epilogue that row
 * 0 is. While a block of d is multiplied, the rows of b that are packed next are fetched. */
static void multiply_blocks(const struct factors *f, struct pointwise *epilogue, uint32_t first) {
    const struct blocking *blocking = f->blocking;
    const uint32_t m = f->m, n = f->n, k = f->k;
    uint32_t depth, columns, rows;
    for (uint32_t d = 0; d < k; d += depth) {
        depth = least(blocking->depth, k - d);
        const bool is_last = d + depth == k;
        if (blocking->pack_b && !f->b.transposed && !is_last)
            fetch_rest(f, d + depth, least(depth, k - d - depth));
        else
            fetch_ranges(f->fetched, 0, next_of(f->fetched));
        for (uint32_t j = 0; j < n; j += columns) {
            columns = least(blocking->columns, n - j);
            if (blocking->pack_b) pack_b_panels(f->packed_b, f->b, d, depth, j, columns);
            for (uint32_t i = 0; i < m; i += rows) {
                rows = least(blocking->rows, m - i);
                float *block = blocking->whole_product ? f->product + i * n : f->product;
                struct panel panel = {.b = f->packed_b, .c = block + j, .c_stride = n};
                panel.start = d == 0 ? f->nothing : panel.c;
                panel.start_stride = d == 0 ? 0 : n;
                if (epilogue && is_last && j == 0) fetch_for(epilogue, f->fetched, first + i, rows);
                multiply_ranges(f, panel, i, rows, d, depth, j, columns);
                if (epilogue && is_last && j + columns == n) pointwise_run(epilogue, block, first + i, rows);
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
            if (epilogue && s == segments - 1) fetch_for(epilogue, f->fetched, first + i, rows);
            const struct panel panel = {
                .b = f->packed_b + d * packed_row, .c = block, .c_stride = n, .start = f->nothing, .add = s > 0};
            multiply_block(f, panel, i, rows, d, depth, 0, n);
        }
        if (epilogue) pointwise_run(epilogue, block, first + i, rows);
    }
}

/* Looks for columns of a that are zero in all rows, whose steps add nothing where b is finite. */
static void find_steps(struct factors *f, uint16_t list[MOST_SCANNED]) {
    struct columns columns;
    if (f->a.transposed || f->blocking->pack_a || f->b.transposed) return;
    if (f->k < LEAST_SCANNED || f->n < LEAST_COLUMNS || f->m < LEAST_STEP_ROWS) return;
    if (!find_columns(&columns, f->a.data, f->k, f->m, f->k)) return;
    const bool is_wide = f->n >= WIDE_ROWS;
    if (!(is_wide ? are_others_finite(f->b.data, f->n, &columns) : are_finite(f->b.data, f->k * f->n))) return;
    list_columns(list, &columns);
    f->steps = list;
    f->num_steps = columns.count;
}

/* The same for rows of a transposed a. */
static void find_rows_in_use(struct factors *f, struct range ranges[MOST_RANGES]) {
    struct columns columns;
    if (!f->a.transposed || f->m < LEAST_SCANNED || f->n < LEAST_COLUMNS) return;
    if (!find_columns(&columns, f->a.data, f->a.stride, f->k, f->m) || !are_finite(f->b.data, f->k * f->n)) return;
    f->ranges = ranges;
    f->num_ranges = column_ranges(ranges, &columns, 1 + ROW_COST / (f->k * f->n));
}

/* The second factor of a product. */
struct ahead second_factor(char *base, const uint32_t *operands) {
    const float *b = floats_at(base, operands[2]);
    return (struct ahead){(const char *)b, (const char *)(b + operands[4] * operands[5])};
}

/* Products first .. first + count - 1 of a stack. operands: those of matmul_rows, and how many there are */
NOINLINE void matmul_stack(char *base, const uint32_t *operands, uint32_t first, uint32_t count, uint32_t working) {
    const uint32_t m = operands[3], n = operands[4], k = operands[5], flags = operands[6];
    const uint32_t dst = operands[0], epilogue_at = operands[8];
    const bool transpose_a = flags & MATMUL_TRANSPOSE_A, transpose_b = flags & MATMUL_TRANSPOSE_B;
    const struct blocking blocking = choose_blocking(m, n, k, flags, dst != 0, epilogue_at != 0, 1);
    float nothing[WIDE] = {0};
    float *scratch = floats_at(base, operands[7] + working);
    struct fetched fetched = {.count = 1};
    struct pointwise epilogue;
    uint16_t steps[MOST_SCANNED];
    struct range ranges[MOST_RANGES];
    if (epilogue_at) pointwise_begin(&epilogue, base, epilogue_at, m * operands[9], n);
    for (uint32_t i = first; i < first + count; i++) {
        struct factors factors = {
            .a = {floats_at(base, operands[1]) + i * (m * k), transpose_a ? m : k, transpose_a},
            .b = {floats_at(base, operands[2]) + i * (k * n), transpose_b ? k : n, transpose_b},
            .m = m,
            .n = n,
            .k = k,
            .blocking = &blocking,
            .packed_a = scratch,
            .packed_b = scratch + blocking.packed_a,
            .product = dst ? floats_at(base, dst) + i * (m * n) : scratch + blocking.packed_a + blocking.packed_b,
            .nothing = nothing,
            .fetched = &fetched,
        };
        find_steps(&factors, steps);
        find_rows_in_use(&factors, ranges);
        multiply_blocks(&factors, epilogue_at ? &epilogue : 0, i * m);
    }
    if (epilogue_at) pointwise_end(&epilogue);
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
    struct fetched fetched = {.ranges = {next}, .count = 1};
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
        .fetched = &fetched,
    };
    factors.a.data += transpose_a ? first : first * k;
    if (dst) factors.product = floats_at(base, dst) + first * n;
    uint16_t steps[MOST_SCANNED];
    struct range ranges[MOST_RANGES];
    if (segments == 1) {
        find_steps(&factors, steps);
        find_rows_in_use(&factors, ranges);
    }
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
