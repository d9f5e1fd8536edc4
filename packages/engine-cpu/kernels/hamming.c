/*
 * Ranking of packed codes by Hamming distance (hamming.h): the distances of a block are counted in vectors, and compared
 * with the distance of the k-th nearest row so far; few blocks have anything nearer. What is found is exact, and the same
 * on every target: all rows as near as the k-th nearest, ties included.
 */
#include "hamming.h"
#include "cpu.h"
#include "kernels.h"

/* Vectors of bytes as wide as those of floats. */
#define VBYTES (4 * VLEN)
#define BLOCK_VECTORS (BLOCK_ROWS / VBYTES)
typedef uint8_t vbytes __attribute__((vector_size(VBYTES)));
typedef uint8_t vbytes_memory __attribute__((vector_size(VBYTES), aligned(1), may_alias));
typedef uint64_t vlongs __attribute__((vector_size(VBYTES)));

INLINE vbytes splat_byte(uint32_t value) { return (uint8_t)value - (vbytes){0}; }

/* How many bits of each byte are 1. */
#if defined(__wasm_simd128__)
INLINE vbytes count_bits(vbytes x) { return (vbytes)wasm_i8x16_popcnt((v128_t)x); }
#elif defined(__ARM_NEON)
#include <arm_neon.h>
INLINE vbytes count_bits(vbytes x) { return (vbytes)vcntq_u8((uint8x16_t)x); }
#elif defined(__SSSE3__)
/* The bits of each half of a byte, looked up (Mula, Kurz and Lemire, Faster population counts using AVX2, 2018). */
INLINE vbytes look_up(vbytes nibbles) {
    const quad table = (quad)_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
#if VLEN == 16
    return (vbytes)_mm512_shuffle_epi8(_mm512_broadcast_i32x4((__m128i)table), (__m512i)nibbles);
#elif VLEN == 8
    return (vbytes)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256((__m128i)table), (__m256i)nibbles);
#else
    return (vbytes)_mm_shuffle_epi8((__m128i)table, (__m128i)nibbles);
#endif
}

INLINE vbytes count_bits(vbytes x) {
    const vbytes low = x & 0x0f, high = (vbytes)((vlongs)x >> 4) & 0x0f;
    return look_up(low) + look_up(high);
}
#else
INLINE vbytes count_bits(vbytes x) {
    vlongs bits = (vlongs)x;
    bits = bits - (bits >> 1 & 0x5555555555555555u);
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    return (vbytes)((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu);
}
#endif

/* Bit i: whether byte i is at most that of the bound. */
INLINE uint64_t at_most(vbytes x, vbytes bound) {
#if defined(__wasm_simd128__)
    return wasm_i8x16_bitmask(wasm_u8x16_le((v128_t)x, (v128_t)bound));
#elif defined(__AVX512BW__) && VLEN == 16
    return _mm512_cmple_epu8_mask((__m512i)x, (__m512i)bound);
#elif defined(__AVX2__) && VLEN == 8
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8((__m256i)x, (__m256i)bound), (__m256i)x));
#elif defined(__SSE2__) && VLEN == 4
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8((__m128i)x, (__m128i)bound), (__m128i)x));
#elif defined(__ARM_NEON)
    const vbytes weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const vbytes bits = (vbytes)(x <= bound) & weights;
    return vaddv_u8(vget_low_u8((uint8x16_t)bits)) | (uint64_t)vaddv_u8(vget_high_u8((uint8x16_t)bits)) << 8;
#else
    uint64_t mask = 0;
    for (int byte = 0; byte < VBYTES; byte++) mask |= (uint64_t)(x[byte] <= bound[byte]) << byte;
    return mask;
#endif
}

/* Whether any byte of the vectors is at most that of the bound. */
INLINE bool any_at_most(const vbytes x[BLOCK_VECTORS], vbytes bound) {
#if defined(__wasm_simd128__)
    v128_t any = wasm_u8x16_le((v128_t)x[0], (v128_t)bound);
    for (int v = 1; v < BLOCK_VECTORS; v++) any = wasm_v128_or(any, wasm_u8x16_le((v128_t)x[v], (v128_t)bound));
    return wasm_v128_any_true(any);
#elif defined(__ARM_NEON)
    vbytes smallest = x[0];
    for (int v = 1; v < BLOCK_VECTORS; v++) smallest = (vbytes)vminq_u8((uint8x16_t)smallest, (uint8x16_t)x[v]);
    return vminvq_u8((uint8x16_t)smallest) <= bound[0];
#elif defined(__SSE2__) && VLEN <= 8
    vbytes smallest = x[0];
    for (int v = 1; v < BLOCK_VECTORS; v++) {
#if VLEN == 8
        smallest = (vbytes)_mm256_min_epu8((__m256i)smallest, (__m256i)x[v]);
#else
        smallest = (vbytes)_mm_min_epu8((__m128i)smallest, (__m128i)x[v]);
#endif
    }
    return at_most(smallest, bound) != 0;
#else
    uint64_t any = 0;
    for (int v = 0; v < BLOCK_VECTORS; v++) any |= at_most(x[v], bound);
    return any != 0;
#endif
}

/* What a scan is of. */
struct scan {
    const uint8_t *codes, *labels, *allowed;
    uint32_t code_bytes, end_row, k, capacity;
};

/* Forgets those rows found that are farther than the radius by now. */
static void drop_far(uint32_t *search, uint32_t *found) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < search[SEARCH_NUM_FOUND]; i++) {
        if (found[2 * i + 1] > search[SEARCH_RADIUS]) continue;
        found[2 * kept] = found[2 * i];
        found[2 * kept + 1] = found[2 * i + 1];
        kept++;
    }
    search[SEARCH_NUM_FOUND] = kept;
}

/* Takes up a row; false when there is no room. */
INLINE bool take_row(const struct scan *scan, uint32_t *search, uint32_t *found, uint32_t row, uint32_t distance) {
    if (search[SEARCH_NUM_FOUND] == scan->capacity) drop_far(search, found);
    if (search[SEARCH_NUM_FOUND] == scan->capacity) return false;
    const uint32_t at = 2 * search[SEARCH_NUM_FOUND]++;
    found[at] = row;
    found[at + 1] = distance;
    uint32_t *counts = search + SEARCH_COUNTS;
    counts[distance]++;
    uint32_t within = search[SEARCH_WITHIN] + 1, radius = search[SEARCH_RADIUS];
    while (radius > 0 && within - counts[radius] >= scan->k) within -= counts[radius--];
    search[SEARCH_WITHIN] = within;
    search[SEARCH_RADIUS] = radius;
    return true;
}

/* Takes up the rows of a block for which bits of `near` are set, given the block's distances modulo 256. */
static NOINLINE void take_block(const struct scan *scan, const uint8_t *query, uint32_t *search, uint32_t *found,
                                uint32_t block, uint64_t near) {
    const uint8_t *distances = (const uint8_t *)(search + SEARCH_DISTANCES);
    for (; near != 0; near &= near - 1) {
        const uint32_t lane = (uint32_t)__builtin_ctzll(near), row = block * BLOCK_ROWS + lane;
        if (row >= scan->end_row) return;
        if (scan->allowed && !scan->allowed[scan->labels[row]]) continue;
        uint32_t distance = distances[lane];
        if (distance == 0 && scan->code_bytes == MAX_CODE_BYTES) {
            const uint8_t *code = scan->codes + (size_t)block * BLOCK_ROWS * MAX_CODE_BYTES + lane;
            if (code[0] != query[0]) distance = 256;
        }
        if (distance > search[SEARCH_RADIUS]) continue;
        if (!take_row(scan, search, found, row, distance)) {
            search[SEARCH_OVERFLOW] = 1;
            return;
        }
    }
}

#define SCAN_TARGET
#define SCAN_BLOCKS scan_blocks
#define SCAN_BLOCKS_OF scan_blocks_of
#define COUNT_BITS count_bits
#include "hamming_blocks.h"
#undef SCAN_TARGET
#undef SCAN_BLOCKS
#undef SCAN_BLOCKS_OF
#undef COUNT_BITS

#if defined(__AVX512BW__) && VLEN == 16
/* Most CPUs with AVX-512 count the bits of bytes in one instruction; the others look them up. */
#define SCAN_TARGET __attribute__((target("avx512bitalg")))
#define SCAN_BLOCKS scan_blocks_bitalg
#define SCAN_BLOCKS_OF scan_blocks_of_bitalg
#define COUNT_BITS(x) ((vbytes)_mm512_popcnt_epi8((__m512i)(x)))
#include "hamming_blocks.h"

INLINE bool has_bitalg(void) { return cpu_features() & CPU_BITALG; }
#endif

/* Bytes of codes that stay in the first-level cache while each query looks at them. */
#define CHUNK_BYTES 16384

void hamming_scan(char *base, const uint32_t *task) {
    const uint32_t code_bytes = task[SCAN_CODE_BYTES], capacity = task[SCAN_CAPACITY];
    const struct scan scan = {
        .codes = (const uint8_t *)base + task[SCAN_CODES],
        .labels = (const uint8_t *)base + task[SCAN_LABELS],
        .allowed = task[SCAN_ALLOWED] ? (const uint8_t *)base + task[SCAN_ALLOWED] : 0,
        .code_bytes = code_bytes,
        .end_row = task[SCAN_END_ROW],
        .k = task[SCAN_K],
        .capacity = capacity,
    };
    const uint8_t *queries = (const uint8_t *)base + task[SCAN_QUERIES];
    const uint32_t end = (scan.end_row + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const uint32_t chunk = CHUNK_BYTES / BLOCK_ROWS / code_bytes;
#ifdef SCAN_TARGET
    void (*const scan_some)(const struct scan *, const uint8_t *, uint32_t *, uint32_t *, uint32_t, uint32_t) =
        has_bitalg() ? scan_blocks_bitalg : scan_blocks;
#else
#define scan_some scan_blocks
#endif
    for (uint32_t first = task[SCAN_FIRST_ROW] / BLOCK_ROWS; first < end; first += chunk) {
        const uint32_t after = least(first + chunk, end);
        for (uint32_t q = 0; q < task[SCAN_NUM_QUERIES]; q++) {
            uint32_t *search = words_at(base, task[SCAN_SEARCHES]) + (size_t)q * SEARCH_WORDS;
            uint32_t *found = words_at(base, task[SCAN_FOUND]) + (size_t)2 * capacity * q;
            const uint8_t *query = queries + (size_t)code_bytes * q;
            if (search[SEARCH_OVERFLOW]) continue;
            scan_some(&scan, query, search, found, first, after);
        }
    }
}

/* Whether `count` records of `bytes` bytes at an address, aligned to words or not, lie in the arena. */
INLINE bool lies_within(uint64_t arena_bytes, uint32_t address, uint64_t count, uint64_t bytes) {
    return count == 0 || (count <= arena_bytes && address + count * bytes <= arena_bytes);
}

/* Whether all that a scan reads and writes lies in the arena. */
bool can_scan(const char *base, uint64_t arena_bytes, uint32_t address) {
    if (address % 4 != 0 || (uint64_t)address + 4 * SCAN_WORDS > arena_bytes) return false;
    const uint32_t *task = (const uint32_t *)(base + address);
    const uint32_t code_bytes = task[SCAN_CODE_BYTES], queries = task[SCAN_NUM_QUERIES];
    const uint64_t end = task[SCAN_END_ROW], blocks = (end + BLOCK_ROWS - 1) / BLOCK_ROWS;
    if (code_bytes == 0 || code_bytes > MAX_CODE_BYTES || task[SCAN_K] == 0) return false;
    if (task[SCAN_FIRST_ROW] % BLOCK_ROWS != 0) return false;
    if (task[SCAN_SEARCHES] % 4 != 0 || task[SCAN_FOUND] % 4 != 0) return false;
    if (!lies_within(arena_bytes, task[SCAN_CODES], blocks, BLOCK_ROWS * code_bytes)) return false;
    if (task[SCAN_ALLOWED] != 0) {
        if (!lies_within(arena_bytes, task[SCAN_ALLOWED], 256, 1)) return false;
        if (!lies_within(arena_bytes, task[SCAN_LABELS], end, 1)) return false;
    }
    if (!lies_within(arena_bytes, task[SCAN_QUERIES], queries, code_bytes)) return false;
    if (!lies_within(arena_bytes, task[SCAN_SEARCHES], queries, 4 * SEARCH_WORDS)) return false;
    if (!lies_within(arena_bytes, task[SCAN_FOUND], queries, 8ull * task[SCAN_CAPACITY])) return false;
    for (uint32_t q = 0; q < queries; q++) {
        const uint32_t *search = (const uint32_t *)(base + task[SCAN_SEARCHES]) + (size_t)q * SEARCH_WORDS;
        if (search[SEARCH_RADIUS] > 8 * MAX_CODE_BYTES) return false;
        if (search[SEARCH_NUM_FOUND] > task[SCAN_CAPACITY]) return false;
    }
    return true;
}

#ifdef __wasm__
/* 1 when it was done, 0 when it was refused. */
__attribute__((export_name("scan"))) uint32_t export_scan(uint32_t task, uint32_t num_pages) {
    if (!can_scan(0, (uint64_t)num_pages << 16, task)) return 0;
    hamming_scan(0, words_at(0, task));
    return 1;
}
#endif
