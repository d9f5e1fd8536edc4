/*
 * Ops that move elements: copies between strided views, fills, casts, rows gathered and scattered.
 */
#include "kernels.h"

typedef uint8_t vector_memory __attribute__((vector_size(4 * VLEN), aligned(1), may_alias));
typedef uint8_t bytes_memory __attribute__((vector_size(16), aligned(1), may_alias));

/* As memcpy; the two may be the same place, but not overlap otherwise. */
void copy_bytes(void *to, const void *from, uint32_t count) {
    enum { LONG = 1024 }; /* from here on the target's own copy is faster */
    if (count >= LONG) {
        __builtin_memcpy(to, from, count);
        return;
    }
    uint8_t *out = to;
    const uint8_t *in = from;
    uint32_t i = 0;
    for (; i + 4 * VLEN <= count; i += 4 * VLEN) *(vector_memory *)(out + i) = *(const vector_memory *)(in + i);
    for (; i + 16 <= count; i += 16) *(bytes_memory *)(out + i) = *(const bytes_memory *)(in + i);
    for (; i + 4 <= count; i += 4) __builtin_memcpy(out + i, in + i, 4);
    for (; i < count; i++) out[i] = in[i];
}

void fill_words(uint32_t *to, uint32_t bits, uint32_t count) {
    const vint all = splat_int((int32_t)bits);
    uint32_t i = 0;
    for (; i + VLEN <= count; i += VLEN) *(vint_memory *)(to + i) = all;
    for (; i < count; i++) to[i] = bits;
}

/* f32 to integer: truncated and saturated; NaN gives 0. */
INLINE int32_t integer_of(float x, float least_value, float above, int32_t largest_value) {
    if (x >= above) return largest_value;
    if (x > least_value) return (int32_t)x;
    return x == x ? (int32_t)least_value : 0;
}

static NOINLINE void bytes_to_floats(float *to, const uint8_t *from, uint32_t count) {
    uint32_t i = 0;
#if defined(__wasm_simd128__)
    for (; i + 16 <= count; i += 16) {
        const v128_t all = wasm_v128_load(from + i);
        const v128_t low = wasm_u16x8_extend_low_u8x16(all), high = wasm_u16x8_extend_high_u8x16(all);
        wasm_v128_store(to + i, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(low)));
        wasm_v128_store(to + i + 4, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(low)));
        wasm_v128_store(to + i + 8, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(high)));
        wasm_v128_store(to + i + 12, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(high)));
    }
#endif
    for (; i < count; i++) to[i] = (float)from[i];
}

void cast_elements(void *to, const void *from, uint32_t to_dtype, uint32_t from_dtype, uint32_t count) {
    const float *floats = from;
    const int32_t *ints = from;
    const uint8_t *bytes = from;
    if (to_dtype == from_dtype) {
        copy_bytes(to, from, to_dtype == DTYPE_U8 ? count : 4 * count);
    } else if (to_dtype == DTYPE_F32 && from_dtype == DTYPE_U8) {
        bytes_to_floats(to, bytes, count);
    } else if (to_dtype == DTYPE_F32) {
        for (uint32_t i = 0; i < count; i++) ((float *)to)[i] = (float)ints[i];
    } else if (to_dtype == DTYPE_I32 && from_dtype == DTYPE_U8) {
        for (uint32_t i = 0; i < count; i++) ((int32_t *)to)[i] = bytes[i];
    } else if (to_dtype == DTYPE_I32) {
        for (uint32_t i = 0; i < count; i++)
            ((int32_t *)to)[i] = integer_of(floats[i], -2147483648.0f, 2147483648.0f, INT32_MAX);
    } else if (from_dtype == DTYPE_F32) {
        for (uint32_t i = 0; i < count; i++) ((uint8_t *)to)[i] = (uint8_t)integer_of(floats[i], 0.0f, 255.0f, 255);
    } else {
        for (uint32_t i = 0; i < count; i++)
            ((uint8_t *)to)[i] = (uint8_t)(ints[i] < 0 ? 0 : ints[i] > 255 ? 255 : ints[i]);
    }
}

/* One line of a strided copy. */
static void copy_line(char *to, const char *from, uint32_t size, uint32_t count, int32_t to_stride,
                      int32_t from_stride) {
    if (to_stride == 1 && from_stride == 1) {
        copy_bytes(to, from, size * count);
    } else if (size == 1) {
        for (uint32_t i = 0; i < count; i++) to[(int32_t)i * to_stride] = from[(int32_t)i * from_stride];
    } else if (to_stride == 1 && from_stride == 0) {
        fill_words((uint32_t *)to, *(const uint32_t *)from, count);
    } else {
        uint32_t *out = (uint32_t *)to;
        const uint32_t *in = (const uint32_t *)from;
        for (uint32_t i = 0; i < count; i++, out += to_stride, in += from_stride) *out = *in;
    }
}

/* operands: dst, src, bytes per element, rank, extents[rank], dst strides[rank], src strides[rank] */
void copy_strided(char *base, const uint32_t *operands) {
    const uint32_t size = operands[2], rank = operands[3];
    char *to = base + operands[0];
    const char *from = base + operands[1];
    if (rank == 0) {
        copy_line(to, from, size, 1, 1, 1);
        return;
    }
    const uint32_t *extents = operands + 4;
    const int32_t *to_strides = (const int32_t *)extents + rank, *from_strides = to_strides + rank;
    const uint32_t last = rank - 1;
    uint32_t index[8] = {0};
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (extents[axis] == 0) return;
    }
    for (;;) {
        copy_line(to, from, size, extents[last], to_strides[last], from_strides[last]);
        uint32_t axis = last;
        for (;;) {
            if (axis == 0) return;
            axis--;
            to += to_strides[axis] * (int32_t)size;
            from += from_strides[axis] * (int32_t)size;
            if (++index[axis] < extents[axis]) break;
            to -= to_strides[axis] * (int32_t)(extents[axis] * size);
            from -= from_strides[axis] * (int32_t)(extents[axis] * size);
            index[axis] = 0;
        }
    }
}

#define MOST_LINES 64 /* of what is read next, fetched beside a row */

/* operands: dst, field, dst dtype, field dtype, elements per row, rows */
void gather_batch(char *base, const uint32_t *operands, const int32_t *indices, struct ahead next) {
    const uint32_t to_dtype = operands[2], from_dtype = operands[3], width = operands[4], rows = operands[5];
    const uint32_t to_bytes = width * (to_dtype == DTYPE_U8 ? 1 : 4);
    const size_t from_bytes = (size_t)width * (from_dtype == DTYPE_U8 ? 1 : 4);
    const char *const field = base + operands[1];
    char *to = base + operands[0];
    for (uint32_t r = 0; r < least(rows, ROWS_AHEAD); r++)
        fetch_row(field + (uint32_t)indices[r] * from_bytes, from_bytes);
    for (uint32_t r = 0; r < rows; r++, to += to_bytes) {
        if (r + ROWS_AHEAD < rows) fetch_row(field + (uint32_t)indices[r + ROWS_AHEAD] * from_bytes, from_bytes);
        for (uint32_t lines = 0; lines < MOST_LINES && next.at < next.end; lines++) fetch(&next.at, CACHE_LINE);
        cast_elements(to, field + (uint32_t)indices[r] * from_bytes, to_dtype, from_dtype, width);
    }
}

/* operands: dst, table, indices, n, bytes per row, rows of the table */
void gather_rows(char *base, const uint32_t *operands) {
    const uint32_t *indices = words_at(base, operands[2]);
    const uint32_t count = operands[3], bytes = operands[4], rows = operands[5];
    char *to = base + operands[0];
    for (uint32_t i = 0; i < count; i++, to += bytes) {
        if (indices[i] < rows)
            copy_bytes(to, base + operands[1] + indices[i] * bytes, bytes);
        else
            __builtin_memset(to, 0, bytes);
    }
}

/* operands: dst, updates, indices, n, elements per row, rows of dst */
void scatter_add(char *base, const uint32_t *operands) {
    float *to = floats_at(base, operands[0]);
    const float *update = floats_at(base, operands[1]);
    const int32_t *indices = ints_at(base, operands[2]);
    const uint32_t count = operands[3], width = operands[4], rows = operands[5];
    fill_words((uint32_t *)to, 0, rows * width);
    for (uint32_t i = 0; i < count; i++, update += width) {
        if ((uint32_t)indices[i] >= rows) continue;
        float *row = to + (uint32_t)indices[i] * width;
        for (uint32_t c = 0; c < width; c++) row[c] += update[c];
    }
}

/* operands: dst, src, src dtype, count, depth */
void one_hot(char *base, const uint32_t *operands) {
    float *to = floats_at(base, operands[0]);
    const char *from = base + operands[1];
    const uint32_t count = operands[3], depth = operands[4];
    fill_words((uint32_t *)to, 0, count * depth);
    for (uint32_t i = 0; i < count; i++, to += depth) {
        const uint32_t class = operands[2] == DTYPE_U8 ? ((const uint8_t *)from)[i] : ((const uint32_t *)from)[i];
        if (class < depth) to[class] = 1.0f;
    }
}
