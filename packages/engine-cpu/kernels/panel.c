/*
 * The innermost loops of a matrix product: c(i, j) = sum over d, ascending, of a(i, d) * b(d, j), each term added by one
 * multiply_add.
 *
 * A tile of c, up to TILE_ROWS rows by one or two vectors of columns, stays in registers while d runs: each step loads a
 * row of b's panel and multiplies it by the elements of a, repeated over a vector. With 32 registers, 14 rows by two
 * vectors fit: 28 sums, two vectors of b, an element of a.
 *
 * Fewer columns than a vector has are done as a whole vector, whose other lanes are never stored.
 *
 * Tiles keep the arithmetic busy and leave the memory idle. Where registers are left for it, each step of theirs asks for
 * a cache line of what comes next (struct ahead): another core wrote half of that, so it is long on the way.
 */
#include "matmul.h"
#include "multiply_add.h"

/* One step of d: total[i][v] = a(i) * b[v] + total[i][v], rounded once. */
INLINE void multiply_step(vfloat total[TILE_ROWS][2], const float *const a[TILE_ROWS], int offset, const vfloat b[2],
                          const int rows, const int vectors) {
    for (int i = 0; i < rows; i++) {
        const vfloat factor = splat(a[i][offset]);
        for (int v = 0; v < vectors; v++) total[i][v] = multiply_add(factor, b[v], total[i][v]);
    }
}

INLINE void load_row(vfloat to[2], const float *b, const int vectors) {
    for (int v = 0; v < vectors; v++) to[v] = load(b + v * VLEN);
}

/* Where the next of a panel's tiles are. */
struct tiles {
    const float *a, *start;
    float *c;
    size_t a_stride, a_next; /* from one of a's rows, or columns, to the next; from a tile to the next */
};

/*
 * The rows of a in a tile, from the pointer to the first one. In WASM every row has a pointer of its own. Elsewhere that
 * would take all registers: there every fifth row has one, and the others lie one, two, three or four strides behind it,
 * which is an address that x64 makes by itself.
 */
#if defined(__wasm__)
#define OWN_POINTERS true
#else
#define OWN_POINTERS false
#endif
#define POINTER_ROWS 5

/* The distance of rows, in elements, from which the CPU does not see by itself that they are read one after the other. */
#define FAR_ROW 256

INLINE void reach_rows(const float *row[TILE_ROWS], const float *a, size_t stride, const int rows) {
    size_t three = 3 * stride;
    HIDE(three);
    for (int i = 0; i < rows; i++) {
        const int behind = i % POINTER_ROWS;
        if (i > 0 && behind == 0) {
            a += POINTER_ROWS * stride;
            HIDE(a);
        }
        row[i] = a + (behind == 3 ? three : (size_t)behind * stride);
    }
}

INLINE void find_rows(const float *row[TILE_ROWS], const float *a, size_t stride, const int rows, const bool by_rows) {
    if (OWN_POINTERS && by_rows) {
        for (int i = 0; i < rows; i++) HIDE(row[i]);
        return;
    }
    HIDE(a);
    if (!by_rows) {
        for (int i = 0; i < rows; i++) row[i] = a + i;
        return;
    }
    reach_rows(row, a, stride, rows);
}

INLINE void store_columns(float *to, vfloat value, uint32_t columns, const bool is_part) {
    if (is_part)
        store_part(to, value, columns);
    else
        store(to, value);
}

/* Where a tile of some steps fetches from, and how far each step goes on: by less than a line, where a range ends. */
INLINE const char *begin_to_fetch(struct fetched *fetched, uint32_t steps, size_t *line) {
    const struct ahead *range = fetched->ranges + fetched->current;
    const char *at = range->at;
    const size_t left = (size_t)(range->end - at);
    if (left > 0) *line = left >= steps * CACHE_LINE ? CACHE_LINE : (uint32_t)left / steps + 1;
    return at;
}

INLINE void end_to_fetch(struct fetched *fetched, const char *at) {
    struct ahead *range = fetched->ranges + fetched->current;
    range->at = at < range->end ? at : range->end;
    if (at >= range->end && fetched->current + 1 < fetched->count) fetched->current++;
}

/* Where a tile of sums that begin now will be stored. */
INLINE void fetch_tile(const float *c, size_t stride, const int rows) {
    for (int i = 0; i < rows; i++, c += stride) {
        HIDE(c);
        __builtin_prefetch(c, 1, 3);
        __builtin_prefetch(c + VLEN, 1, 3);
    }
}

/* The steps of a list, where others would add nothing. */
INLINE void multiply_listed(const struct panel *panel, const float *a, vfloat total[TILE_ROWS][2], const char **ahead,
                            size_t line, const int rows, const int vectors) {
    const size_t a_stride = panel->a_stride, b_stride = panel->b_stride;
    const float *const b = panel->b - panel->first_step * b_stride, *row[TILE_ROWS];
    a -= panel->first_step;
    vfloat b_row[2];
    for (const uint16_t *step = panel->steps, *const end = step + panel->num_steps; step < end; step++) {
        const float *from = b + *step * b_stride;
        if (ahead) fetch(ahead, line);
        reach_rows(row, a + *step, a_stride, rows);
        load_row(b_row, from, vectors);
        multiply_step(total, row, 0, b_row, rows, vectors);
    }
}

/* A tile of `rows` rows. Sums end with + 0, which makes +0 of -0. Where more of them are than registers for pointers, some are reached from others. */
INLINE void multiply_tile(const struct panel *panel, const struct tiles *tile, const int rows, const int vectors,
                          const bool by_rows, const bool is_part, const bool is_listed) {
    const size_t a_stride = tile->a_stride, b_stride = panel->b_stride;
    const size_t c_stride = panel->c_stride, start_stride = panel->start_stride;
    const uint32_t columns = panel->columns;
    const float *b = panel->b, *const whole_end = panel->whole_end;
    const float *a = tile->a, *row[TILE_ROWS];
    vfloat total[TILE_ROWS][2], b_row[2];
    const float *from = tile->start;
    for (int i = 0; i < rows; i++, from += start_stride) {
        HIDE(from);
        for (int v = 0; v < vectors; v++) total[i][v] = is_part ? load_part(from, columns) : load(from + v * VLEN);
    }
    const bool fetches = TILE_ROWS > 6 && rows > 6 && vectors == 2;
    if (fetches && start_stride == 0 && c_stride > WIDE) fetch_tile(tile->c, c_stride, rows);
    const uint32_t steps = is_listed ? panel->num_steps : by_rows ? panel->depth / 2 * 2 : panel->depth;
    size_t line = 0;
    const char *ahead = fetches ? begin_to_fetch(panel->fetched, steps, &line) : 0;
    const size_t to_fetch = b_stride < FAR_ROW ? 0 : ROWS_AHEAD * b_stride;
    const bool has_pointers = OWN_POINTERS && by_rows;
    uint32_t depth = panel->depth;
    if (is_listed) {
        multiply_listed(panel, a, total, fetches ? &ahead : 0, line, rows, vectors);
        depth = 0;
    }
    for (int i = 0; has_pointers && i < rows; i++) row[i] = a + i * a_stride;
    if (by_rows && !is_listed) {
        for (; depth >= 2 && (!is_part || b + b_stride < whole_end); depth -= 2) {
            if (fetches) fetch(&ahead, line);
            HIDE(b);
            find_rows(row, a, a_stride, rows, true);
            load_row(b_row, b, vectors);
            multiply_step(total, row, 0, b_row, rows, vectors);
            if (fetches) fetch(&ahead, line);
            load_row(b_row, b + b_stride, vectors);
            multiply_step(total, row, 1, b_row, rows, vectors);
            b += 2 * b_stride;
            a += 2;
            for (int i = 0; has_pointers && i < rows; i++) row[i] += 2;
        }
    }
    for (; !is_listed && depth > 0; depth--) {
        if (fetches && !by_rows) fetch(&ahead, line);
        HIDE(b);
        find_rows(row, a, a_stride, rows, by_rows);
        if (!is_part || b < whole_end)
            load_row(b_row, b, vectors);
        else
            b_row[0] = load_part(b, columns);
        multiply_step(total, row, 0, b_row, rows, vectors);
        if (fetches && !by_rows) {
            __builtin_prefetch(b + to_fetch, 0, 3);
            __builtin_prefetch(b + to_fetch + VLEN, 0, 3);
        }
        b += b_stride;
        a += by_rows ? 1 : a_stride;
        for (int i = 0; has_pointers && i < rows; i++) row[i]++;
    }
    if (fetches) end_to_fetch(panel->fetched, ahead);
    float *to = tile->c;
    if (__builtin_expect(panel->add, 0)) {
        for (int i = 0; i < rows; i++, to += c_stride) {
            HIDE(to);
            for (int v = 0; v < vectors; v++) {
                const vfloat before = is_part ? load_part(to, columns) : load(to + v * VLEN);
                store_columns(to + v * VLEN, before + (total[i][v] + 0.0f), columns, is_part);
            }
        }
        return;
    }
    for (int i = 0; i < rows; i++, to += c_stride) {
        HIDE(to);
        for (int v = 0; v < vectors; v++) store_columns(to + v * VLEN, total[i][v] + 0.0f, columns, is_part);
    }
}

/* Tiles of one number of rows, at least one, from first to last. */
#define TILES(rows, name, ...)                                                                                  \
    static NOINLINE void name##_##rows(const struct panel *panel, struct tiles *tiles, uint32_t count) {        \
        for (;; count--) {                                                                            \
            multiply_tile(panel, tiles, rows, __VA_ARGS__);                                                     \
            tiles->a += tiles->a_next;                                                                          \
            tiles->start += rows * panel->start_stride;                                                         \
            tiles->c += rows * panel->c_stride;                                                                 \
            if (count == 1 || (!EVEN_TILES && rows < TILE_ROWS)) break; \
        }                                                                                                       \
    }
#define TILES_CASE(rows, name, ...) \
    case rows: return name##_##rows(panel, tiles, count);

#define EACH_OF_6(each, ...)                                                                     \
    each(1, __VA_ARGS__) each(2, __VA_ARGS__) each(3, __VA_ARGS__) each(4, __VA_ARGS__) \
    each(5, __VA_ARGS__) each(6, __VA_ARGS__)
#define EACH_OF_12(each, ...)                                                                           \
    EACH_OF_6(each, __VA_ARGS__)                                                                        \
    each(7, __VA_ARGS__) each(8, __VA_ARGS__) each(9, __VA_ARGS__) each(10, __VA_ARGS__) \
    each(11, __VA_ARGS__) each(12, __VA_ARGS__)
#define EACH_OF_14(each, ...)    \
    EACH_OF_12(each, __VA_ARGS__) \
    each(13, __VA_ARGS__) each(14, __VA_ARGS__)

#if TILE_ROWS == 14
#define EACH_OF_TILE_ROWS EACH_OF_14
#elif TILE_ROWS == 12
#define EACH_OF_TILE_ROWS EACH_OF_12
#else
#define EACH_OF_TILE_ROWS EACH_OF_6
#endif

/* vectors, by_rows, is_part, is_listed */
#define PANEL(name, ...)                                                                             \
    EACH_OF_TILE_ROWS(TILES, name, __VA_ARGS__)                                                      \
    static void name(const struct panel *panel, struct tiles *tiles, uint32_t rows, uint32_t count) { \
        switch (rows) {                                                                              \
            EACH_OF_TILE_ROWS(TILES_CASE, name, __VA_ARGS__)                                         \
        }                                                                                            \
    }

PANEL(part_by_rows, 1, true, true, false)
PANEL(narrow_by_rows, 1, true, false, false)
PANEL(wide_by_rows, 2, true, false, false)
PANEL(part_by_columns, 1, false, true, false)
PANEL(narrow_by_columns, 1, false, false, false)
PANEL(wide_by_columns, 2, false, false, false)
PANEL(narrow_listed, 1, true, false, true)
PANEL(wide_listed, 2, true, false, true)

static void multiply_tiles(const struct panel *panel, struct tiles *tiles, uint32_t rows, uint32_t count) {
    const bool by_rows = panel->a_layout == BY_ROWS;
    if (count == 0) return;
    tiles->a_stride = panel->a_layout == PACKED ? rows : panel->a_stride;
    tiles->a_next =
        panel->a_layout == BY_COLUMNS ? rows : rows * (panel->a_layout == PACKED ? panel->depth : panel->a_stride);
    if (panel->columns == WIDE)
        (panel->steps ? wide_listed : by_rows ? wide_by_rows : wide_by_columns)(panel, tiles, rows, count);
    else if (panel->columns == NARROW)
        (panel->steps ? narrow_listed : by_rows ? narrow_by_rows : narrow_by_columns)(panel, tiles, rows, count);
    else
        (by_rows ? part_by_rows : part_by_columns)(panel, tiles, rows, count);
}

void multiply_panel(const struct panel *panel) {
    const struct cut cut = cut_rows(panel->rows);
    struct tiles tiles = {.a = panel->a, .start = panel->start, .c = panel->c};
    for (int i = 0; i < 2; i++) multiply_tiles(panel, &tiles, cut.rows[i], cut.count[i]);
}

float multiply_add_once(float a, float b, float c) { return multiply_add(splat(a), splat(b), splat(c))[0]; }
