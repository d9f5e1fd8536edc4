/*
 * Instructions of sections that workers share (plan.h): the same kernels, over a part of the rows.
 */
#include "kernels.h"

/* Room for the operands of any instruction that is shared: those of a copy of 8 axes. */
#define MOST_OPERANDS 28

/* The first axis of what an instruction writes, or 0 if it cannot be shared out by examples. */
static uint32_t first_extent(const uint32_t *at) {
    const uint32_t *operands = at + 2;
    switch (at[0]) {
    case OP_GATHER_BATCH: return operands[5];
    case OP_MATMUL: return operands[6] & MATMUL_TRANSPOSE_A ? 0 : operands[3];
    case OP_MATMUL_STACK: return operands[9];
    case OP_SORT:
    case OP_SORT_SPREAD: return operands[4];
    case OP_CONV:
    case OP_CONV_TRANSPOSE: return operands[5];
    case OP_MAX_POOL:
    case OP_MAX_POOL_SPREAD: return operands[3];
    case OP_MAP: return operands[0] * operands[1];
    case OP_SUM:
    case OP_REDUCE_MAX:
    case OP_ARG_MAX:
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX: return operands[2];
    case OP_COPY: return operands[3] > 0 ? operands[4] : 0;
    case OP_FILL: return operands[1];
    case OP_CAST: return operands[4];
    case OP_GATHER_ROWS:
    case OP_ONE_HOT: return operands[3];
    case OP_RANDOM: return operands[1];
    default: return 0;
    }
}

INLINE bool is_product(uint32_t opcode) {
    return opcode == OP_MATMUL || opcode == OP_MATMUL_SEGMENTS || opcode == OP_MATMUL_STACK;
}

uint32_t pointwise_of(const uint32_t *at) {
    if (at[0] == OP_CONV || at[0] == OP_CONV_TRANSPOSE) return at[6];
    if (is_product(at[0])) return at[10];
    return at[0] == OP_MAP ? at[4] : 0;
}

/* The pointwise program of an instruction, or none. */
static const uint32_t *program_of(const char *base, const uint32_t *at) {
    const uint32_t program = pointwise_of(at);
    return program == 0 ? 0 : (const uint32_t *)(base + program);
}

/* Whether a pointwise program adds up only elements of the same example, if any: only one worker can add up those of
 * several. */
static bool sums_by_example(const uint32_t *program, uint32_t examples) {
    if (!program) return true;
    const uint32_t *sum = program + 3 + 2 * program[0] + POINTWISE_OP_WORDS * program[1];
    for (uint32_t i = 0; i < program[2]; i++, sum += POINTWISE_SUM_WORDS) {
        if (sum[2] == 1 || sum[3] % examples != 0) return false;
    }
    return true;
}

bool can_share_examples(const char *base, const uint32_t *at, uint32_t examples) {
    const uint32_t extent = first_extent(at);
    return extent > 0 && extent % examples == 0 && sums_by_example(program_of(base, at), examples);
}

bool can_share_rows(const char *base, const uint32_t *at) {
    if (at[0] == OP_SUM_SEGMENTS || at[0] == OP_CONV_FILTER) return true;
    const uint32_t *program = program_of(base, at);
    return (at[0] == OP_MAP || is_product(at[0])) && (!program || program[2] == 0);
}

INLINE uint32_t bytes_of_dtype(uint32_t dtype) { return dtype == DTYPE_U8 ? 1 : 4; }

void execute_for_examples(char *base, const uint32_t *exec, const uint32_t *at, struct share share, uint32_t working,
                          struct ahead next) {
    const uint32_t *given = at + 2;
    const uint32_t each = first_extent(at) / share.all; /* rows of an example */
    const uint32_t first = share.first * each, rows = share.count * each;
    float *to = floats_at(base, given[0]);
    const float *from = floats_at(base, given[1]);
    uint32_t operands[MOST_OPERANDS];
    switch (at[0]) {
    case OP_GATHER_BATCH:
        copy_bytes(operands, given, 4 * 6);
        operands[0] += first * given[4] * bytes_of_dtype(given[2]);
        operands[5] = rows;
        gather_batch(base, operands, ints_at(base, exec[EXEC_INDICES]) + first, next);
        break;
    case OP_MATMUL: matmul_rows(base, given, 1, first, rows, working, next); break;
    case OP_MATMUL_STACK: matmul_stack(base, given, first, rows, working); break;
    case OP_SORT: sort(base, given, first, rows, working); break;
    case OP_SORT_SPREAD: sort_spread(base, given, first, rows, working); break;
    case OP_CONV: conv_examples(base, given, first, rows, working); break;
    case OP_CONV_TRANSPOSE: conv_transpose_examples(base, given, first, rows, working); break;
    case OP_MAX_POOL: max_pool(base, given, first, rows); break;
    case OP_MAX_POOL_SPREAD: max_pool_spread(base, given, first, rows); break;
    case OP_MAP: map_elements(base, given, first, rows); break;
    case OP_SUM: sum(to + first * given[4], from + first * given[3] * given[4], rows, given[3], given[4]); break;
    case OP_REDUCE_MAX:
        reduce_max(to + first * given[4], from + first * given[3] * given[4], rows, given[3], given[4]);
        break;
    case OP_ARG_MAX: arg_max((int32_t *)to + first, from + first * given[3], rows, given[3]); break;
    case OP_SOFTMAX: softmax(to + first * given[3], from + first * given[3], rows, given[3]); break;
    case OP_LOG_SOFTMAX: log_softmax(to + first * given[3], from + first * given[3], rows, given[3]); break;
    case OP_COPY: {
        const uint32_t rank = given[3], size = given[2];
        copy_bytes(operands, given, 4 * (4 + 3 * rank));
        operands[0] += first * size * given[4 + rank];
        operands[1] += first * size * given[4 + 2 * rank];
        operands[4] = rows;
        copy_strided(base, operands);
        break;
    }
    case OP_FILL: fill_words((uint32_t *)to + first, given[2], rows); break;
    case OP_CAST:
        cast_elements((char *)to + first * bytes_of_dtype(given[2]),
                      (const char *)from + first * bytes_of_dtype(given[3]), given[2], given[3], rows);
        break;
    case OP_GATHER_ROWS:
        copy_bytes(operands, given, 4 * 6);
        operands[0] += first * given[4];
        operands[2] += first * 4;
        operands[3] = rows;
        gather_rows(base, operands);
        break;
    case OP_ONE_HOT:
        copy_bytes(operands, given, 4 * 5);
        operands[0] += first * given[4] * 4;
        operands[1] += first * bytes_of_dtype(given[2]);
        operands[3] = rows;
        one_hot(base, operands);
        break;
    case OP_RANDOM:
        random_fill(to + first, first, rows, given[2], given[3], *words_at(base, given[4]), *words_at(base, given[5]));
        break;
    }
}

void execute_for_rows(char *base, const uint32_t *at, uint32_t worker, uint32_t workers, uint32_t working,
                      struct ahead next) {
    const uint32_t *operands = at + 2;
    const bool is_map = at[0] == OP_MAP, is_sum = at[0] == OP_SUM_SEGMENTS, is_filter = at[0] == OP_CONV_FILTER;
    const bool is_stack = at[0] == OP_MATMUL_STACK;
    const uint32_t extent = is_map      ? operands[0] * operands[1]
                            : is_filter ? conv_filter_extent(operands)
                                        : operands[is_sum     ? 4
                                                   : is_stack ? 9
                                                              : 3];
    /* Elements are shared out by the blocks and vectors that kernels run over. */
    const uint32_t unit = is_map ? POINTWISE_BLOCK : is_sum ? LANES : 1, units = (extent + unit - 1) / unit;
    const uint32_t first = least(extent, unit * segment_start(units, workers, worker));
    const uint32_t end = least(extent, unit * segment_start(units, workers, worker + 1));
    if (first == end) return;
    if (is_map)
        map_elements(base, operands, first, end - first);
    else if (is_filter)
        conv_filter_rows(base, operands, first, end, working);
    else if (is_sum)
        sum_segments(floats_at(base, operands[0]), floats_at(base, operands[1]), operands[2], operands[3], operands[4],
                     operands[5], first, end);
    else if (is_stack)
        matmul_stack(base, operands, first, end - first, working);
    else
        matmul_rows(base, operands, at[0] == OP_MATMUL ? 1 : operands[9], first, end - first, working, next);
}
