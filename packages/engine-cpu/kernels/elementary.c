/*
 * Sine, cosine and power. They are computed in double precision, with operations that every target rounds alike, and
 * rounded to f32 once, so that they are the nearest f32 almost everywhere.
 */
#include "kernels.h"

INLINE uint32_t bits_of_float(float x) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}

INLINE float float_of(uint32_t bits) {
    float x;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}

INLINE uint64_t bits_of_double(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, 8);
    return bits;
}

INLINE double double_of(uint64_t bits) {
    double x;
    __builtin_memcpy(&x, &bits, 8);
    return x;
}

#define TO_INTEGER 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to an integer, held in the low bits */

/* x = quarters * pi / 2 + rest, with |rest| up to pi / 4, and a little beyond it. */
struct angle {
    double rest;
    uint32_t quarters; /* modulo 4 */
};

/* Of |x| up to this the quarters fit what pi / 2, cut to 25 bits, may be multiplied by exactly. */
#define MOST_REDUCED 0x1p28f

INLINE struct angle angle_of(float x) {
    const double shifted = x * 0x1.45f306dc9c883p-1 + TO_INTEGER; /* 2 / pi */
    const double n = shifted - TO_INTEGER;
    const double rest = (x - n * 0x1.921fb5p0) - n * 0x1.110b4611a6263p-26;
    return (struct angle){rest, (uint32_t)bits_of_double(shifted) & 3};
}

/*
 * The same of a large x = m * 2^e: m times the first 224 bits of 2 / pi (Payne and Hanek, 1983). Of the product's binary
 * digits, those from the ones of the quarters on are 64 bits.
 */
static NOINLINE struct angle angle_of_large(float x) {
    const uint32_t bits = bits_of_float(x);
    const uint64_t m = (bits & 0x7fffff) | 0x800000;
    const uint32_t e = (bits >> 23 & 255) - 150;
    uint32_t product[8];
    uint64_t carry = 0;
    /* From the last word of 2 / pi on. */
#define MULTIPLY(place, word)                  \
    carry += m * word##u;                      \
    product[place] = (uint32_t)carry;          \
    carry >>= 32;
    MULTIPLY(0, 0x3c439041)
    MULTIPLY(1, 0xdb629599)
    MULTIPLY(2, 0xf534ddc0)
    MULTIPLY(3, 0xfc2757d1)
    MULTIPLY(4, 0x4e441529)
    MULTIPLY(5, 0xa2f9836e)
    product[6] = (uint32_t)carry;
    product[7] = 0;
    /* The product is in units of 2^(e - 192); the digit of two quarters is bit 193 - e. */
    const uint32_t lowest = 130 - e, word = lowest / 32, shift = lowest % 32;
    const uint64_t low = product[word] | (uint64_t)product[word + 1] << 32;
    uint64_t turn = low >> shift;
    if (shift > 0) turn |= (uint64_t)product[word + 2] << (64 - shift);
    const uint64_t quarters = (turn + ((uint64_t)1 << 61)) >> 62;
    const double rest = (double)(int64_t)(turn - (quarters << 62)) * 0x1p-62 * 0x1.921fb54442d18p0;
    if (x < 0) return (struct angle){-rest, (uint32_t)(4 - quarters) & 3};
    return (struct angle){rest, (uint32_t)quarters & 3};
}

/* Sine and cosine between -pi / 4 and pi / 4, to within 2^-36: those of FreeBSD's k_sinf.c and k_cosf.c. */
INLINE double sine_near_0(double x) {
    const double z = x * x, w = z * z, r = -0x1.a00f9e2cae774p-13 + z * 0x1.6cd878c3b46a7p-19, s = z * x;
    return (x + s * (-0x1.5555554cbac77p-3 + z * 0x1.111110896efbbp-7)) + s * w * r;
}

INLINE double cosine_near_0(double x) {
    const double z = x * x, w = z * z, r = -0x1.6c087e80f1e27p-10 + z * 0x1.99342e0ee5069p-16;
    return ((1.0 + z * -0x1.ffffffd0c5e81p-2) + w * 0x1.55553e1053a42p-5) + (w * z) * r;
}

/* The sine of an angle and some quarters more. */
INLINE float sine_of(struct angle angle, uint32_t more) {
    const uint32_t quarters = angle.quarters + more;
    const double y = quarters & 1 ? cosine_near_0(angle.rest) : sine_near_0(angle.rest);
    return (float)(quarters & 2 ? -y : y);
}

INLINE void sines_and_more(float *to, const float *from, uint32_t count, const uint32_t more) {
    for (uint32_t i = 0; i < count; i++) {
        const float x = from[i], size = __builtin_fabsf(x);
        if (size <= MOST_REDUCED)
            to[i] = sine_of(angle_of(x), more);
        else
            to[i] = size < __builtin_inff() ? sine_of(angle_of_large(x), more) : __builtin_nanf("");
    }
}

void sines(float *to, const float *from, uint32_t count) {
    sines_and_more(to, from, count, 0);
    /* A sine of a number that is tiny, or -0, is that number. */
    for (uint32_t i = 0; i < count; i++) to[i] = __builtin_fabsf(from[i]) < 0x1p-14f ? from[i] : to[i];
}

void cosines(float *to, const float *from, uint32_t count) { sines_and_more(to, from, count, 1); }

/* The logarithm to base 2 of a positive, normal number: m * 2^e with m in [sqrt(1/2), sqrt(2)), and by s = (m - 1) / (m + 1)
 * log m = 2 (s + s^3 / 3 + s^5 / 5 + ...), to within 2^-40 of it. */
INLINE double logarithm_to_base_2(double x) {
    const uint64_t bits = bits_of_double(x);
    uint64_t above = (bits >> 52) - 1023, fraction = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
    const bool is_above = double_of(fraction) >= 0x1.6a09e667f3bcdp0;
    if (is_above) fraction -= (uint64_t)1 << 52;
    const double e = (double)(int32_t)(above + is_above), m = double_of(fraction);
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = z * (1.0 / 15) + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    p = p * z + 1.0 / 3;
    return e + (s + s * z * p) * 0x1.71547652b82fep1; /* 2 / log 2 */
}

/* 2^t for |t| <= 200, to within 2^-38 of it: t = n + f with |f| <= 1/2, and e^(f log 2) by its series. */
INLINE double power_of_2(double t) {
    const double shifted = t + TO_INTEGER;
    const double z = (t - (shifted - TO_INTEGER)) * 0x1.62e42fefa39efp-1;
    double p = z * (1.0 / 3628800) + 1.0 / 362880;
    p = p * z + 1.0 / 40320;
    p = p * z + 1.0 / 5040;
    p = p * z + 1.0 / 720;
    p = p * z + 1.0 / 120;
    p = p * z + 1.0 / 24;
    p = p * z + 1.0 / 6;
    p = p * z + 0.5;
    p = p * z + 1.0;
    p = p * z + 1.0;
    return p * double_of((bits_of_double(shifted) + 1023) << 52);
}

enum whole { FRACTIONAL, EVEN, ODD };

INLINE enum whole whole_of(float y) {
    const float size = __builtin_fabsf(y);
    if (!(size < 0x1p24f)) return EVEN; /* infinities, too */
    const int32_t number = (int32_t)size;
    return (float)number != size ? FRACTIONAL : number & 1 ? ODD : EVEN;
}

/* As IEEE 754 defines pow; results below 2^-126 are 0. */
static float power(float x, float y) {
    if (x == 1.0f || y == 0.0f) return 1.0f;
    if (x != x || y != y) return x + y;
    const enum whole whole = whole_of(y);
    const float size = __builtin_fabsf(x);
    const uint32_t sign = whole == ODD ? bits_of_float(x) & 0x80000000 : 0;
    if (size == 0 || size == __builtin_inff()) return float_of(sign | ((size == 0) == (y < 0) ? 0x7f800000 : 0));
    if (x < 0 && whole == FRACTIONAL) return __builtin_nanf("");
    if (size == 1.0f) return float_of(sign | 0x3f800000);
    double t = y * logarithm_to_base_2(size);
    if (t > 200) t = 200;
    if (t < -200) t = -200;
    const double result = power_of_2(t);
    return float_of(sign | (result < 0x1p-126 ? 0 : bits_of_float((float)result)));
}

void powers(float *to, const float *from, const float *exponents, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) to[i] = power(from[i], exponents[i]);
}
