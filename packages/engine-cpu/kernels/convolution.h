/*
 * What the parts of a convolution share: convolution.c finds which elements meet, convolution_tile.c multiplies them.
 */
#ifndef GRADPOOL_CONVOLUTION_H
#define GRADPOOL_CONVOLUTION_H

#include "kernels.h"

/* One spatial axis, as in a plan: tap t of window o is at o * stride + t * dilation - before of the input. */
struct axis {
    uint32_t input, output, taps, stride, dilation, before;
};

/* The geometry of a convolution, CONV_WORDS words of a plan. Values are channels last. */
struct convolution {
    uint32_t examples, channels, filters, groups;
    struct axis axes[3];
};

INLINE const struct convolution *convolution_at(const uint32_t *words) { return (const struct convolution *)words; }

INLINE uint32_t positions_in(const struct convolution *conv) {
    return conv->axes[0].input * conv->axes[1].input * conv->axes[2].input;
}
INLINE uint32_t positions_out(const struct convolution *conv) {
    return conv->axes[0].output * conv->axes[1].output * conv->axes[2].output;
}
INLINE uint32_t taps_of(const struct convolution *conv) {
    return conv->axes[0].taps * conv->axes[1].taps * conv->axes[2].taps;
}

/* A stretch of terms: elements a[a + d * a_step] and rows b[b + d * b_step], for d < length, which is not 0. */
struct stretch {
    uint32_t a, b, length;
};

#define MOST_STRETCHES 64
#if VLEN == 16
#define TILE_COLUMNS 64
#else
#define TILE_COLUMNS (2 * VLEN)
#endif

/*
 * Sums of c, CONV_ROWS rows at most by TILE_COLUMNS columns at most: c(i, j) goes on by a(i, d) * b(d, j) for each term
 * of each stretch, in order. a(i, d) is `a_row` elements behind a(i - 1, d). By lane, the factor of column j is the element
 * j behind a(i, d): so where each channel has a filter of its own.
 */
struct tile {
    const float *a, *b;
    float *c;
    uint32_t a_row, a_step, b_step, c_row;
    uint32_t rows, columns;
    uint32_t num_stretches;
    bool by_lane;
    bool begins;                 /* from +0, not from what c holds */
    float nothing[TILE_COLUMNS]; /* +0 */
    struct stretch stretches[MOST_STRETCHES];
};

/* Whether each channel has one filter of its own. */
INLINE bool is_depthwise(const struct convolution *conv) {
    return conv->groups > 1 && conv->channels == conv->groups && conv->filters == conv->groups;
}

/* The columns that a tile takes of those that are left: some whole vectors, or the rest. */
INLINE uint32_t tile_columns(uint32_t left) {
    if (left >= TILE_COLUMNS) return TILE_COLUMNS;
    if (left >= 2 * VLEN) return 2 * VLEN;
    return left >= VLEN ? VLEN : left;
}

void multiply_stretches(const struct tile *tile);
#endif
