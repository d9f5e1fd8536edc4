/*
 * What an x64 CPU can do, by the instruction CPUID, and whether the system keeps the registers that it takes. Compilers
 * have functions for it, which need a library that some of them come without.
 */
#ifndef GRADPOOL_CPU_H
#define GRADPOOL_CPU_H

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

enum cpu_feature {
    CPU_ASKED = 1,
    CPU_SSE42 = 2,
    CPU_AVX2_FMA = 4,
    CPU_AVX512 = 8, /* F, VL, BW and DQ */
    CPU_BITALG = 16
};

/* Whether the system keeps these registers, by the bits of XCR0. */
static inline bool keeps_registers(uint32_t wanted) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & wanted) == wanted;
}

static inline uint32_t asked_features(void) {
    enum { SSE42 = 1 << 20, FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28 };      /* of leaf 1, ECX */
    enum { AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30, BITALG = 1 << 12 }; /* of leaf 7, EBX; ECX */
    const uint32_t vl = 1u << 31;
    uint32_t a, b, c, d, features = CPU_ASKED;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return features;
    if (c & SSE42) features |= CPU_SSE42;
    const bool has_avx = (c & OSXSAVE) && (c & AVX) && keeps_registers(0x6);
    const bool has_fma = c & FMA;
    if (!has_avx || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
    if ((b & AVX2) && has_fma) features |= CPU_AVX2_FMA;
#if defined(__APPLE__)
    const bool has_512 = true; /* the system begins to keep them when they are first used */
#else
    const bool has_512 = keeps_registers(0xe6);
#endif
    const uint32_t all = F | DQ | BW | vl;
    if (!has_512 || (b & all) != all) return features;
    return features | CPU_AVX512 | (c & BITALG ? CPU_BITALG : 0);
}

/* Asked once, since a virtual machine takes microseconds to answer. Threads that ask at once get the same answer. */
static inline uint32_t cpu_features(void) {
    static uint32_t known;
    uint32_t features = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (features == 0) __atomic_store_n(&known, features = asked_features(), __ATOMIC_RELAXED);
    return features;
}
#endif
#endif
