/*
 * Convolutions: which elements meet, as stretches of terms for the tiles of convolution_tile.c.
 *
 * Every element of a result is its own chain of fused multiply-adds from +0 on, in the order that plan.h states, so
 * neither blocks nor tiles nor workers change a bit. Taps outside of the input are no part of a chain.
 *
 * The rows of a tile are elements that see the same taps: the same position of several examples, or, where there are few
 * examples, neighbouring positions of one. So nothing is padded or copied.
 */
#include "convolution.h"

#define FEW_EXAMPLES 4 /* fewer do not fill a tile: its rows are positions */

/* From `first` to before `end`. */
struct indices {
    uint32_t first, end;
};

INLINE int64_t ceil_of_quotient(int64_t a, int64_t b) { return a <= 0 ? -(-a / b) : (a + b - 1) / b; }

/* The taps of window `output` that are inside of the input. */
static struct indices taps_inside(const struct axis *axis, uint32_t output) {
    const int64_t start = (int64_t)output * axis->stride - axis->before, last = (int64_t)axis->input - 1 - start;
    const int64_t first = start < 0 ? ceil_of_quotient(-start, axis->dilation) : 0;
    const int64_t end = last < 0 ? 0 : last / axis->dilation + 1;
    const uint32_t bounded = end < axis->taps ? (uint32_t)end : axis->taps;
    return first < bounded ? (struct indices){(uint32_t)first, bounded} : (struct indices){0, 0};
}

/* The windows whose tap `tap` is inside of the input. */
static struct indices windows_inside(const struct axis *axis, uint32_t tap) {
    const int64_t shift = (int64_t)axis->before - (int64_t)tap * axis->dilation;
    const int64_t first = shift > 0 ? ceil_of_quotient(shift, axis->stride) : 0;
    const int64_t last = (int64_t)axis->input - 1 + shift;
    const int64_t end = last < 0 ? 0 : last / axis->stride + 1;
    const uint32_t bounded = end < axis->output ? (uint32_t)end : axis->output;
    return first < bounded ? (struct indices){(uint32_t)first, bounded} : (struct indices){0, 0};
}

/* Where tap `tap` of window `output` is, if it is inside. */
INLINE uint32_t place_of(const struct axis *axis, uint32_t output, uint32_t tap) {
    return output * axis->stride + tap * axis->dilation - axis->before;
}

/* The window that tap `tap` belongs to where it is at `input`; axis->output if there is none. */
static uint32_t window_at(const struct axis *axis, uint32_t input, uint32_t tap) {
    const int64_t from = (int64_t)input + axis->before - (int64_t)tap * axis->dilation;
    if (from < 0 || from % axis->stride != 0 || from / axis->stride >= axis->output) return axis->output;
    return (uint32_t)(from / axis->stride);
}

static void flush(struct tile *tile) {
    multiply_stretches(tile);
    tile->begins = false;
    tile->num_stretches = 0;
}

INLINE void add_stretch(struct tile *tile, uint32_t a, uint32_t b, uint32_t length) {
    if (tile->num_stretches == MOST_STRETCHES) flush(tile);
    tile->stretches[tile->num_stretches++] = (struct stretch){a, b, length};
}

/* The sums of tile->c are finished by the stretches added since `begin_sums`. */
INLINE void begin_sums(struct tile *tile, float *c) {
    tile->c = c;
    tile->begins = true;
    tile->num_stretches = 0;
}

/* A block of examples and what is computed for each: one operand's elements in, the result's out. */
struct block {
    const float *from;
    float *to;
    uint32_t examples;
};

/* The terms of window (d, h, w): for each tap inside, all channels. Neighbouring taps of a row are one stretch where
 * their channels lie one behind the other. */
static void add_window(const struct convolution *conv, struct tile *tile, uint32_t d, uint32_t h, uint32_t w) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t channels = conv->channels, per_group = channels / conv->groups;
    const struct indices td = taps_inside(depth, d), th = taps_inside(height, h), tw = taps_inside(width, w);
    const bool is_dense = conv->groups == 1 && width->dilation == 1;
    for (uint32_t i = td.first; i < td.end; i++) {
        for (uint32_t j = th.first; j < th.end; j++) {
            const uint32_t row = (place_of(depth, d, i) * height->input + place_of(height, h, j)) * width->input;
            const uint32_t taps = (i * height->taps + j) * width->taps;
            for (uint32_t k = tw.first; k < tw.end; k++) {
                const uint32_t a = (row + place_of(width, w, k)) * channels;
                const uint32_t count = is_dense ? tw.end - tw.first : 1;
                add_stretch(tile, a, (taps + k) * per_group * conv->filters, count * per_group);
                if (is_dense) break;
            }
        }
    }
}

/* One group's columns first .. of the convolution of some examples. */
static void convolve_columns(const struct convolution *conv, struct tile *tile, struct block block, uint32_t column) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t filters = conv->filters, image = positions_in(conv) * conv->channels;
    const uint32_t result = positions_out(conv) * filters;
    const bool by_examples = block.examples >= FEW_EXAMPLES;
    const float *from = tile->a;
    tile->a_row = by_examples ? image : width->stride * conv->channels;
    tile->c_row = by_examples ? result : filters;
    for (uint32_t e = 0; e < (by_examples ? 1 : block.examples); e++) {
        tile->a = from + (size_t)e * image;
        float *c = block.to + (size_t)e * result + column;
        for (uint32_t d = 0; d < depth->output; d++) {
            for (uint32_t h = 0; h < height->output; h++) {
                for (uint32_t w = 0; w < width->output; w += by_examples ? 1 : tile->rows) {
                    tile->rows = by_examples ? block.examples : 1;
                    if (!by_examples) {
                        const struct indices taps = taps_inside(width, w);
                        while (tile->rows < CONV_ROWS && w + tile->rows < width->output) {
                            const struct indices next = taps_inside(width, w + tile->rows);
                            if (next.first != taps.first || next.end != taps.end) break;
                            tile->rows++;
                        }
                    }
                    begin_sums(tile, c + ((d * height->output + h) * width->output + w) * filters);
                    add_window(conv, tile, d, h, w);
                    flush(tile);
                }
            }
        }
    }
    tile->a = from;
}

static void convolve(const struct convolution *conv, struct block block, const float *filter) {
    const uint32_t per_group = conv->filters / conv->groups;
    struct tile tile = {.a_step = 1, .b_step = conv->filters, .by_lane = is_depthwise(conv)};
    for (uint32_t c = 0; tile.by_lane && c < conv->channels; c += tile.columns) {
        tile.columns = least(VLEN, conv->channels - c);
        tile.a = block.from + c;
        tile.b = filter + c;
        convolve_columns(conv, &tile, block, c);
    }
    for (uint32_t group = 0; !tile.by_lane && group < conv->groups; group++) {
        tile.a = block.from + group * (conv->channels / conv->groups);
        for (uint32_t column = 0; column < per_group; column += tile.columns) {
            tile.columns = tile_columns(per_group - column);
            tile.b = filter + group * per_group + column;
            convolve_columns(conv, &tile, block, group * per_group + column);
        }
    }
}

/* The filter with channels as columns: [groups, taps, filters / groups, channels / groups]. One that is depthwise has them
 * there as it is stored. */
static void transpose_filter(const struct convolution *conv, float *to, const float *filter) {
    const uint32_t channels = conv->channels / conv->groups, filters = conv->filters / conv->groups;
    for (uint32_t group = 0; group < conv->groups; group++) {
        for (uint32_t tap = 0; tap < taps_of(conv); tap++) {
            const float *from = filter + (size_t)tap * channels * conv->filters + group * filters;
            for (uint32_t f = 0; f < filters; f++) {
                for (uint32_t c = 0; c < channels; c++) *to++ = from[(size_t)c * conv->filters + f];
            }
        }
    }
}

/* The terms of position (d, h, w) of the input: for each window that sees it, all filters. */
static void add_position(const struct convolution *conv, struct tile *tile, uint32_t d, uint32_t h, uint32_t w) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t filters = conv->filters / conv->groups;
    const uint32_t block = tile->by_lane ? conv->channels : filters * (conv->channels / conv->groups);
    for (uint32_t i = 0; i < depth->taps; i++) {
        const uint32_t from_d = window_at(depth, d, i);
        if (from_d == depth->output) continue;
        for (uint32_t j = 0; j < height->taps; j++) {
            const uint32_t from_h = window_at(height, h, j);
            if (from_h == height->output) continue;
            const uint32_t row = (from_d * height->output + from_h) * width->output;
            const uint32_t taps = (i * height->taps + j) * width->taps;
            for (uint32_t k = 0; k < width->taps; k++) {
                const uint32_t from_w = window_at(width, w, k);
                if (from_w == width->output) continue;
                add_stretch(tile, (row + from_w) * conv->filters, (taps + k) * block, filters);
            }
        }
    }
}

/* Whether positions `w` and `w + stride` are seen by the same taps. */
static bool sees_the_same(const struct axis *axis, uint32_t w) {
    for (uint32_t k = 0; k < axis->taps; k++) {
        if ((window_at(axis, w, k) == axis->output) != (window_at(axis, w + axis->stride, k) == axis->output))
            return false;
    }
    return true;
}

/* One group's columns of the transposed convolution of some examples. */
static void spread_columns(const struct convolution *conv, struct tile *tile, struct block block, uint32_t column) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t channels = conv->channels, image = positions_out(conv) * conv->filters;
    const uint32_t result = positions_in(conv) * channels;
    const bool by_examples = block.examples >= FEW_EXAMPLES;
    const uint32_t phases = by_examples ? 1 : least(width->stride, width->input),
                   step = by_examples ? 1 : width->stride;
    const float *from = tile->a;
    tile->a_row = by_examples ? image : conv->filters;
    tile->c_row = by_examples ? result : step * channels;
    for (uint32_t e = 0; e < (by_examples ? 1 : block.examples); e++) {
        tile->a = from + (size_t)e * image;
        float *c = block.to + (size_t)e * result + column;
        for (uint32_t d = 0; d < depth->input; d++) {
            for (uint32_t h = 0; h < height->input; h++) {
                for (uint32_t phase = 0; phase < phases; phase++) {
                    for (uint32_t w = phase; w < width->input; w += by_examples ? 1 : tile->rows * step) {
                        tile->rows = by_examples ? block.examples : 1;
                        while (!by_examples && tile->rows < CONV_ROWS && w + tile->rows * step < width->input &&
                               sees_the_same(width, w + (tile->rows - 1) * step))
                            tile->rows++;
                        begin_sums(tile, c + ((d * height->input + h) * width->input + w) * channels);
                        add_position(conv, tile, d, h, w);
                        flush(tile);
                    }
                }
            }
        }
    }
    tile->a = from;
}

static void convolve_transposed(const struct convolution *conv, struct block block, const float *filter) {
    const uint32_t per_group = conv->channels / conv->groups, filters = conv->filters / conv->groups;
    struct tile tile = {.a_step = 1, .b_step = per_group, .by_lane = is_depthwise(conv)};
    for (uint32_t c = 0; tile.by_lane && c < conv->channels; c += tile.columns) {
        tile.columns = least(VLEN, conv->channels - c);
        tile.a = block.from + c;
        tile.b = filter + c;
        spread_columns(conv, &tile, block, c);
    }
    for (uint32_t group = 0; !tile.by_lane && group < conv->groups; group++) {
        tile.a = block.from + group * filters;
        for (uint32_t column = 0; column < per_group; column += tile.columns) {
            tile.columns = tile_columns(per_group - column);
            tile.b = filter + (size_t)group * taps_of(conv) * filters * per_group + column;
            spread_columns(conv, &tile, block, group * per_group + column);
        }
    }
}

/* Examples first .. first + count - 1, in blocks that fill the tiles evenly, each with its epilogue. */
static void for_blocks(char *base, const uint32_t *operands, bool is_transposed, uint32_t first, uint32_t count,
                       uint32_t working) {
    const struct convolution *conv = convolution_at(operands + 5);
    const uint32_t dst = operands[0], epilogue_at = operands[4];
    const uint32_t rows_in = is_transposed ? positions_out(conv) : positions_in(conv);
    const uint32_t rows_out = is_transposed ? positions_in(conv) : positions_out(conv);
    const uint32_t each_in = rows_in * (is_transposed ? conv->filters : conv->channels);
    const uint32_t columns = is_transposed ? conv->channels : conv->filters, each_out = rows_out * columns;
    const uint32_t num_blocks = (count + CONV_ROWS - 1) / CONV_ROWS;
    const float *from = floats_at(base, operands[1]), *filter = floats_at(base, operands[2]);
    float *scratch = floats_at(base, operands[3] + working);
    if (is_transposed && !is_depthwise(conv)) {
        transpose_filter(conv, scratch, filter);
        filter = scratch;
        scratch += (size_t)taps_of(conv) * conv->filters * (conv->channels / conv->groups);
    }
    struct pointwise epilogue;
    if (epilogue_at) pointwise_begin(&epilogue, base, epilogue_at, conv->examples * rows_out, columns);
    for (uint32_t b = 0; b < num_blocks; b++) {
        const uint32_t begin = first + segment_start(count, num_blocks, b);
        const uint32_t examples = first + segment_start(count, num_blocks, b + 1) - begin;
        float *to = dst ? floats_at(base, dst) + (size_t)begin * each_out : scratch;
        const struct block block = {from + (size_t)begin * each_in, to, examples};
        if (is_transposed)
            convolve_transposed(conv, block, filter);
        else
            convolve(conv, block, filter);
        if (epilogue_at) pointwise_run(&epilogue, to, begin * rows_out, examples * rows_out);
    }
    if (epilogue_at) pointwise_end(&epilogue);
}

/* operands: dst, x, filter, scratch, epilogue, geometry */
NOINLINE void conv_examples(char *base, const uint32_t *operands, uint32_t first, uint32_t count, uint32_t working) {
    for_blocks(base, operands, false, first, count, working);
}

/* operands: dst, g, filter, scratch, epilogue, geometry */
NOINLINE void conv_transpose_examples(char *base, const uint32_t *operands, uint32_t first, uint32_t count,
                                      uint32_t working) {
    for_blocks(base, operands, true, first, count, working);
}

/* Rows of the filter, as many as are left, in tiles as even as can be. */
INLINE uint32_t tile_rows(uint32_t left) { return left / ((left + CONV_ROWS - 1) / CONV_ROWS); }

/* `rows` rows of the filter, all of one tap, go on by the stretches that were added; x and c are those of the first. */
static void multiply_rows(struct tile *tile, const float *x, float *c, uint32_t rows) {
    for (uint32_t row = 0; row < rows; row += tile->rows) {
        tile->rows = tile_rows(rows - row);
        tile->a = x + row;
        tile->c = c + (size_t)row * tile->c_row;
        multiply_stretches(tile);
    }
    tile->num_stretches = 0;
}

/* The same by an example's terms: for each window whose tap is inside, its gradient. */
static void add_example(const struct convolution *conv, struct tile *tile, uint32_t tap, const float *x, float *c,
                        uint32_t rows) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t k = tap % width->taps, j = tap / width->taps % height->taps, i = tap / width->taps / height->taps;
    const struct indices wd = windows_inside(depth, i), wh = windows_inside(height, j), ww = windows_inside(width, k);
    if (ww.first == ww.end) return;
    for (uint32_t d = wd.first; d < wd.end; d++) {
        for (uint32_t h = wh.first; h < wh.end; h++) {
            const uint32_t row = (place_of(depth, d, i) * height->input + place_of(height, h, j)) * width->input;
            const uint32_t a = (row + place_of(width, ww.first, k)) * conv->channels;
            const uint32_t b = ((d * height->output + h) * width->output + ww.first) * conv->filters;
            if (tile->num_stretches == MOST_STRETCHES) multiply_rows(tile, x, c, rows);
            tile->stretches[tile->num_stretches++] = (struct stretch){a, b, ww.end - ww.first};
        }
    }
    multiply_rows(tile, x, c, rows);
}

/*
 * The same for rows that are of several taps of one row of the filter, where there are few channels: `from` is the first
 * of them, counted in elements from the start of the filter's row. Rows whose tap is outside at a window are left out
 * there, so each such window is a tile of its own.
 */
static void add_example_of_taps(const struct convolution *conv, struct tile *tile, uint32_t filter_row, uint32_t from,
                                float *c, uint32_t rows) {
    const struct axis *depth = conv->axes, *height = depth + 1, *width = depth + 2;
    const uint32_t channels = conv->channels;
    const uint32_t j = filter_row % height->taps, i = filter_row / height->taps;
    const struct indices wd = windows_inside(depth, i), wh = windows_inside(height, j);
    const struct indices first_tap = windows_inside(width, from / channels);
    const struct indices last_tap = windows_inside(width, (from + rows - 1) / channels);
    for (uint32_t d = wd.first; d < wd.end; d++) {
        for (uint32_t h = wh.first; h < wh.end; h++) {
            const int64_t row =
                ((int64_t)place_of(depth, d, i) * height->input + place_of(height, h, j)) * width->input;
            const uint32_t b = (d * height->output + h) * width->output;
            for (uint32_t w = 0; w < width->output;) {
                const struct indices taps = taps_inside(width, w);
                const uint32_t begin = taps.first * channels > from ? taps.first * channels - from : 0;
                const uint32_t end = taps.end * channels > from ? least(taps.end * channels - from, rows) : 0;
                uint32_t length = 1;
                if (begin == 0 && end == rows) /* all rows: until the first tap's or the last one's windows end */
                    length = least(first_tap.end, last_tap.end) - w;
                if (begin < end) {
                    const int64_t place = (int64_t)w * width->stride - width->before;
                    tile->rows = end - begin;
                    tile->c = c + begin * tile->c_row;
                    add_stretch(tile, (uint32_t)((row + place) * channels + from + begin),
                                b * conv->filters + w * conv->filters, length);
                    multiply_stretches(tile);
                    tile->num_stretches = 0;
                }
                w += length;
            }
        }
    }
}

/* One example's part of rows first .. end - 1 of the filter's gradient, row = tap * channels per group + channel. */
static void add_example_rows(const struct convolution *conv, struct tile *tile, float *to, uint32_t first, uint32_t end,
                             uint32_t column, uint32_t first_channel) {
    const uint32_t per_group = conv->channels / conv->groups, filters = conv->filters;
    const bool of_taps = conv->groups == 1 && conv->axes[2].dilation == 1 && per_group < CONV_ROWS;
    const uint32_t line = of_taps ? conv->axes[2].taps * per_group : per_group; /* rows that lie one behind the other */
    const float *x = tile->a;
    for (uint32_t row = first, rows; row < end; row += rows) {
        const uint32_t inside = row % line, left = least(line - inside, end - row);
        float *c = to + (size_t)(row - first) * filters + column;
        rows = of_taps ? tile_rows(left) : left;
        if (of_taps)
            add_example_of_taps(conv, tile, row / line, inside, c, rows);
        else
            add_example(conv, tile, row / line, x + first_channel + inside, c, rows);
    }
    tile->a = x;
}

uint32_t conv_filter_extent(const uint32_t *operands) {
    const struct convolution *conv = convolution_at(operands + 5);
    return taps_of(conv) * (conv->channels / conv->groups);
}

/* Rows first .. end - 1 of the filter's gradient. operands: dst, x, g, scratch, segments, geometry */
NOINLINE void conv_filter_rows(char *base, const uint32_t *operands, uint32_t first, uint32_t end, uint32_t working) {
    const struct convolution *conv = convolution_at(operands + 5);
    const uint32_t segments = operands[4], filters = conv->filters, per_group = filters / conv->groups;
    const size_t count = (size_t)(end - first) * filters;
    float *to = floats_at(base, operands[0]) + (size_t)first * filters;
    float *part = segments > 1 ? floats_at(base, operands[3] + working) : to;
    const float *x = floats_at(base, operands[1]), *g = floats_at(base, operands[2]);
    const uint32_t each_x = positions_in(conv) * conv->channels, each_g = positions_out(conv) * filters;
    struct tile tile = {
        .a_row = 1, .a_step = conv->axes[2].stride * conv->channels, .b_step = filters, .c_row = filters};
    tile.by_lane = is_depthwise(conv);
    for (uint32_t s = 0; s < segments; s++) {
        float *sums = s == 0 ? to : part;
        fill_words((uint32_t *)sums, 0, count);
        const uint32_t last = segment_start(conv->examples, segments, s + 1);
        for (uint32_t e = segment_start(conv->examples, segments, s); e < last; e++) {
            /* Columns of one group, or of any where each channel has its own filter. */
            for (uint32_t column = 0; column < filters; column += tile.columns) {
                const uint32_t left = tile.by_lane ? least(VLEN, filters - column) : per_group - column % per_group;
                tile.columns = tile_columns(left);
                tile.a = x + (size_t)e * each_x;
                tile.b = g + (size_t)e * each_g + column;
                add_example_rows(conv, &tile, sums, first, end, column,
                                 column / per_group * (conv->channels / conv->groups));
            }
        }
        if (s > 0) {
            for (size_t i = 0; i < count; i++) to[i] += part[i];
        }
    }
}
