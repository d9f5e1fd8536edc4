/*
 * Shows that multiply_add without the CPU's instruction (multiply_add.h) gives what that instruction gives: for 10^9
 * triples, hard ones among them, or as many as are asked for. 10^9 take a minute or two:
 *
 *     cc -O3 -ffp-contract=off -DVLEN=4 -I.. multiply_add.c -o /tmp/multiply_add && /tmp/multiply_add
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "multiply_add.h"

#if defined(__x86_64__)
__attribute__((target("fma"))) static NOINLINE void by_instruction(float *to, const float *a, const float *b,
                                                                   const float *c) {
    _mm_storeu_ps(to, _mm_fmadd_ps(_mm_loadu_ps(a), _mm_loadu_ps(b), _mm_loadu_ps(c)));
}
#elif defined(__aarch64__)
static NOINLINE void by_instruction(float *to, const float *a, const float *b, const float *c) {
    vst1q_f32(to, vfmaq_f32(vld1q_f32(c), vld1q_f32(a), vld1q_f32(b)));
}
#endif

static uint64_t state = 1;

/* splitmix64 */
static uint64_t next_random(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t below(uint32_t end) { return (uint32_t)((next_random() >> 32) * end >> 32); }

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* A number of either sign, significand * 2^exponent, or what is nearest to it. */
static float scaled(uint64_t significand, int exponent) {
    const double value = __builtin_ldexp((double)significand, exponent);
    return (float)(next_random() & 1 ? -value : value);
}

/* Where a unit in the last place of the sum is: around 1, at the least, or among the largest. */
static int last_place(void) {
    static const int places[] = {-23, -149, -149, 104};
    return places[below(4)] + (below(2) ? (int)below(8) - 3 : 0);
}

/* a * b ends in about half a unit in the last place of its sum with c, which is of like magnitude. */
static void near_tie(float *a, float *b, float *c) {
    const uint32_t half_at = below(24), part = (2u << half_at) - 1, wanted = (1u << half_at) + below(5) - 2;
    const uint32_t first = 0x800001 + 2 * below(0x400000);
    uint32_t inverse = first;
    for (int i = 0; i < 4; i++) inverse *= 2 - first * inverse; /* modulo 2^32 */
    const uint32_t second = (wanted * inverse & part) | ((0x800000 + below(0x800000)) & ~part);
    const int exponent = last_place() - (int)half_at - 1, part_of_it = exponent / 2 + (int)below(9) - 4;
    *a = scaled(first, part_of_it);
    *b = scaled(second, exponent - part_of_it);
    *c = below(4) ? scaled(next_random() >> 40, exponent + (int)below(26)) : (float)(-(double)*a * (double)*b);
}

/* a * b is half a unit in the last place of c and so little more or less that double precision does not hold the sum. */
static void nearer_tie(float *a, float *b, float *c) {
    uint64_t first, second, half;
    int64_t excess;
    do {
        const uint32_t bits = 6 + below(7);
        first = (1u << bits) + 2 * below(1u << (bits - 1)) + 1;
        half = 1ull << (bits + 23);
        second = (half + first / 2) / first;
        excess = (int64_t)(first * second - half);
    } while (64 * (excess < 0 ? -excess : excess) > (int64_t)first);
    const int exponent = last_place() - (63 - __builtin_clzll(half)) - 1, part_of_it = exponent / 2 + (int)below(9) - 4;
    *a = scaled(first, part_of_it);
    *b = scaled(second, exponent - part_of_it);
    *c = scaled(2 * half * (below(3) ? 0x800000 + below(0x800000) : below(0x800000)), exponent);
}

/* Zeros, infinities, NaN and the ends of ranges, among others. */
static float special(void) {
    static const uint32_t all[] = {0,          0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001,
                                   0x3f7fffff, 0x3f800000, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7fc00000};
    if (below(3) == 0) return scaled(0x800000 + below(0x800000), (int)below(280) - 174);
    return float_of(all[below(12)] ^ ((uint32_t)next_random() & 0x80000000u));
}

static void next_triple(float *a, float *b, float *c) {
    switch (below(8)) {
    case 0:
        *a = float_of((uint32_t)next_random());
        *b = float_of((uint32_t)next_random());
        *c = float_of((uint32_t)next_random());
        return;
    case 1:
        *a = special();
        *b = special();
        *c = special();
        return;
    case 2:
    case 3: nearer_tie(a, b, c); return;
    default: near_tie(a, b, c); return;
    }
}

static int is_same(float x, float y) { return (x != x && y != y) || !memcmp(&x, &y, 4); }

int main(int argc, char **argv) {
    enum { COUNT = 1 << 12 };
    static float a[COUNT], b[COUNT], c[COUNT];
    const unsigned long long wanted = argc > 1 ? strtoull(argv[1], 0, 10) : 1000000000;
    unsigned long long num_triples = 0, num_wrong = 0, num_denormal = 0, num_odd = 0;
    for (; num_triples < wanted; num_triples += COUNT) {
        for (int i = 0; i < COUNT; i++) next_triple(a + i, b + i, c + i);
        a[0] = 8392705 * 0x1p-98f, b[0] = 8384513 * 0x1p-98f, c[0] = 0x1p-127f; /* musl's fmaf errs here */
        for (int i = 0; i < COUNT; i += 4) {
            float expected[4], found[4];
            by_instruction(expected, a + i, b + i, c + i);
            store(found, emulated_multiply_add(load(a + i), load(b + i), load(c + i)));
            for (int lane = 0; lane < 4; lane++) {
                const float once = expected[lane], *x = a + i + lane, *y = b + i + lane, *z = c + i + lane;
                num_denormal += once != 0 && __builtin_fabsf(once) < 0x1p-126f;
                num_odd += !is_same(once, (float)((double)*x * (double)*y + (double)*z));
                if (is_same(once, found[lane])) continue;
                if (num_wrong++ < 10) printf("%a * %a + %a is %a, not %a\n", *x, *y, *z, once, found[lane]);
            }
        }
    }
    printf("%llu triples, %llu of them wrong; %llu denormal results, %llu that double precision alone gets wrong\n",
           num_triples, num_wrong, num_denormal, num_odd);
    return num_wrong > 0 || num_triples == 0;
}
