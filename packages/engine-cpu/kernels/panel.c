/*
 * The innermost loops of a matrix product: c(i, j) = sum over d, ascending, of a(i, d) * b(d, j), each term added by one
 * multiply_add.
 *
 * A tile of c, TILE_ROWS rows by one or two vectors of columns, stays in registers while d runs: each step loads a row
 * of b's panel and multiplies it by the elements of a, repeated over a vector. With 16 registers, six rows by two
 * vectors fit: twelve sums, two vectors of b, an element of a.
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

/* Keeps the pointers to the rows of a as pointers; where there are more rows than registers for them, the first one, and
 * the others as what lies a multiple of the stride behind it. */
INLINE void hide_rows(const float *row[TILE_ROWS], uint32_t stride, const int rows, const bool by_rows) {
    const bool is_one = !by_rows || TILE_ROWS > 6;
    HIDE(row[0]);
    for (int i = 1; i < rows; i++) {
        if (is_one)
            row[i] = row[0] + (by_rows ? (size_t)i * stride : (size_t)i);
        else
            HIDE(row[i]);
    }
}

INLINE void multiply_tile(const struct panel *panel, const float *a, const float *start, float *c, const int rows,
                          const int vectors, const bool by_rows, const bool is_part) {
    const uint32_t a_stride = panel->a_stride, b_stride = panel->b_stride, c_stride = panel->c_stride;
    const uint32_t columns = panel->columns, part_depth = is_part ? panel->part_depth : 0;
    const float *b = panel->b;
    const float *row[TILE_ROWS];
    vfloat total[TILE_ROWS][2], b_row[2];
    for (int i = 0; i < rows; i++) {
        const float *from = start + i * panel->start_stride;
        row[i] = by_rows ? a + i * a_stride : a + i;
        for (int v = 0; v < vectors; v++) total[i][v] = is_part ? load_part(from, columns) : load(from + v * VLEN);
    }
    uint32_t depth = panel->depth;
    const bool fetches = TILE_ROWS > 6 && rows == TILE_ROWS && vectors == 2;
    const char *ahead = fetches ? panel->ahead->at : 0;
    const size_t line = fetches && ahead < panel->ahead->end ? CACHE_LINE : 0;
    if (by_rows) {
        for (; depth >= part_depth + 2; depth -= 2) {
            if (fetches) fetch(&ahead, line);
            HIDE(b);
            hide_rows(row, a_stride, rows, true);
            load_row(b_row, b, vectors);
            multiply_step(total, row, 0, b_row, rows, vectors);
            load_row(b_row, b + b_stride, vectors);
            multiply_step(total, row, 1, b_row, rows, vectors);
            b += 2 * b_stride;
            for (int i = 0; i < rows; i++) row[i] += 2;
        }
    }
    for (; depth > 0; depth--) {
        if (fetches && !by_rows) fetch(&ahead, line);
        HIDE(b);
        hide_rows(row, a_stride, rows, by_rows);
        if (depth > part_depth)
            load_row(b_row, b, vectors);
        else
            b_row[0] = load_part(b, columns);
        multiply_step(total, row, 0, b_row, rows, vectors);
        b += b_stride;
        for (int i = 0; i < rows; i++) row[i] += by_rows ? 1 : a_stride;
    }
    if (fetches) panel->ahead->at = ahead;
    for (int i = 0; i < rows; i++) {
        float *to = c + i * c_stride;
        for (int v = 0; v < vectors; v++) {
            vfloat sum = total[i][v] + 0.0f; /* -0 becomes +0 */
            if (panel->add) sum = (is_part ? load_part(to, columns) : load(to + v * VLEN)) + sum;
            if (is_part)
                store_part(to, sum, columns);
            else
                store(to + v * VLEN, sum);
        }
    }
}

/* The tiles of a panel: those of TILE_ROWS rows in one function, since they take most of the time, and the last one by
 * its number of rows. */
#define REST(name, rows, ...)                                                                                     \
    static NOINLINE void name##_##rows(const struct panel *panel, const float *a, const float *start, float *c) { \
        multiply_tile(panel, a, start, c, rows, __VA_ARGS__);                                                     \
    }
#define REST_CASE(name, rows) \
    case rows: return name##_##rows(panel, a, start, c);

#if TILE_ROWS > 6
#define MORE_RESTS(name, ...)  \
    REST(name, 6, __VA_ARGS__) \
    REST(name, 7, __VA_ARGS__) \
    REST(name, 8, __VA_ARGS__) \
    REST(name, 9, __VA_ARGS__)
#define MORE_CASES(name) \
    REST_CASE(name, 6) REST_CASE(name, 7) REST_CASE(name, 8) REST_CASE(name, 9)
#else
#define MORE_RESTS(name, ...)
#define MORE_CASES(name)
#endif

/* vectors, by_rows, is_part */
#define PANEL(name, ...)                                                                               \
    REST(name, 1, __VA_ARGS__)                                                                         \
    REST(name, 2, __VA_ARGS__)                                                                         \
    REST(name, 3, __VA_ARGS__)                                                                         \
    REST(name, 4, __VA_ARGS__)                                                                         \
    REST(name, 5, __VA_ARGS__)                                                                         \
    MORE_RESTS(name, __VA_ARGS__)                                                                      \
    static NOINLINE void name##_tiles(const struct panel *panel, uint32_t tiles) {                     \
        const float *a = panel->a, *start = panel->start;                                              \
        float *c = panel->c;                                                                           \
        for (; tiles > 0; tiles--) {                                                                   \
            multiply_tile(panel, a, start, c, TILE_ROWS, __VA_ARGS__);                                 \
            a += panel->a_tile;                                                                        \
            start += TILE_ROWS * panel->start_stride;                                                  \
            c += TILE_ROWS * panel->c_stride;                                                          \
        }                                                                                              \
    }                                                                                                  \
    static void name(const struct panel *panel) {                                                      \
        const uint32_t tiles = panel->rows / TILE_ROWS;                                                \
        const float *a = panel->a + tiles * panel->a_tile,                                             \
                    *start = panel->start + tiles * TILE_ROWS * panel->start_stride;                   \
        float *c = panel->c + tiles * TILE_ROWS * panel->c_stride;                                     \
        if (tiles > 0) name##_tiles(panel, tiles);                                                     \
        switch (panel->rows % TILE_ROWS) {                                                             \
            REST_CASE(name, 1) REST_CASE(name, 2) REST_CASE(name, 3) REST_CASE(name, 4) REST_CASE(name, 5) MORE_CASES(name) \
        }                                                                                              \
    }

PANEL(part_by_rows, 1, true, true)
PANEL(narrow_by_rows, 1, true, false)
PANEL(wide_by_rows, 2, true, false)
PANEL(part_by_columns, 1, false, true)
PANEL(narrow_by_columns, 1, false, false)
PANEL(wide_by_columns, 2, false, false)

void multiply_panel(const struct panel *panel, bool by_rows) {
    if (panel->columns == WIDE) return by_rows ? wide_by_rows(panel) : wide_by_columns(panel);
    if (panel->columns == NARROW) return by_rows ? narrow_by_rows(panel) : narrow_by_columns(panel);
    return by_rows ? part_by_rows(panel) : part_by_columns(panel);
}

float multiply_add_once(float a, float b, float c) { return multiply_add(splat(a), splat(b), splat(c))[0]; }
