/*
 * What the files of the kernels offer each other.
 *
 * `base` is the start of the arena: 0 in WASM, where an address is an offset in the module's own memory. Kernels keep
 * no state of their own: no globals, no allocation, so that many threads may run them over one arena.
 */
#ifndef GRADPOOL_KERNELS_H
#define GRADPOOL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "vector.h"

INLINE float *floats_at(char *base, uint32_t address) { return (float *)(base + address); }
INLINE int32_t *ints_at(char *base, uint32_t address) { return (int32_t *)(base + address); }
INLINE uint32_t *words_at(char *base, uint32_t address) { return (uint32_t *)(base + address); }

INLINE uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
INLINE uint32_t round_up(uint32_t value, uint32_t multiple) { return (value + multiple - 1) / multiple * multiple; }

#define CACHE_LINE 64

/* Memory that will be read soon, and is fetched into the cache line by line while something is computed. */
struct ahead {
    const char *at, *end;
};

/* Asks for a line to come into the second-level cache, and goes on by `line`. Nothing is read, so it may be anywhere. */
INLINE void fetch(const char **at, size_t line) {
    __builtin_prefetch(*at, 0, 2);
    *at += line;
}

#define ROWS_AHEAD 8
#define MOST_ROW_BYTES 4096 /* of a row that are fetched at once; a longer one is a stream that the CPU sees by itself */

/* A row somewhere in memory, which takes longer to come than to read. */
INLINE void fetch_row(const char *row, size_t bytes) {
    for (size_t line = 0; line < bytes && line < MOST_ROW_BYTES; line += CACHE_LINE)
        __builtin_prefetch(row + line, 0, 3);
}

/* elementwise.c: micro-ops over `count` elements, a multiple of VLEN. */
void apply_micro_op(uint32_t op, float *to, const float *a, const float *b, const float *c, uint32_t count);
void apply_adam(float *const registers[ADAM_REGISTERS], uint32_t count, bool has_rates);

/* elementary.c: the same for functions that are computed in double precision, element by element. */
void sines(float *to, const float *from, uint32_t count);
void cosines(float *to, const float *from, uint32_t count);
void powers(float *to, const float *from, const float *exponents, uint32_t count);

/* pointwise.c. A pointwise program takes most of the stack that the kernels need (STACK_BYTES): what holds one is never inlined into what
 * holds another. */
struct pointwise {
    char *base;
    const uint32_t *registers; /* pairs of kind and address */
    const uint32_t *ops;
    const uint32_t *sums;
    uint32_t num_registers, num_ops, num_sums;
    uint32_t rows, cols;
    uint32_t most;                    /* elements of a block */
    uint8_t moving[POINTWISE_MAX_REGISTERS]; /* the registers that are elsewhere in each block */
    uint32_t num_moving;
    uint64_t written;                 /* bit r: an op writes register r */
    float *block[POINTWISE_MAX_REGISTERS]; /* where each register's values of the current block are */
    /* Vectors of these lie in one cache line each. */
    __attribute__((aligned(CACHE_LINE))) float lanes[POINTWISE_MAX_SUMS][LANES]; /* of each sum of all elements */
    __attribute__((aligned(CACHE_LINE))) float temps[POINTWISE_MAX_TEMPS][POINTWISE_BLOCK];
    /* values of registers that cannot be used where they are in the arena */
    __attribute__((aligned(CACHE_LINE))) float own[POINTWISE_MAX_REGISTERS][2 * POINTWISE_BLOCK + LANES];
};
void pointwise_begin(struct pointwise *program, char *base, uint32_t address, uint32_t rows, uint32_t cols);
void pointwise_run(struct pointwise *program, float *product, uint32_t first_row, uint32_t num_rows);
void pointwise_end(struct pointwise *program);
uint32_t pointwise_ahead(const struct pointwise *program, struct ahead *list, uint32_t most, uint32_t first_row,
                         uint32_t num_rows);
void map(char *base, const uint32_t *operands);
void map_elements(char *base, const uint32_t *operands, uint32_t first, uint32_t count);

/* matmul.c. `segments` is 1 where there are none; `next` is what is read after the product. */
uint32_t matmul_scratch(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, uint32_t has_dst, uint32_t has_epilogue,
                        uint32_t segments);
void matmul(char *base, const uint32_t *operands, uint32_t segments);
void matmul_rows(char *base, const uint32_t *operands, uint32_t segments, uint32_t first, uint32_t rows,
                 uint32_t working, struct ahead next);
void matmul_stack(char *base, const uint32_t *operands, uint32_t first, uint32_t count, uint32_t working);
struct ahead second_factor(char *base, const uint32_t *operands);

/* panel.c: a * b + c as a product adds a term, with one rounding. */
float multiply_add_once(float a, float b, float c);

/* convolution.c: examples first .. first + count - 1, and rows first .. end - 1 of a filter's gradient; pool.c. */
void conv_examples(char *base, const uint32_t *operands, uint32_t first, uint32_t count, uint32_t working);
void conv_transpose_examples(char *base, const uint32_t *operands, uint32_t first, uint32_t count, uint32_t working);
void conv_filter_rows(char *base, const uint32_t *operands, uint32_t first, uint32_t end, uint32_t working);
uint32_t conv_filter_extent(const uint32_t *operands); /* rows of the filter: taps times channels of a group */
void max_pool(char *base, const uint32_t *operands, uint32_t first, uint32_t count);
void max_pool_spread(char *base, const uint32_t *operands, uint32_t first, uint32_t count);

/* reduce.c */
void sum_lanes(float lanes[LANES], const float *from, uint32_t first, uint32_t count);
float fold_lanes(const float lanes[LANES]);
void add_rows(float *totals, const float *from, uint32_t first, uint32_t count, uint32_t cols, uint32_t rows);
void sum(float *to, const float *from, uint32_t outer, uint32_t count, uint32_t inner);
void sum_segments(float *to, const float *from, uint32_t rows, uint32_t count, uint32_t inner, uint32_t segments,
                  uint32_t first, uint32_t end);
void reduce_max(float *to, const float *from, uint32_t outer, uint32_t count, uint32_t inner);
void arg_max(int32_t *to, const float *from, uint32_t rows, uint32_t cols);
void softmax(float *to, const float *from, uint32_t rows, uint32_t cols);
void log_softmax(float *to, const float *from, uint32_t rows, uint32_t cols);

/* sort.c */
#define SORT_SCRATCH 16 /* bytes a column */
void sort(char *base, const uint32_t *operands, uint32_t first, uint32_t rows, uint32_t working);
void sort_spread(char *base, const uint32_t *operands, uint32_t first, uint32_t rows, uint32_t working);

/* layout.c */
void copy_bytes(void *to, const void *from, uint32_t count);
void fill_words(uint32_t *to, uint32_t bits, uint32_t count);
void cast_elements(void *to, const void *from, uint32_t to_dtype, uint32_t from_dtype, uint32_t count);
void copy_strided(char *base, const uint32_t *operands);
void gather_batch(char *base, const uint32_t *operands, const int32_t *indices, struct ahead next);
void gather_rows(char *base, const uint32_t *operands);
void scatter_add(char *base, const uint32_t *operands);
void one_hot(char *base, const uint32_t *operands);

/* random.c */
void random_fill(float *to, uint32_t first, uint32_t count, uint32_t distribution, uint32_t purpose, uint32_t seed,
                 uint32_t step);
void shuffle(int32_t *rows, uint32_t count, uint32_t seed, uint32_t epoch);

/* hamming.c: a scan (hamming.h), and whether it stays in the arena. */
void hamming_scan(char *base, const uint32_t *task);
bool can_scan(const char *base, uint64_t arena_bytes, uint32_t address);

/* check.c: 0, or what is wrong with an execution (enum check_part). */
uint32_t check_exec(char *base, uint64_t arena_bytes, uint32_t exec);

/* segments: `extent` cut into `count` parts, as even as can be, the longer ones first. Where part `index` begins. */
INLINE uint32_t segment_start(uint32_t extent, uint32_t count, uint32_t index) {
    return index * (extent / count) + least(index, extent % count);
}

/* A worker's share of a batch: examples first .. first + count - 1 of `all`. */
struct share {
    uint32_t first, count, all;
};

/* share.c: an instruction of a section, for one worker's share. `working` is where its working memory begins, in bytes
 * from the first worker's; `next` is what will be read after it. */
bool can_share_examples(const char *base, const uint32_t *at, uint32_t examples);
bool can_share_rows(const char *base, const uint32_t *at);
/* The address of an instruction's pointwise program, or 0. */
uint32_t pointwise_of(const uint32_t *at);
void execute_for_examples(char *base, const uint32_t *exec, const uint32_t *at, struct share share, uint32_t working,
                          struct ahead next);
void execute_for_rows(char *base, const uint32_t *at, uint32_t worker, uint32_t workers, uint32_t working,
                      struct ahead next);

/* barrier.c: workers wait for each other. */
bool arrive(uint32_t *exec, uint32_t *status);
void release(uint32_t *exec, uint32_t status);

/* run.c */
uint32_t execute_instructions(char *base, uint32_t exec, uint32_t instructions, uint32_t num_words);
uint32_t run_steps(char *base, uint32_t exec, uint32_t num_steps, uint32_t worker);
uint32_t profile_steps(char *base, uint32_t exec, uint32_t num_steps, uint32_t worker, uint32_t profile);

/* clock.c: milliseconds of the system's monotonic clock, the same in all threads. */
double now_ms(void);
#endif
