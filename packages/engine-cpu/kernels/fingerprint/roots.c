/*
 * Shows that refine_root (vector.h) rounds as the square root does, whatever estimate of 1 / sqrt x a CPU's instruction
 * gives, as long as it is within 2^-14 of it: for every f32 x in [1, 4), and for each of them every such estimate.
 * Other exponents scale all of its steps by powers of 2, exactly from 2^-96 on. Some 2^34.5 pairs, 3 seconds:
 *
 *     cc -O3 -ffp-contract=off -mavx512f -DVLEN=16 -I.. roots.c -o /tmp/roots -lm && /tmp/roots
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vector.h"

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

int main(void) {
    const uint32_t one = bits_of(1.0f), four = bits_of(4.0f);
    const __m512i next = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    unsigned long long num_pairs = 0, num_wrong = 0;
    for (uint32_t bits = one; bits < four; bits++) {
        const float x = float_of(bits);
        const double inverse = 1 / sqrt((double)x);
        /* One more at either end, since these bounds are rounded themselves. */
        const uint32_t first = bits_of((float)(inverse * (1 - 0x1p-14))) - 1;
        const uint32_t last = bits_of((float)(inverse * (1 + 0x1p-14))) + 1;
        const __m512 all = _mm512_set1_ps(x), root = _mm512_set1_ps((float)sqrt((double)x));
        for (uint32_t estimate = first; estimate <= last; estimate += 16) {
            const __m512i estimates = _mm512_add_epi32(_mm512_set1_epi32((int)estimate), next);
            const __m512 refined = refine_root(all, _mm512_castsi512_ps(estimates), 0xffff);
            num_wrong += (unsigned)__builtin_popcount(_mm512_cmpneq_ps_mask(refined, root));
            num_pairs += 16;
        }
    }
    printf("%llu pairs, %llu of them wrong\n", num_pairs, num_wrong);
    return num_wrong > 0 || num_pairs == 0;
}
