/*
 * The innermost loops of a matrix product: c(i, j) = sum over d, ascending, of a(i, d) * b(d, j).
 *
 * A tile of c, TILE_ROWS rows by one or two vectors of columns, stays in registers while d runs: each step loads a row
 * of b's panel and multiplies it by the elements of a, repeated over a vector. With 16 registers of 4 floats, five rows
 * by two vectors is what fits: ten sums, two vectors of b, an element of a, a product.
 */
#include "matmul.h"

/* One step of d: total[i][v] += a(i) * b[v]. */
INLINE void multiply_step(vfloat total[TILE_ROWS][2], const float *const a[TILE_ROWS], int offset, const float *b,
                          const int rows, const int vectors) {
    vfloat part[2];
    for (int v = 0; v < vectors; v++) part[v] = load(b + v * VLEN);
    for (int i = 0; i < rows; i++) {
        const vfloat factor = splat(a[i][offset]);
        for (int v = 0; v < vectors; v++) total[i][v] += factor * part[v];
    }
}

INLINE void multiply_tile(const struct panel *panel, const float *a, const float *start, float *c, const int rows,
                          const int vectors, const bool by_rows) {
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

/* The tiles of a panel: those of TILE_ROWS rows in one function, since they take most of the time, and the last one by
 * its number of rows. */
#define PANEL_REST(name, rows, vectors, by_rows)                                                                  \
    static NOINLINE void name##_##rows(const struct panel *panel, const float *a, const float *start, float *c) { \
        multiply_tile(panel, a, start, c, rows, vectors, by_rows);                                                \
    }

#define PANEL(name, vectors, by_rows)                                                \
    PANEL_REST(name, 1, vectors, by_rows)                                            \
    PANEL_REST(name, 2, vectors, by_rows)                                            \
    PANEL_REST(name, 3, vectors, by_rows)                                            \
    PANEL_REST(name, 4, vectors, by_rows)                                            \
    static NOINLINE void name##_tiles(const struct panel *panel, uint32_t tiles) {   \
        const float *a = panel->a, *start = panel->start;                            \
        float *c = panel->c;                                                         \
        for (; tiles > 0; tiles--) {                                                 \
            multiply_tile(panel, a, start, c, TILE_ROWS, vectors, by_rows);          \
            a += panel->a_tile;                                                      \
            start += TILE_ROWS * panel->start_stride;                                \
            c += TILE_ROWS * panel->c_stride;                                        \
        }                                                                            \
    }                                                                                \
    static void name(const struct panel *panel) {                                    \
        const uint32_t tiles = panel->rows / TILE_ROWS;                              \
        const float *a = panel->a + tiles * panel->a_tile,                           \
                    *start = panel->start + tiles * TILE_ROWS * panel->start_stride; \
        float *c = panel->c + tiles * TILE_ROWS * panel->c_stride;                   \
        if (tiles > 0) name##_tiles(panel, tiles);                                   \
        switch (panel->rows % TILE_ROWS) {                                           \
        case 1: return name##_1(panel, a, start, c);                                 \
        case 2: return name##_2(panel, a, start, c);                                 \
        case 3: return name##_3(panel, a, start, c);                                 \
        case 4: return name##_4(panel, a, start, c);                                 \
        }                                                                            \
    }

PANEL(narrow_by_rows, 1, true)
PANEL(wide_by_rows, 2, true)
PANEL(narrow_by_columns, 1, false)
PANEL(wide_by_columns, 2, false)

void multiply_wide_panel(const struct panel *panel, bool by_rows) {
    if (by_rows)
        wide_by_rows(panel);
    else
        wide_by_columns(panel);
}

void multiply_narrow_panel(const struct panel *panel, bool by_rows) {
    if (by_rows)
        narrow_by_rows(panel);
    else
        narrow_by_columns(panel);
}
