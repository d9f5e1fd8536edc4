/*
 * What the parts of a matrix product share: panel.c multiplies panels, pack.c packs operands, matmul.c cuts a product
 * into panels.
 */
#ifndef GRADPOOL_MATMUL_H
#define GRADPOOL_MATMUL_H

#include "kernels.h"

/* Rows of the tallest tile, which is two vectors wide: they fill 32 registers, or 16, one of which V8 keeps for itself. */
#if VLEN == 16
#define TILE_ROWS 14
#elif defined(__aarch64__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif
#define NARROW VLEN
#define WIDE (2 * VLEN)

/* Whether tiles are as even as can be, which keeps all of them busy; or all but the last one TILE_ROWS, which takes fewer
 * loops: V8 has no register to spare. */
#if defined(__wasm__)
#define EVEN_TILES false
#else
#define EVEN_TILES true
#endif

/* Rows cut into tiles: `count[0]` of rows[0], then count[1] of rows[1]. */
struct cut {
    uint32_t rows[2], count[2];
};

INLINE struct cut cut_rows(uint32_t rows) {
    const uint32_t whole = rows / TILE_ROWS, rest = rows % TILE_ROWS, tiles = whole + (rest > 0);
    if (!EVEN_TILES) return (struct cut){{TILE_ROWS, rest}, {whole, rest > 0}};
    return (struct cut){{rows / tiles + 1, rows / tiles}, {rows % tiles, tiles - rows % tiles}};
}

/* How a is stored: a(i, d) is a[i * a_stride + d], a[d * a_stride + i], or packed by tiles of r rows, one behind the other: a[d * r + i]. */
enum a_layout { BY_ROWS, BY_COLUMNS, PACKED };

/* What is fetched while panels are multiplied, range after range. */
#define MOST_AHEAD 8
struct fetched {
    struct ahead ranges[MOST_AHEAD];
    uint32_t count, current;
};

/* A panel of c, some rows by NARROW or WIDE columns, or by fewer than NARROW. */
struct panel {
    const float *a, *b, *start; /* start: the sums so far, in c itself or of no product yet */
    float *c;
    uint32_t a_stride, b_stride, c_stride, start_stride;
    enum a_layout a_layout;
    uint32_t rows, columns, depth;
    const uint16_t
        *steps; /* of a by rows, and NARROW columns or more: the steps that are done, from `first_step` on; 0: all */
    uint32_t num_steps, first_step;
    const float *whole_end; /* rows of b before this have NARROW elements that may be read, if columns are fewer */
    bool add;               /* the sums are added to c in the end, in place of being stored there */
    struct fetched *fetched;
};

void multiply_panel(const struct panel *panel);

/* A matrix as it is stored, with rows `stride` elements apart; `transposed` if what is wanted is its transpose. */
struct matrix {
    const float *data;
    uint32_t stride;
    bool transposed;
};

/* Packed panels of `columns` columns are WIDE, but the last ones NARROW where fewer than WIDE are left. */
INLINE uint32_t packed_width(uint32_t columns) { return columns >= WIDE ? WIDE : NARROW; }

/* zeros.c: which of at most MOST_SCANNED columns of a matrix are not zero in all rows, as bits, as a list, and as ranges of
 * neighbours. */
#define MOST_SCANNED 4096
#define MOST_RANGES 128
struct columns {
    uint64_t bits[MOST_SCANNED / 64];
    uint32_t count, all;
};
struct range {
    uint32_t begin, end;
};
bool find_columns(struct columns *columns, const float *x, uint32_t stride, uint32_t rows, uint32_t count);
void list_columns(uint16_t list[MOST_SCANNED], const struct columns *columns);
uint32_t column_ranges(struct range ranges[MOST_RANGES], const struct columns *columns, uint32_t least_gap);
bool are_finite(const float *x, uint32_t count);
/* Whether the rows of x, each of `width`, are finite where the columns, of as many, are zero. */
bool are_others_finite(const float *x, uint32_t width, const struct columns *columns);

void pack_a_columns(float *to, const float *a, uint32_t stride, uint32_t rows, uint32_t depth);
void pack_a_rows(float *to, const float *a, uint32_t stride, uint32_t rows, uint32_t depth);
void pack_b_panels(float *to, struct matrix b, uint32_t first_depth, uint32_t depth, uint32_t first_column,
                   uint32_t columns);
#endif
