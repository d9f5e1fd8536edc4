/*
 * What the parts of a matrix product share: panel.c multiplies panels, pack.c packs operands, matmul.c cuts a product
 * into panels.
 */
#ifndef GRADPOOL_MATMUL_H
#define GRADPOOL_MATMUL_H

#include "kernels.h"

/* Six rows by two vectors fill 16 registers, one of which V8 keeps for itself; ten fit into 32. */
#if VLEN == 16
#define TILE_ROWS 10
#else
#define TILE_ROWS 6
#endif
#define NARROW VLEN
#define WIDE (2 * VLEN)

/* A panel of c, some rows by NARROW or WIDE columns, or by fewer than NARROW. a(i, d) is a[i * a_stride + d] "by rows", a[d * a_stride + i] "by
 * columns". */
struct panel {
    const float *a, *b, *start; /* start: the sums so far, in c itself or of no product yet */
    float *c;
    uint32_t a_stride, b_stride, c_stride, start_stride;
    uint32_t a_tile; /* from a tile's first element of a to the next tile's */
    uint32_t rows, columns, depth;
    uint32_t part_depth; /* the last steps of d, whose rows of b end with the panel's columns, if fewer than NARROW */
    bool add;            /* the sums are added to c in the end, in place of being stored there */
    struct ahead *ahead; /* what is fetched meanwhile */
};

void multiply_panel(const struct panel *panel, bool by_rows);

/* A matrix as it is stored, with rows `stride` elements apart; `transposed` if what is wanted is its transpose. */
struct matrix {
    const float *data;
    uint32_t stride;
    bool transposed;
};

/* Packed panels of `columns` columns are WIDE, but the last ones NARROW where fewer than WIDE are left. */
INLINE uint32_t packed_width(uint32_t columns) { return columns >= WIDE ? WIDE : NARROW; }

void pack_a_columns(float *to, const float *a, uint32_t stride, uint32_t rows, uint32_t depth);
void pack_b_panels(float *to, struct matrix b, uint32_t first_depth, uint32_t depth, uint32_t first_column,
                   uint32_t columns);
#endif
