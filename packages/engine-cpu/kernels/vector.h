/*
 * A vector of VLEN floats and the few things the kernels do with it.
 *
 * GNU vector extensions carry the arithmetic, so one source serves WASM SIMD, SSE, AVX2, AVX-512 and NEON: VLEN is the
 * only thing that changes. No result depends on it: every lane does what a scalar would do, and horizontal sums go
 * through LANES virtual lanes.
 */
#ifndef GRADPOOL_VECTOR_H
#define GRADPOOL_VECTOR_H

#include <stdint.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <immintrin.h>
#endif

#ifndef VLEN
#define VLEN 4
#endif

/* The virtual lanes of a sum, whatever VLEN is. */
#define LANES 16

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

typedef float vfloat __attribute__((vector_size(4 * VLEN)));
typedef int32_t vint __attribute__((vector_size(4 * VLEN)));
typedef uint32_t vuint __attribute__((vector_size(4 * VLEN)));

/* Memory is aligned to 4 bytes at least, and any of these may alias any other. */
typedef float vfloat_memory __attribute__((vector_size(4 * VLEN), aligned(4), may_alias));
typedef int32_t vint_memory __attribute__((vector_size(4 * VLEN), aligned(4), may_alias));

INLINE vfloat load(const float *from) { return *(const vfloat_memory *)from; }
INLINE void store(float *to, vfloat value) { *(vfloat_memory *)to = value; }

INLINE vfloat splat(float value) { return value - (vfloat){0}; }
INLINE vint splat_int(int32_t value) { return value - (vint){0}; }

/* Bits of a where the mask is all ones, bits of b where it is 0. */
INLINE vfloat choose(vint mask, vfloat a, vfloat b) { return (vfloat)((mask & (vint)a) | (~mask & (vint)b)); }

/* a where the mask is all ones, else +0. */
INLINE vfloat keep(vint mask, vfloat a) { return (vfloat)(mask & (vint)a); }

/* a where x < bound, else b: choose(x < bound, a, b). */
INLINE vfloat choose_below(vfloat x, float bound, vfloat a, vfloat b) {
#if defined(__AVX512F__) && VLEN == 16
    const __mmask16 is_below = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(bound), _CMP_LT_OS);
    return (vfloat)_mm512_mask_mov_ps((__m512)b, is_below, (__m512)a);
#else
    return choose(x < bound, a, b);
#endif
}

/* x, or the bound where x is beyond it; NaN stays. */
INLINE vfloat bounded_above(float bound, vfloat x) {
#if defined(__AVX512F__) && VLEN == 16
    return (vfloat)_mm512_min_ps(_mm512_set1_ps(bound), (__m512)x);
#else
    return choose(x > bound, splat(bound), x);
#endif
}

INLINE vfloat bounded_below(float bound, vfloat x) {
#if defined(__AVX512F__) && VLEN == 16
    return (vfloat)_mm512_max_ps(_mm512_set1_ps(bound), (__m512)x);
#else
    return choose(x < bound, splat(bound), x);
#endif
}

/* a with the sign of x, where a's own is +. */
INLINE vfloat with_sign_of(vfloat x, vfloat a) { return (vfloat)((vint)a | ((vint)x & (vint)splat(-0.0f))); }

INLINE vfloat absolute(vfloat x) { return (vfloat)((vint)x & 0x7fffffff); }

/* The correctly rounded square root. */
INLINE vfloat square_root(vfloat x) {
#if defined(__wasm_simd128__) && VLEN == 4
    return (vfloat)wasm_f32x4_sqrt((v128_t)x);
#elif defined(__AVX512F__) && VLEN == 16
    return (vfloat)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX__) && VLEN == 8
    return (vfloat)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__) && VLEN == 4
    return (vfloat)_mm_sqrt_ps((__m128)x);
#else
    for (int lane = 0; lane < VLEN; lane++) x[lane] = __builtin_sqrtf(x[lane]);
    return x;
#endif
}

#if defined(__AVX512F__) && VLEN == 16
/*
 * The correctly rounded square root of a number from 2^-96 on, given y = 1 / sqrt x to within 2^-14 of it: one step of
 * Goldschmidt's iteration for s = sqrt x and h = 1 / (2 sqrt x), then s corrected by the exact remainder x - s^2
 * (Markstein, IA-64 and Elementary Functions, 2000). Lanes that are not in `lanes` are 0. fingerprint/roots.c shows that
 * the result is the rounded root for each x and each y.
 */
INLINE __m512 refine_root(__m512 x, __m512 y, __mmask16 lanes) {
    const __m512 half = _mm512_set1_ps(0.5f);
    __m512 s = _mm512_mul_ps(x, y), h = _mm512_mul_ps(half, y);
    const __m512 error = _mm512_fnmadd_ps(s, h, half);
    s = _mm512_fmadd_ps(s, error, s);
    h = _mm512_fmadd_ps(h, error, h);
    const __m512 remainder = _mm512_fnmadd_ps(s, s, x);
    return _mm512_maskz_fmadd_ps(lanes, remainder, h, s);
}
#endif

/* The same square root without the divider, where that can be had: for use beside what keeps the divider busy. */
INLINE vfloat square_root_aside(vfloat x) {
#if defined(__AVX512F__) && VLEN == 16
    const vint bits = (vint)x, above_least = bits - 0x0f800000; /* 2^-96 */
    const __mmask16 not_zero = _mm512_test_epi32_mask((__m512i)bits, (__m512i)bits);
    const __m512i end = _mm512_set1_epi32(0x7f800000 - 0x0f800000); /* infinity */
    if (__builtin_expect(_mm512_mask_cmpge_epu32_mask(not_zero, (__m512i)above_least, end), 0)) return square_root(x);
    return (vfloat)refine_root((__m512)x, _mm512_rsqrt14_ps((__m512)x), not_zero);
#else
    return square_root(x);
#endif
}

/* x where it is at least 0 or NaN, else 0: one instruction on most targets. */
INLINE vfloat positive_part(vfloat x) {
#if defined(__wasm_simd128__) && VLEN == 4
    return (vfloat)wasm_f32x4_pmax((v128_t)x, wasm_f32x4_const_splat(0));
#else
    return keep(~(x < 0), x);
#endif
}

/* The larger and the smaller of two: NaN if either is, and +0 is larger than -0. */
INLINE vfloat larger(vfloat a, vfloat b) {
#if defined(__wasm_simd128__) && VLEN == 4
    return (vfloat)wasm_f32x4_max((v128_t)a, (v128_t)b);
#else
    vfloat equal_or_nan = choose(a == b, (vfloat)((vint)a & (vint)b), a + b);
    return choose(a > b, a, choose(a < b, b, equal_or_nan));
#endif
}

INLINE vfloat smaller(vfloat a, vfloat b) {
#if defined(__wasm_simd128__) && VLEN == 4
    return (vfloat)wasm_f32x4_min((v128_t)a, (v128_t)b);
#else
    vfloat equal_or_nan = choose(a == b, (vfloat)((vint)a | (vint)b), a + b);
    return choose(a < b, a, choose(a > b, b, equal_or_nan));
#endif
}

/* The first `count` elements of a vector, and the rest 0; what lies behind them is not touched. */
INLINE vfloat load_part(const float *from, uint32_t count) {
#if defined(__AVX512F__) && VLEN == 16
    return (vfloat)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#elif defined(__AVX2__) && VLEN == 8
    return (vfloat)_mm256_maskload_ps(from, (__m256i)((vint){0, 1, 2, 3, 4, 5, 6, 7} < splat_int((int32_t)count)));
#else
    vfloat value = {0};
    float *lanes = (float *)&value;
    for (uint32_t lane = 0; lane < count; lane++) lanes[lane] = from[lane];
    return value;
#endif
}

INLINE void store_part(float *to, vfloat value, uint32_t count) {
#if defined(__AVX512F__) && VLEN == 16
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)value);
#elif defined(__AVX2__) && VLEN == 8
    _mm256_maskstore_ps(to, (__m256i)((vint){0, 1, 2, 3, 4, 5, 6, 7} < splat_int((int32_t)count)), (__m256)value);
#else
    const float *lanes = (const float *)&value;
    for (uint32_t lane = 0; lane < count; lane++) to[lane] = lanes[lane];
#endif
}

/*
 * Keeps the compiler from seeing how a pointer came about. Loops whose pointers are hidden once per iteration address
 * memory by pointer and constant offset, where the optimizer would otherwise trade pointers for sums of an index and
 * loop-invariant parts: more instructions, and in WASM registers that V8 then lacks.
 */
#define HIDE(pointer) __asm__("" : "+r"(pointer))

/* The same for a vector, where what the optimizer knows of it leads to instructions that the target lacks. */
#if defined(__x86_64__)
#define HIDE_VECTOR(vector) __asm__("" : "+x"(vector))
#elif defined(__aarch64__)
#define HIDE_VECTOR(vector) __asm__("" : "+w"(vector))
#else
#define HIDE_VECTOR(vector) __asm__("" : "+r"(vector))
#endif

/* Four floats, whatever VLEN is: the unit of transposition. */
typedef float quad __attribute__((vector_size(16)));
typedef float quad_memory __attribute__((vector_size(16), aligned(4), may_alias));

INLINE quad load_quad(const float *from) { return *(const quad_memory *)from; }
INLINE void store_quad(float *to, quad value) { *(quad_memory *)to = value; }

/* Turns four rows of four into four columns of four. */
INLINE void transpose_quads(quad row[4]) {
    quad low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    quad high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    quad low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    quad high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    row[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    row[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    row[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    row[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}
#endif
