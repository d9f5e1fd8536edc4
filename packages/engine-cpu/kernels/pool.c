/*
 * Max pooling, channel by channel: the value where the key is largest in a window, and its transpose.
 *
 * A vector holds some channels of one window. The first tap whose key is largest wins, and the first NaN before all; its
 * number is kept beside it, so that the transpose finds the same tap.
 */
#include "convolution.h"

/* The taps of a window that are inside of the input, by their first elements. */
struct window {
    uint32_t first[3], end[3]; /* positions along each axis */
};

static struct window window_of(const struct convolution *pool, const uint32_t place[3]) {
    struct window window;
    for (int i = 0; i < 3; i++) {
        const struct axis *axis = pool->axes + i;
        const int64_t start = (int64_t)place[i] * axis->stride - axis->before, end = start + axis->taps;
        window.first[i] = start > 0 ? (uint32_t)start : 0;
        window.end[i] = end < axis->input ? (uint32_t)end : axis->input;
    }
    return window;
}

INLINE vfloat load_channels(const float *from, uint32_t count) {
    return count >= VLEN ? load(from) : load_part(from, count);
}

INLINE void store_channels(float *to, vfloat value, uint32_t count) {
    if (count >= VLEN)
        store(to, value);
    else
        store_part(to, value, count);
}

/* The largest keys of a window, and the numbers of their positions in the input; `count` channels from the first. */
struct largest {
    vfloat key;
    vint at;
};

static struct largest largest_of(const struct convolution *pool, const struct window *window, const float *keys,
                                 uint32_t count) {
    const uint32_t height = pool->axes[1].input, width = pool->axes[2].input, channels = pool->channels;
    struct largest largest = {0};
    bool is_first = true;
    for (uint32_t d = window->first[0]; d < window->end[0]; d++) {
        for (uint32_t h = window->first[1]; h < window->end[1]; h++) {
            for (uint32_t w = window->first[2]; w < window->end[2]; w++) {
                const uint32_t at = (d * height + h) * width + w;
                const vfloat key = load_channels(keys + (size_t)at * channels, count);
                const vint is_nan = (key != key) & (largest.key == largest.key);
                const vint wins = is_first ? splat_int(-1) : (key > largest.key) | is_nan;
                largest.key = choose(wins, key, largest.key);
                largest.at = (wins & splat_int((int32_t)at)) | (~wins & largest.at);
                is_first = false;
            }
        }
    }
    return largest;
}

/* Adds g to the input's element whose key is the largest, for each channel; to the others of the window, +0. */
static void spread_window(const struct convolution *pool, const struct window *window, float *to, vfloat g, vint at,
                          uint32_t count) {
    const uint32_t height = pool->axes[1].input, width = pool->axes[2].input, channels = pool->channels;
    for (uint32_t d = window->first[0]; d < window->end[0]; d++) {
        for (uint32_t h = window->first[1]; h < window->end[1]; h++) {
            for (uint32_t w = window->first[2]; w < window->end[2]; w++) {
                const uint32_t place = (d * height + h) * width + w;
                float *element = to + (size_t)place * channels;
                const vfloat here = keep(at == splat_int((int32_t)place), g);
                store_channels(element, load_channels(element, count) + here, count);
            }
        }
    }
}

/* For each example from `first` on, each window and each vector of channels. operands: dst, keys, other, geometry */
static void for_windows(char *base, const uint32_t *operands, uint32_t first, uint32_t count, bool is_spread) {
    const struct convolution *pool = convolution_at(operands + 3);
    const uint32_t channels = pool->channels;
    const size_t inputs = (size_t)positions_in(pool) * channels, outputs = (size_t)positions_out(pool) * channels;
    const float *keys = floats_at(base, operands[1]) + first * inputs;
    for (uint32_t e = 0; e < count; e++, keys += inputs) {
        const float *other = floats_at(base, operands[2]) + (first + e) * (is_spread ? outputs : inputs);
        float *to = floats_at(base, operands[0]) + (first + e) * (is_spread ? inputs : outputs);
        float *out = to;
        if (is_spread) fill_words((uint32_t *)to, 0, inputs);
        uint32_t place[3];
        for (place[0] = 0; place[0] < pool->axes[0].output; place[0]++) {
            for (place[1] = 0; place[1] < pool->axes[1].output; place[1]++) {
                for (place[2] = 0; place[2] < pool->axes[2].output; place[2]++) {
                    const struct window window = window_of(pool, place);
                    for (uint32_t c = 0; c < channels; c += VLEN) {
                        const uint32_t left = channels - c;
                        const struct largest largest = largest_of(pool, &window, keys + c, left);
                        if (!is_spread && keys == other) {
                            store_channels(out + c, largest.key, left);
                            continue;
                        }
                        if (is_spread) {
                            const vfloat g = load_channels(other + c, left);
                            spread_window(pool, &window, to + c, g, largest.at, left);
                            continue;
                        }
                        for (uint32_t lane = 0; lane < least(left, VLEN); lane++) {
                            const size_t at = (size_t)(uint32_t)largest.at[lane] * channels + c + lane;
                            out[c + lane] = other[at];
                        }
                    }
                    if (is_spread)
                        other += channels;
                    else
                        out += channels;
                }
            }
        }
    }
}

/* operands: dst, keys, values, geometry */
NOINLINE void max_pool(char *base, const uint32_t *operands, uint32_t first, uint32_t count) {
    for_windows(base, operands, first, count, false);
}

/* operands: dst, keys, g, geometry */
NOINLINE void max_pool_spread(char *base, const uint32_t *operands, uint32_t first, uint32_t count) {
    for_windows(base, operands, first, count, true);
}
