/*
 * multiply_add: a * b + c, rounded once, which is what matrix products are made of.
 *
 * The CPU's instruction where it has one. Elsewhere the same bits by double precision: there a * b is exact, since it has
 * at most 48 bits; TwoSum (Knuth) gives the rounded sum and what the rounding took away; the sum is then rounded to odd
 * (Boldo and Melquiond, Emulation of a FMA and correctly rounded sums, 2008), that is, its last bit is set if anything
 * was taken away, so that rounding it to single precision is as rounding the exact value, denormal results included.
 */
#ifndef GRADPOOL_MULTIPLY_ADD_H
#define GRADPOOL_MULTIPLY_ADD_H

#include <stdbool.h>

#include "vector.h"
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Two numbers of double precision, and their bits. */
typedef double pair __attribute__((vector_size(16)));
typedef uint64_t pair_bits __attribute__((vector_size(16)));

/* The exact product of two numbers of single precision, plus c, rounded to odd. */
INLINE pair sum_rounded_to_odd(pair product, pair c) {
    const pair sum = product + c, without = sum - product;
    const pair lost = (product - (sum - without)) + (c - without); /* NaN where the sum is infinite */
    const pair_bits inexact = (pair_bits)(lost * lost > 0.0) & 1;
    const pair_bits away_from_sum = ((pair_bits)sum ^ (pair_bits)lost) >> 63 & inexact;
    return (pair)(((pair_bits)sum - away_from_sum) | inexact);
}

#if VLEN == 4
INLINE pair first_half(vfloat x) {
#if defined(__wasm_simd128__)
    return (pair)wasm_f64x2_promote_low_f32x4((v128_t)x);
#elif defined(__SSE2__)
    return (pair)_mm_cvtps_pd((__m128)x);
#else
    return (pair){x[0], x[1]};
#endif
}

INLINE pair second_half(vfloat x) { return first_half(__builtin_shufflevector(x, x, 2, 3, 2, 3)); }

INLINE vfloat rounded_halves(pair first, pair second) {
#if defined(__wasm_simd128__)
    const vfloat a = (vfloat)wasm_f32x4_demote_f64x2_zero((v128_t)first);
    const vfloat b = (vfloat)wasm_f32x4_demote_f64x2_zero((v128_t)second);
    return __builtin_shufflevector(a, b, 0, 1, 4, 5);
#elif defined(__SSE2__)
    return (vfloat)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)first), _mm_cvtpd_ps((__m128d)second));
#else
    return (vfloat){(float)first[0], (float)first[1], (float)second[0], (float)second[1]};
#endif
}

/*
 * Whether some of four sums may round another way in single precision than what they are rounded from: those halfway
 * between two numbers of single precision, whose last 29 bits tell, and those that are denormal there, with other such
 * bits: below 2^-126, but not 0, which is exact.
 */
INLINE bool is_any_doubtful(pair first, pair second) {
    const vint low = __builtin_shufflevector((vint)first, (vint)second, 0, 2, 4, 6);
    const vint high = __builtin_shufflevector((vint)first, (vint)second, 1, 3, 5, 7);
    const vint is_halfway = (low & 0x1fffffff) == 0x10000000;
    const vint is_denormal = (vuint)((high & 0x7fffffff) - 1) < 0x380fffffu;
    const vint doubtful = is_halfway | is_denormal;
#if defined(__wasm_simd128__)
    return wasm_v128_any_true((v128_t)doubtful);
#elif defined(__SSE2__)
    return _mm_movemask_epi8((__m128i)doubtful) != 0;
#else
    return (doubtful[0] | doubtful[1] | doubtful[2] | doubtful[3]) != 0;
#endif
}

INLINE vfloat emulated_multiply_add(vfloat a, vfloat b, vfloat c) {
    const pair first = first_half(a) * first_half(b), second = second_half(a) * second_half(b);
    const pair first_c = first_half(c), second_c = second_half(c);
    const pair first_sum = first + first_c, second_sum = second + second_c;
    if (__builtin_expect(!is_any_doubtful(first_sum, second_sum), 1)) return rounded_halves(first_sum, second_sum);
    return rounded_halves(sum_rounded_to_odd(first, first_c), sum_rounded_to_odd(second, second_c));
}
#endif

#if defined(__wasm_relaxed_simd__)
#define FUSED(a, b, c) wasm_f32x4_relaxed_madd((v128_t)(a), (v128_t)(b), (v128_t)(c))
#elif defined(__AVX512F__) && VLEN == 16
#define FUSED(a, b, c) _mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c))
#elif defined(__FMA__) && VLEN == 8
#define FUSED(a, b, c) _mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c))
#elif defined(__aarch64__) && VLEN == 4
#define FUSED(a, b, c) vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b))
#endif

#ifdef FUSED
#define MULTIPLY_ADD_IS_FUSED true
INLINE vfloat multiply_add(vfloat a, vfloat b, vfloat c) { return (vfloat)FUSED(a, b, c); }
#else
#define MULTIPLY_ADD_IS_FUSED false
INLINE vfloat multiply_add(vfloat a, vfloat b, vfloat c) { return emulated_multiply_add(a, b, c); }
#endif
#endif
