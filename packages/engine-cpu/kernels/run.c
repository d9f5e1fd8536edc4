/*
 * The step loop: many training or evaluation steps in one call, without anything else between them.
 */
#include "kernels.h"

/* One instruction by itself: EXEC_DONE, or why the step ends. */
static uint32_t execute_instruction(char *base, const uint32_t *exec, const uint32_t *at) {
    const uint32_t *operands = at + 2;
    float *to = floats_at(base, operands[0]);
    const float *from = floats_at(base, operands[1]);
    switch (at[0]) {
    case OP_GATHER_BATCH: gather_batch(base, operands, ints_at(base, exec[EXEC_INDICES]), (struct ahead){0}); break;
    case OP_MATMUL: matmul(base, operands, 1); break;
    case OP_MATMUL_SEGMENTS: matmul(base, operands, operands[9]); break;
    case OP_MATMUL_STACK: matmul_stack(base, operands, 0, operands[9], 0); break;
    case OP_CONV: conv_examples(base, operands, 0, operands[5], 0); break;
    case OP_CONV_TRANSPOSE: conv_transpose_examples(base, operands, 0, operands[5], 0); break;
    case OP_CONV_FILTER: conv_filter_rows(base, operands, 0, conv_filter_extent(operands), 0); break;
    case OP_MAX_POOL: max_pool(base, operands, 0, operands[3]); break;
    case OP_MAX_POOL_SPREAD: max_pool_spread(base, operands, 0, operands[3]); break;
    case OP_MAP: map(base, operands); break;
    case OP_SUM: sum(to, from, operands[2], operands[3], operands[4]); break;
    case OP_SUM_SEGMENTS:
        sum_segments(to, from, operands[2], operands[3], operands[4], operands[5], 0, operands[4]);
        break;
    case OP_REDUCE_MAX: reduce_max(to, from, operands[2], operands[3], operands[4]); break;
    case OP_ARG_MAX: arg_max((int32_t *)to, from, operands[2], operands[3]); break;
    case OP_SOFTMAX: softmax(to, from, operands[2], operands[3]); break;
    case OP_LOG_SOFTMAX: log_softmax(to, from, operands[2], operands[3]); break;
    case OP_SORT: sort(base, operands, 0, operands[4], 0); break;
    case OP_SORT_SPREAD: sort_spread(base, operands, 0, operands[4], 0); break;
    case OP_COPY: copy_strided(base, operands); break;
    case OP_FILL: fill_words((uint32_t *)to, operands[2], operands[1]); break;
    case OP_CAST: cast_elements(to, from, operands[2], operands[3], operands[4]); break;
    case OP_GATHER_ROWS: gather_rows(base, operands); break;
    case OP_SCATTER_ADD: scatter_add(base, operands); break;
    case OP_ONE_HOT: one_hot(base, operands); break;
    case OP_RANDOM:
        random_fill(to, 0, operands[1], operands[2], operands[3], *words_at(base, operands[4]),
                    *words_at(base, operands[5]));
        break;
    case OP_GUARD:
        if (!(*to - *to == 0)) return EXEC_NOT_FINITE;
        break;
    default: return EXEC_REFUSED;
    }
    return EXEC_DONE;
}

/* The rows in the order of an epoch, made anew if the order at hand is another epoch's. */
static const int32_t *rows_in_order(char *base, uint32_t *exec, uint32_t epoch) {
    const int32_t *rows = ints_at(base, exec[EXEC_ROWS]);
    if (exec[EXEC_ORDER] == 0) return rows;
    int32_t *order = ints_at(base, exec[EXEC_ORDER]);
    if (exec[EXEC_ORDER_EPOCH] != epoch) {
        copy_bytes(order, rows, 4 * exec[EXEC_NUM_EXAMPLES]);
        shuffle(order, exec[EXEC_NUM_EXAMPLES], exec[EXEC_SEED], epoch);
        exec[EXEC_ORDER_EPOCH] = epoch;
    }
    return order;
}

INLINE const uint32_t *result_record(char *base, const uint32_t *exec, uint32_t index) {
    return words_at(base, exec[EXEC_RESULTS]) + RESULT_WORDS * index;
}

/* Where an execution is in its epoch. */
struct position {
    uint32_t epoch, batch, examples;
    bool is_tail;
};

static void add_results(char *base, uint32_t *exec, struct position at) {
    for (uint32_t i = 0; i < exec[EXEC_NUM_RESULTS]; i++) {
        const uint32_t *result = result_record(base, exec, i);
        const uint32_t count = result[RESULT_COUNT];
        const float *value = floats_at(base, result[at.is_tail ? RESULT_TAIL_VALUE : RESULT_VALUE]);
        if (result[RESULT_ROWS] != 0) {
            float *rows = floats_at(base, result[RESULT_ROWS]) + (size_t)at.batch * exec[EXEC_BATCH_SIZE] * count;
            copy_bytes(rows, value, 4 * at.examples * count);
            continue;
        }
        double *total = (double *)(base + result[RESULT_SUM]);
        float *last = floats_at(base, result[RESULT_LAST]);
        for (uint32_t e = 0; e < count; e++) {
            total[e] += (double)value[e] * at.examples;
            last[e] = value[e];
        }
        if (i == 0 && value[0] - value[0] == 0) *(float *)(exec + EXEC_LAST_LOSS) = value[0];
    }
}

static struct position position_of(const uint32_t *exec) {
    const uint32_t num_examples = exec[EXEC_NUM_EXAMPLES], batch_size = exec[EXEC_BATCH_SIZE];
    const uint32_t full_batches = num_examples / batch_size, tail_size = num_examples % batch_size;
    const uint32_t steps_per_epoch = full_batches + (tail_size != 0 && exec[EXEC_TAIL] != 0);
    struct position at = {exec[EXEC_STEP] / steps_per_epoch, exec[EXEC_STEP] % steps_per_epoch, batch_size, false};
    at.is_tail = at.batch == full_batches;
    if (at.is_tail) at.examples = tail_size;
    return at;
}

/* Puts the next batch where the program reads it. */
static uint32_t prepare_step(char *base, uint32_t *exec) {
    if (__atomic_load_n(exec + EXEC_STOP, __ATOMIC_ACQUIRE)) return EXEC_STOPPED;
    const struct position at = position_of(exec);
    const int32_t *rows = rows_in_order(base, exec, at.epoch);
    copy_bytes(ints_at(base, exec[EXEC_INDICES]), rows + at.batch * exec[EXEC_BATCH_SIZE], 4 * at.examples);
    *words_at(base, exec[EXEC_STEP_INPUT]) = exec[EXEC_STEP];
    *words_at(base, exec[EXEC_SEED_INPUT]) = exec[EXEC_SEED];
    return EXEC_DONE;
}

/* One step, as a worker sees it. */
struct step {
    uint32_t worker, examples;
    bool is_last;     /* of the chunk */
    bool is_finished; /* by its last section */
};

/* Counts a step whose instructions are all executed, and puts the next batch where the program reads it. */
static uint32_t finish_step(char *base, uint32_t *exec, bool is_last) {
    add_results(base, exec, position_of(exec));
    __atomic_store_n(exec + EXEC_STEP, exec[EXEC_STEP] + 1, __ATOMIC_RELEASE);
    return is_last ? EXEC_DONE : prepare_step(base, exec);
}

#define LEAST_FACTOR 32768 /* bytes that are worth it */

/* The second factor of the first large product among instructions. In another section it may not be made yet: then what
 * is fetched is fetched for nothing. */
static struct ahead next_factor(char *base, const uint32_t *at, const uint32_t *end) {
    for (; at < end; at += at[1]) {
        if (at[0] != OP_MATMUL && at[0] != OP_MATMUL_SEGMENTS) continue;
        const struct ahead factor = second_factor(base, at + 2);
        if (factor.end - factor.at >= LEAST_FACTOR) return factor;
    }
    return (struct ahead){0};
}

/* Writes a profile. Functions that take one are compiled twice: without a profile `recorder` is the constant 0, and
 * nothing of it is left. */
struct recorder {
    uint32_t *profile;
    const uint32_t *program; /* of the step */
    uint32_t step;
    double slice_begin;
};

/* Ends the slice that lasted until now, and begins the next one. */
static NOINLINE void end_slice(struct recorder *recorder, uint32_t what) {
    uint32_t *profile = recorder->profile;
    const double begin = recorder->slice_begin;
    recorder->slice_begin = now_ms();
    const uint32_t index = profile[PROFILE_COUNT];
    if (index >= profile[PROFILE_CAPACITY]) return;
    uint32_t *slice = profile + PROFILE_WORDS + (size_t)SLICE_WORDS * index;
    slice[SLICE_STEP] = recorder->step;
    slice[SLICE_WHAT] = what;
    *(double *)(slice + SLICE_BEGIN) = begin;
    *(double *)(slice + SLICE_END) = recorder->slice_begin;
    profile[PROFILE_COUNT] = index + 1;
}

INLINE void record(struct recorder *recorder, uint32_t what) {
    if (recorder) end_slice(recorder, what);
}

INLINE void record_instruction(struct recorder *recorder, const uint32_t *at) {
    if (recorder) end_slice(recorder, SLICE_INSTRUCTION + (uint32_t)(at - recorder->program));
}

/* The instructions of a section, for this worker's part of them. One that ends the program and is executed by one worker
 * ends the step, too. */
INLINE uint32_t execute_section(char *base, uint32_t *exec, uint32_t kind, const uint32_t *at, const uint32_t *end,
                                const uint32_t *program_end, struct step *step, struct recorder *recorder) {
    const bool is_end = end == program_end;
    const uint32_t worker = step->worker, examples = step->examples;
    const uint32_t workers = exec[EXEC_WORKERS] > 1 ? exec[EXEC_WORKERS] : 1, working = worker * exec[EXEC_WORKING];
    if (kind == SECTION_ALONE) {
        uint32_t status = EXEC_DONE;
        step->is_finished = is_end;
        const bool is_released = !arrive(exec, &status);
        record(recorder, SLICE_WAIT);
        if (is_released) return status;
        for (; at < end && status == EXEC_DONE; at += at[1]) {
            status = execute_instruction(base, exec, at);
            record_instruction(recorder, at);
        }
        if (is_end && status == EXEC_DONE) {
            status = finish_step(base, exec, step->is_last);
            record(recorder, SLICE_BETWEEN);
        }
        release(exec, status);
        return status;
    }
    const uint32_t first = segment_start(examples, workers, worker);
    const struct share share = {first, segment_start(examples, workers, worker + 1) - first, examples};
    if (kind == SECTION_EXAMPLES && share.count == 0) return EXEC_DONE;
    for (; at < end; at += at[1]) {
        const struct ahead next = next_factor(base, at + at[1], program_end);
        if (kind == SECTION_EXAMPLES)
            execute_for_examples(base, exec, at, share, working, next);
        else
            execute_for_rows(base, at, worker, workers, working, next);
        record_instruction(recorder, at);
    }
    return EXEC_DONE;
}

/* Executes instructions, this worker's part of those in sections, until a guard fails, one is unknown, or all are done. */
INLINE uint32_t execute_program(char *base, uint32_t *exec, uint32_t instructions, uint32_t num_words,
                                struct step *step, struct recorder *recorder) {
    const uint32_t *at = words_at(base, instructions);
    const uint32_t *end = at + num_words;
    uint32_t status = EXEC_DONE;
    while (at < end && status == EXEC_DONE) {
        if (at[0] != OP_SECTION) {
            status = execute_instruction(base, exec, at);
            record_instruction(recorder, at);
            at += at[1];
            continue;
        }
        const uint32_t *first = at + at[1], *after = first + at[3];
        status = execute_section(base, exec, at[2], first, after, end, step, recorder);
        at = after;
    }
    return status;
}

uint32_t execute_instructions(char *base, uint32_t exec, uint32_t instructions, uint32_t num_words) {
    struct step step = {0};
    step.examples = 1;
    return execute_program(base, words_at(base, exec), instructions, num_words, &step, 0);
}

/* One step, to its end. */
INLINE uint32_t run_step(char *base, uint32_t *exec, uint32_t program, uint32_t words, struct step *step,
                         struct recorder *recorder) {
    uint32_t status = execute_program(base, exec, program, words, step, recorder);
    if (status != EXEC_DONE || step->is_finished) return status;
    const bool is_last_to_arrive = arrive(exec, &status);
    if (exec[EXEC_WORKERS] > 1) record(recorder, SLICE_WAIT);
    if (!is_last_to_arrive) return status;
    status = finish_step(base, exec, step->is_last);
    record(recorder, SLICE_BETWEEN);
    release(exec, status);
    return status;
}

/* Whether the profile tells of a step; begins its first slice. */
static bool begin_step(struct recorder *recorder, uint32_t step, const uint32_t *program) {
    if (step < recorder->profile[PROFILE_FROM] || step >= recorder->profile[PROFILE_TO]) return false;
    recorder->program = program;
    recorder->step = step;
    recorder->slice_begin = now_ms();
    return true;
}

INLINE uint32_t run_until(char *base, uint32_t *exec, uint32_t num_steps, uint32_t worker, struct recorder *recorder) {
    if (exec[EXEC_VERSION] != PLAN_VERSION || exec[EXEC_BATCH_SIZE] == 0) return EXEC_REFUSED;
    if (exec[EXEC_NUM_EXAMPLES] < exec[EXEC_BATCH_SIZE] && exec[EXEC_TAIL] == 0) return EXEC_REFUSED;
    uint32_t status = EXEC_DONE;
    if (arrive(exec, &status)) {
        if (num_steps > 0) status = prepare_step(base, exec);
        release(exec, status);
    }
    for (uint32_t i = 0; i < num_steps && status == EXEC_DONE; i++) {
        const struct position at = position_of(exec);
        const uint32_t program = exec[at.is_tail ? EXEC_TAIL : EXEC_PROGRAM],
                       words = exec[at.is_tail ? EXEC_TAIL_WORDS : EXEC_PROGRAM_WORDS];
        struct step step = {.worker = worker, .examples = at.examples, .is_last = i + 1 == num_steps};
        if (recorder && begin_step(recorder, exec[EXEC_STEP], words_at(base, program)))
            status = run_step(base, exec, program, words, &step, recorder);
        else
            status = run_step(base, exec, program, words, &step, 0);
    }
    return status;
}

INLINE uint32_t run_and_tell(char *base, uint32_t exec_address, uint32_t num_steps, uint32_t worker,
                             struct recorder *recorder) {
    uint32_t *exec = words_at(base, exec_address);
    const uint32_t status = run_until(base, exec, num_steps, worker, recorder);
    __atomic_store_n(exec + EXEC_STATUS, status, __ATOMIC_RELEASE);
    return status;
}

uint32_t run_steps(char *base, uint32_t exec, uint32_t num_steps, uint32_t worker) {
    return run_and_tell(base, exec, num_steps, worker, 0);
}

/* The same, and writes the worker's profile. */
uint32_t profile_steps(char *base, uint32_t exec, uint32_t num_steps, uint32_t worker, uint32_t profile) {
    struct recorder recorder = {.profile = words_at(base, profile)};
    return run_and_tell(base, exec, num_steps, worker, &recorder);
}

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("run") uint32_t export_run(uint32_t exec, uint32_t num_steps, uint32_t worker) {
    return run_steps(0, exec, num_steps, worker);
}

EXPORT("profile") uint32_t export_profile(uint32_t exec, uint32_t num_steps, uint32_t worker, uint32_t profile) {
    return profile_steps(0, exec, num_steps, worker, profile);
}

EXPORT("check") uint32_t export_check(uint32_t exec, uint32_t num_pages) {
    return check_exec(0, (uint64_t)num_pages << 16, exec);
}

EXPORT("execute") uint32_t export_execute(uint32_t exec, uint32_t instructions, uint32_t num_words) {
    return execute_instructions(0, exec, instructions, num_words);
}

EXPORT("draw")
void export_draw(uint32_t to, uint32_t count, uint32_t distribution, uint32_t purpose, uint32_t seed) {
    random_fill((float *)to, 0, count, distribution, purpose, seed, 0);
}

EXPORT("matmul_scratch")
uint32_t export_matmul_scratch(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, uint32_t has_dst,
                               uint32_t has_epilogue, uint32_t segments) {
    return matmul_scratch(m, n, k, flags, has_dst, has_epilogue, segments);
}

EXPORT("multiply_add") float export_multiply_add(float a, float b, float c) { return multiply_add_once(a, b, c); }
#endif
