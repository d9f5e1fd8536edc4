/*
 * Elementary functions on vectors, without branches and without a libm, so that every target rounds alike.
 *
 * Polynomials are those of Cephes (S. L. Moshier). Each function is within 2 units in the last place over the whole
 * range of f32, denormal numbers included, and right for infinities and NaN. But no exponential is denormal, since
 * softmax has many that small, and CPUs are slow with them: see SMALLEST_LOGARITHM.
 */
#ifndef GRADPOOL_NUMERIC_H
#define GRADPOOL_NUMERIC_H

#include "vector.h"

#define SMALLEST_NORMAL 1.17549435e-38f /* 2^-126 */
#define SMALLEST_LOGARITHM -87.33654f   /* the logarithm of 2^-126, rounded towards 0 */

/* x, or +0 where none of these bits of x is set. */
INLINE vfloat keep_with_bits(int32_t bits, vfloat x) {
#if defined(__AVX512F__) && VLEN == 16
    return (vfloat)_mm512_maskz_mov_ps(_mm512_test_epi32_mask((__m512i)x, _mm512_set1_epi32(bits)), (__m512)x);
#else
    vint set = (vint)x & bits;
    HIDE_VECTOR(set);
    return keep(set > 0, x);
#endif
}

/* x, or +0 where |x| < 2^-126; where |x| < 2^-111, which is 16 in the exponent's bits. */
INLINE vfloat flush_denormal(vfloat x) { return keep_with_bits(0x7f800000, x); }
INLINE vfloat flush_below_111(vfloat x) { return keep_with_bits(0x78000000, x); }

/* x * x, or +0 where |x| < 2^-58. */
INLINE vfloat square_from_58(vfloat x) {
    const int32_t least = (127 - 58) << 23;
#if defined(__AVX512F__) && VLEN == 16
    const __m512i size = _mm512_and_si512((__m512i)x, _mm512_set1_epi32(0x7fffffff));
    return (vfloat)_mm512_maskz_mul_ps(_mm512_cmpge_epi32_mask(size, _mm512_set1_epi32(least)), (__m512)x, (__m512)x);
#else
    vint size = (vint)x & 0x7fffffff;
    HIDE_VECTOR(size);
    x = keep(size >= least, x);
    return x * x;
#endif
}

/* y * 2^n, rounded once, as two factors: those of e^x reach from 2^-126 to 2^128, and 2^128 is beyond f32. */
INLINE vfloat times_power_of_2(vfloat y, vfloat n, vint exponent) {
#if defined(__AVX512F__) && VLEN == 16
    (void)exponent;
    return (vfloat)_mm512_scalef_ps((__m512)y, (__m512)n);
#else
    (void)n;
    vint half = exponent >> 1;
    vfloat first = (vfloat)((half + 127) << 23);
    vfloat second = (vfloat)((exponent - half + 127) << 23);
    return (y * first) * second;
#endif
}

/*
 * The exponential: e^x = 2^n * e^r with n = round(x / ln 2) and |r| <= ln(2) / 2. ln 2 is split in two so that n * ln 2
 * is subtracted almost exactly. 2^n is applied as two factors, since 2^-150 and 2^128 are beyond f32: the first product
 * is exact, the second rounds once. Where e^x is denormal, and just above that, the result is +0.
 */
INLINE vfloat exponential(vfloat x) {
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, held in the low bits */
    const vfloat given = x;
    x = bounded_below(SMALLEST_LOGARITHM, bounded_above(89.0f, x));
    vfloat shifted = x * 1.44269504f + to_integer;
    vfloat n = shifted - to_integer;
    vfloat high = x - n * 0.693359375f;
    vfloat low = n * -2.12194440e-4f;
    vfloat r = high - low;
    vfloat p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    vfloat sum = high + 1.0f;
    vfloat lost = high - (sum - 1.0f); /* what the rounding of sum took away */
    vfloat y = sum + (lost + (p * (r * r) - low));
    return choose_below(given, SMALLEST_LOGARITHM, splat(0), times_power_of_2(y, n, (vint)shifted - 0x4b400000));
}

/*
 * The natural logarithm: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), f = m - 1, log x = f - f^2/2 + f^3 p(f) + e ln 2.
 * The order of these operations is part of the definition of normal random numbers: packages/core repeats it.
 */
INLINE vfloat logarithm(vfloat x) {
    const vfloat infinity = splat(__builtin_inff());
    vint denormal = x < SMALLEST_NORMAL;
    vfloat scaled = choose(denormal, x * 8388608.0f, x);
    vint bits = (vint)scaled;
    vint e = (bits >> 23) - 126 - (denormal & 23);
    vfloat m = (vfloat)((bits & 0x007fffff) | 0x3f000000);
    vint below = m < 0.70710677f;
    e = e + below; /* a true mask is -1 */
    m = m + keep(below, m);
    vfloat exponent = __builtin_convertvector(e, vfloat);
    vfloat f = m - 1.0f;
    vfloat z = f * f;
    vfloat p = f * 7.0376836292e-2f + -1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f + -1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f + -1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f + -2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    vfloat y = p * f;
    y = y * z;
    y = y + exponent * -2.12194440e-4f;
    y = y - 0.5f * z;
    vfloat r = f + y;
    r = r + exponent * 0.693359375f;
    r = choose(x == infinity, infinity, r);
    r = choose(x == 0.0f, -infinity, r);
    return choose(~(x >= 0.0f), splat(__builtin_nanf("")), r);
}

/*
 * log(1 + x), for small x too: the logarithm of the rounded sum, and of what the rounding took away, log(1 + d / sum) = d / sum to
 * within its square.
 */
INLINE vfloat logarithm_of_one_and(vfloat x) {
    vfloat sum = 1.0f + x;
    vfloat lost = x - (sum - 1.0f);
    vfloat r = logarithm(sum);
    return choose(absolute(r) < __builtin_inff(), r + lost / sum, r);
}

/* tanh x = 1 - 2 / (e^2x + 1), and near 0, where that cancels, an odd polynomial. */
INLINE vfloat hyperbolic_tangent(vfloat x) {
    vfloat size = absolute(x);
    vfloat large = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
    large = with_sign_of(x, large);
    vfloat z = x * x;
    vfloat p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z + -5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z + -3.33332819422e-1f;
    vfloat small = (p * z) * x + x;
    return choose_below(size, 0.625f, small, large);
}

/* 1 / (1 + e^-x). Below 0 it is e^x - e^x * q with q = e^x / (1 + e^x), so that nothing overflows and small results
 * keep their precision. */
INLINE vfloat logistic(vfloat x) {
    vfloat e = exponential(-absolute(x));
    vfloat q = choose_below(x, 0.0f, e, splat(1.0f)) / (1.0f + e);
    return choose_below(x, 0.0f, e - e * q, q);
}

/*
 * erf x: near 0 an odd polynomial, else 1 - e^p(|x|) with the sign of x. Polynomials of N. Juffa (2011), made for
 * fused multiply-adds; without them it is within 2 units in the last place, too.
 */
INLINE vfloat error_function(vfloat x) {
    vfloat t = absolute(x), s = x * x;
    vfloat r = t * -1.72853470e-5f + 3.83197126e-4f;
    vfloat u = t * -3.88396438e-3f + 2.42546219e-2f;
    r = r * s + u;
    r = r * t + -1.06777877e-1f;
    r = r * t + -6.34846687e-1f;
    r = r * t + -1.28717512e-1f;
    r = r * t - t;
    vfloat large = 1.0f - exponential(r);
    large = choose(t > 4.0f, splat(1.0f), large); /* r rises again further on */
    large = with_sign_of(x, large);
    vfloat p = s * -5.96761703e-4f + 4.99119423e-3f;
    p = p * s + -2.67681349e-2f;
    p = p * s + 1.12819925e-1f;
    p = p * s + -3.76125336e-1f;
    p = p * s + 1.28379166e-1f;
    vfloat small = p * x + x;
    return choose(t > 0.927734375f, large, small);
}
#endif
