/*
 * The loop over blocks of hamming.c, which includes this file once for each way of counting bits: SCAN_TARGET says what
 * the CPU must have for COUNT_BITS, and SCAN_BLOCKS and SCAN_BLOCKS_OF are the names of the functions.
 */

/* Where the compiler knows the bytes of a code, it unrolls the loop over them. */
INLINE SCAN_TARGET void SCAN_BLOCKS_OF(const struct scan *scan, const uint8_t *query, uint32_t *search, uint32_t *found,
                                       uint32_t first, uint32_t after, const uint32_t code_bytes) {
    const uint8_t *at = scan->codes + (size_t)first * BLOCK_ROWS * code_bytes;
    vbytes bound = splat_byte(least(search[SEARCH_RADIUS], 255));
    for (uint32_t block = first; block < after; block++) {
        vbytes distances[BLOCK_VECTORS] = {{0}};
        for (uint32_t byte = 0; byte < code_bytes; byte++, at += BLOCK_ROWS) {
            const vbytes wanted = splat_byte(query[byte]);
            for (int v = 0; v < BLOCK_VECTORS; v++) {
                distances[v] += COUNT_BITS(*(const vbytes_memory *)(at + v * VBYTES) ^ wanted);
            }
        }
        if (__builtin_expect(!any_at_most(distances, bound), 1)) continue;
        uint64_t near = 0;
        for (int v = 0; v < BLOCK_VECTORS; v++) {
            near |= at_most(distances[v], bound) << (v * VBYTES % 64);
            *((vbytes_memory *)(search + SEARCH_DISTANCES) + v) = distances[v];
        }
        take_block(scan, query, search, found, block, near);
        if (search[SEARCH_OVERFLOW]) return;
        bound = splat_byte(least(search[SEARCH_RADIUS], 255));
    }
}

static SCAN_TARGET void SCAN_BLOCKS(const struct scan *scan, const uint8_t *query, uint32_t *search, uint32_t *found,
                                    uint32_t first, uint32_t after) {
    if (scan->code_bytes == 2) {
        SCAN_BLOCKS_OF(scan, query, search, found, first, after, 2);
    } else if (scan->code_bytes == 4) {
        SCAN_BLOCKS_OF(scan, query, search, found, first, after, 4);
    } else if (scan->code_bytes == 8) {
        SCAN_BLOCKS_OF(scan, query, search, found, first, after, 8);
    } else {
        SCAN_BLOCKS_OF(scan, query, search, found, first, after, scan->code_bytes);
    }
}
