/*
 * Random numbers that depend on nothing but their key and counter (plan.h): Philox4x32-10 (Salmon, Moraes, Dror and
 * Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011), and the uniform and normal variates and permutations made
 * of them.
 */
#include "kernels.h"
#include "numeric.h"

#define SHUFFLE_PURPOSE 0x790c294eu

/* Words made at once: four from each of VLEN counters. */
#define WORDS_AT_ONCE (4 * VLEN)

typedef uint64_t vuint64 __attribute__((vector_size(8 * VLEN)));

/* The high and the low half of factor * x. */
INLINE vuint multiply_wide(uint32_t factor, vuint x, vuint *low) {
    vuint64 product = __builtin_convertvector(x, vuint64) * factor;
    *low = x * factor;
    return __builtin_convertvector(product >> 32, vuint);
}

/* Philox of the counters (first + 0 .. VLEN-1, step, 0, 0), as words in order: four of the first counter, four of the
 * second, ... */
static NOINLINE void philox(uint32_t words[WORDS_AT_ONCE], uint32_t first, uint32_t step, uint32_t key0,
                            uint32_t key1) {
    vuint c0, c1 = (vuint){0} + step, c2 = {0}, c3 = {0};
    for (int lane = 0; lane < VLEN; lane++) c0[lane] = first + (uint32_t)lane;
    for (int round = 0; round < 10; round++) {
        vuint low0, low2;
        vuint high0 = multiply_wide(0xd2511f53u, c0, &low0);
        vuint high2 = multiply_wide(0xcd9e8d57u, c2, &low2);
        c0 = high2 ^ c1 ^ key0;
        c1 = low2;
        c2 = high0 ^ c3 ^ key1;
        c3 = low0;
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    for (int lane = 0; lane < VLEN; lane++) {
        words[4 * lane] = c0[lane];
        words[4 * lane + 1] = c1[lane];
        words[4 * lane + 2] = c2[lane];
        words[4 * lane + 3] = c3[lane];
    }
}

INLINE vfloat uniform_of(vuint word) {
    return __builtin_convertvector((vint)(word >> 8), vfloat) * 5.9604644775390625e-8f; /* 2^-24 */
}

/* A polynomial of degree 8 by Horner's rule, the highest coefficient first. */
INLINE vfloat polynomial8(vfloat w, float c8, float c7, float c6, float c5, float c4, float c3, float c2, float c1,
                          float c0) {
    vfloat p = w * c8 + c7;
    p = p * w + c6;
    p = p * w + c5;
    p = p * w + c4;
    p = p * w + c3;
    p = p * w + c2;
    p = p * w + c1;
    return p * w + c0;
}

/* sqrt(2) * erfinv(x) for x odd multiples of 2^-23 in (-1, 1): M. Giles, "Approximating the erfinv function", 2011. */
INLINE vfloat normal_of(vuint word) {
    vint odd = (vint)((word >> 9) << 1) + (1 - (1 << 23));
    vfloat x = __builtin_convertvector(odd, vfloat) * 1.1920928955078125e-7f; /* 2^-23 */
    vfloat w = -logarithm((1.0f - x) * (1.0f + x));
    vfloat central = polynomial8(w - 2.5f, 2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f,
                                 0.00021858087f, -0.00125372503f, -0.00417768164f, 0.246640727f, 1.50140941f);
    vfloat tail = polynomial8(square_root(w) - 3.0f, -0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f,
                              0.00573950773f, -0.0076224613f, 0.00943887047f, 1.00167406f, 2.83297682f);
    return 1.41421356237f * (choose(w < 5.0f, central, tail) * x);
}

/* Elements first .. first + count - 1 of a tensor, at `to`. */
void random_fill(float *to, uint32_t first, uint32_t count, uint32_t distribution, uint32_t purpose, uint32_t seed,
                 uint32_t step) {
    uint32_t words[WORDS_AT_ONCE];
    float values[WORDS_AT_ONCE];
    const uint32_t end = first + count;
    for (uint32_t begin = first - first % WORDS_AT_ONCE; begin < end; begin += WORDS_AT_ONCE) {
        philox(words, begin / 4, step, seed, purpose);
        for (uint32_t i = 0; i < WORDS_AT_ONCE; i += VLEN) {
            const vuint word = (vuint) * (const vint_memory *)(words + i);
            store(values + i, distribution == 0 ? uniform_of(word) : normal_of(word));
        }
        const uint32_t skipped = begin < first ? first - begin : 0;
        const uint32_t last = least(WORDS_AT_ONCE, end - begin);
        copy_bytes(to + (begin + skipped - first), values + skipped, 4 * (last - skipped));
    }
}

/* Fisher and Yates' shuffle, from the last place down. */
void shuffle(int32_t *rows, uint32_t count, uint32_t seed, uint32_t epoch) {
    uint32_t words[WORDS_AT_ONCE];
    uint32_t words_begin = UINT32_MAX;
    for (uint32_t i = count; i-- > 1;) {
        const uint32_t begin = i - i % WORDS_AT_ONCE;
        if (begin != words_begin) philox(words, begin / 4, epoch, seed, SHUFFLE_PURPOSE);
        words_begin = begin;
        const uint32_t other = (uint32_t)((uint64_t)words[i - begin] * (i + 1) >> 32);
        const int32_t row = rows[i];
        rows[i] = rows[other];
        rows[other] = row;
    }
}
