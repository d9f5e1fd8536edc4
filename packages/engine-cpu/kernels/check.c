/*
 * Checks an execution once, before it runs: nothing that the kernels will do may read or write outside of the
 * arena, which native code would otherwise just do. The step loop then looks at nothing.
 *
 * An operand is an address and a number of elements, known from the operands alone; all arithmetic here is in 64 bits,
 * where the kernels, once these numbers are known to fit the arena, may do it in 32. What depends on data is safe by
 * other means: rows of the split are looked at here, indices of gathers and scatters and classes that are outside are
 * skipped by their kernels (layout.c).
 *
 * What was looked at must stay as it was. So nothing may write to the execution's words, the records of its results, its
 * instructions and pointwise programs, or its rows and their order.
 */
#include "convolution.h"
#include "kernels.h"

#define MOST_CONV_STEP 65536 /* a stride or dilation */

/* A stretch of the arena. */
struct extent {
    uint64_t begin, end;
};

enum kept { KEPT_EXEC, KEPT_RESULTS, KEPT_ROWS, KEPT_ORDER, KEPT_INDICES, KEPT_PROGRAM, KEPT_TAIL, NUM_KEPT };

struct check {
    char *base;
    uint64_t arena_bytes;
    const uint32_t *exec;
    uint32_t num_rows;            /* of the fields: the largest row of the split and one */
    /* what nothing may write to; a program's is its instructions and all of its pointwise programs */
    struct extent kept[NUM_KEPT];
};

/* a * b * c, or more than any arena holds if it does not fit. */
static uint64_t elements(uint32_t a, uint32_t b, uint32_t c) {
    const uint64_t most = (uint64_t)1 << 32, product = (uint64_t)a * b;
    return (product < most ? product : most) * c;
}

/* a * b * c, none of which is more than an arena's bytes, or more than any arena holds if it does not fit. */
static uint64_t volume(uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t most = (uint64_t)1 << 32, ab = a * b < most ? a * b : most;
    return ab * c < most ? ab * c : most;
}

/* Whether `count` elements at an address, aligned to their size, lie in the arena. Address 0 stands for none. */
static bool reads(const struct check *check, uint32_t address, uint64_t count, uint32_t size) {
    if (count == 0) return true;
    if (address == 0 || address % size != 0 || count > check->arena_bytes / size) return false;
    return address + count * size <= check->arena_bytes;
}

INLINE bool overlap(struct extent a, struct extent b) {
    return a.begin < b.end && b.begin < a.end && a.begin < a.end && b.begin < b.end;
}

/* Whether bytes [begin, end) are none of what is kept. */
static bool spares(const struct check *check, uint64_t begin, uint64_t end) {
    for (int i = 0; i < NUM_KEPT; i++) {
        if (overlap((struct extent){begin, end}, check->kept[i])) return false;
    }
    return true;
}

static bool writes(const struct check *check, uint32_t address, uint64_t count, uint32_t size) {
    return reads(check, address, count, size) && (count == 0 || spares(check, address, address + count * size));
}

INLINE bool reads_floats(const struct check *check, uint32_t address, uint64_t count) {
    return reads(check, address, count, 4);
}
INLINE bool writes_floats(const struct check *check, uint32_t address, uint64_t count) {
    return writes(check, address, count, 4);
}

INLINE bool is_dtype(uint32_t dtype) { return dtype == DTYPE_F32 || dtype == DTYPE_I32 || dtype == DTYPE_U8; }
INLINE uint32_t bytes_of(uint32_t dtype) { return dtype == DTYPE_U8 ? 1 : 4; }

/* Whether the words of a pointwise program, whose header is looked at first, are in the arena; then `program` is where
 * they are. */
static bool has_pointwise(const struct check *check, uint32_t address, struct extent *program) {
    if (!reads(check, address, 3, 4)) return false;
    const uint32_t *words = words_at(check->base, address);
    if (words[0] > POINTWISE_MAX_REGISTERS || words[2] > POINTWISE_MAX_SUMS) return false;
    const uint64_t count = 3 + 2 * words[0] + (uint64_t)POINTWISE_OP_WORDS * words[1] + POINTWISE_SUM_WORDS * words[2];
    if (!reads(check, address, count, 4)) return false;
    program->begin = address;
    program->end = address + 4 * count;
    return true;
}

/* A register that an op may write: its memory holds any block, and is not made up from fewer elements. */
INLINE bool is_writable(uint32_t kind) {
    return kind == REGISTER_TEMP || kind == REGISTER_FULL || kind == REGISTER_PRODUCT;
}

/* A register's memory. Where ops write it, `written` is set. */
static bool check_register(const struct check *check, uint32_t kind, uint32_t address, uint32_t rows, uint32_t cols,
                           bool has_product, bool written) {
    const uint64_t count = elements(rows, cols, 1);
    if (written && !is_writable(kind)) return false;
    switch (kind) {
    case REGISTER_TEMP: return address < POINTWISE_MAX_TEMPS;
    case REGISTER_FULL: return written ? writes_floats(check, address, count) : reads_floats(check, address, count);
    case REGISTER_SCALAR: return reads_floats(check, address, 1);
    case REGISTER_ROW: return reads_floats(check, address, cols);
    case REGISTER_COL: return reads_floats(check, address, rows);
    case REGISTER_PRODUCT: return has_product;
    case REGISTER_FULL_U8: return reads(check, address, count, 1);
    case REGISTER_FULL_I32: return reads(check, address, count, 4);
    default: return false;
    }
}

/* A pointwise program whose words are known to be in the arena. */
static bool check_pointwise(const struct check *check, uint32_t address, uint32_t rows, uint32_t cols,
                            bool has_product) {
    const uint32_t *words = words_at(check->base, address);
    const uint32_t num_registers = words[0], num_ops = words[1], num_sums = words[2];
    const uint32_t *registers = words + 3, *ops = registers + 2 * num_registers;
    const uint32_t *sums = ops + POINTWISE_OP_WORDS * num_ops;
    if (elements(rows, cols, 1) > check->arena_bytes / 4) return false;
    uint64_t written = 0;
    for (uint32_t i = 0; i < num_ops; i++) {
        const uint32_t *op = ops + POINTWISE_OP_WORDS * i;
        if (op[0] > MICRO_ADAM_RATES) return false;
        if (op[0] >= MICRO_ADAM) {
            if (op[2] >= num_registers || num_registers - op[2] < ADAM_REGISTERS) return false;
            for (uint32_t r = op[2] + 7; r < op[2] + ADAM_REGISTERS; r++) {
                const bool may_be_any = op[0] == MICRO_ADAM_RATES && r == op[2] + 11;
                if (registers[2 * r] != REGISTER_SCALAR && !may_be_any) return false;
            }
            written |= (uint64_t)7 << op[2];
        } else {
            for (uint32_t word = 1; word < POINTWISE_OP_WORDS; word++) {
                if (op[word] >= num_registers) return false;
            }
            written |= (uint64_t)1 << op[1];
        }
    }
    for (uint32_t r = 0; r < num_registers; r++) {
        const uint32_t *pair = registers + 2 * r;
        if (!check_register(check, pair[0], pair[1], rows, cols, has_product, written >> r & 1)) return false;
    }
    for (uint32_t i = 0; i < num_sums; i++) {
        const uint32_t *sum = sums + POINTWISE_SUM_WORDS * i;
        const bool by_columns = sum[2] == cols && cols % LANES == 0 && cols <= POINTWISE_BLOCK;
        if (sum[0] >= num_registers || sum[3] == 0 || rows % sum[3] != 0) return false;
        if (!(by_columns || (sum[2] == 1 && sum[3] == 1))) return false;
        if (!writes_floats(check, sum[1], volume(sum[3], sum[2], 1))) return false;
    }
    return true;
}

/* operands: dst, a, b, m, n, k, flags, scratch, epilogue, of `count` products. Its working memory is there once for each
 * worker, where they share. */
static bool check_matmul(const struct check *check, const uint32_t *operands, uint32_t segments, uint32_t count,
                         bool is_shared) {
    const uint32_t dst = operands[0], m = operands[3], n = operands[4], k = operands[5], flags = operands[6];
    const uint32_t epilogue = operands[8];
    if (m == 0 || n == 0 || k == 0 || count == 0 || flags > (MATMUL_TRANSPOSE_A | MATMUL_TRANSPOSE_B)) return false;
    const uint64_t products = volume(m, n, count);
    if (!reads_floats(check, operands[1], volume(m, k, count))) return false;
    if (!reads_floats(check, operands[2], volume(k, n, count))) return false;
    if (dst != 0 && !writes_floats(check, dst, products)) return false;
    if (products > check->arena_bytes / 4) return false;
    if (segments == 0 || segments > k) return false;
    const uint32_t scratch = matmul_scratch(m, n, k, flags, dst != 0, epilogue != 0, segments);
    const uint64_t others = is_shared && check->exec[EXEC_WORKERS] > 1 ? check->exec[EXEC_WORKERS] - 1 : 0;
    if (scratch == UINT32_MAX || check->exec[EXEC_WORKING] % 4 != 0) return false;
    if (others > 0 && check->exec[EXEC_WORKING] < scratch) return false;
    const uint64_t bytes = scratch + others * check->exec[EXEC_WORKING];
    if (!writes_floats(check, operands[7], bytes / 4)) return false;
    return epilogue == 0 || check_pointwise(check, epilogue, m * count, n, true);
}

/*
 * A strided view: the elements between the first and the furthest along each axis, downwards and upwards. The kernel
 * steps along an axis, and back along all but the first, by 32-bit numbers of bytes, which must not overflow; single
 * bytes it counts from the start of a line.
 */
static bool check_view(const struct check *check, uint32_t address, uint32_t size, uint32_t rank,
                       const uint32_t *extents, const int32_t *strides, bool is_written) {
    int64_t lowest = address, highest = address;
    if (address == 0 || address % size != 0) return false;
    for (uint32_t axis = 0; axis < rank; axis++) {
        const int64_t step = (int64_t)strides[axis] * size; /* within 2^34 */
        if (step > INT32_MAX || step < -INT32_MAX || extents[axis] > check->arena_bytes) return false;
        const int64_t back = step * extents[axis];
        if ((axis > 0 || size == 1) && (back > INT32_MAX || back < -INT32_MAX)) return false;
        *(step < 0 ? &lowest : &highest) += step * (extents[axis] - 1);
    }
    if (lowest <= 0 || (uint64_t)highest + size > check->arena_bytes) return false;
    return !is_written || spares(check, (uint64_t)lowest, (uint64_t)highest + size);
}

/* operands: dst, src, bytes per element, rank, extents[rank], dst strides[rank], src strides[rank] */
static bool check_copy(const struct check *check, const uint32_t *operands, uint32_t num_operands) {
    const uint32_t size = operands[2], rank = operands[3];
    if ((size != 1 && size != 4) || rank > 8 || num_operands != 4 + 3 * rank) return false;
    const uint32_t *extents = operands + 4;
    const int32_t *to_strides = (const int32_t *)extents + rank, *from_strides = to_strides + rank;
    uint64_t count = 1;
    for (uint32_t axis = 0; axis < rank; axis++) {
        if (extents[axis] == 0) return true;
    }
    for (uint32_t axis = 0; axis < rank; axis++) {
        count *= extents[axis];
        if (count > check->arena_bytes / size) return false;
    }
    return check_view(check, operands[0], size, rank, extents, to_strides, true) &&
           check_view(check, operands[1], size, rank, extents, from_strides, false);
}

/* operands: dst, field, dst dtype, field dtype, elements per row, rows; `examples` is how many indices there are */
static bool check_gather_batch(const struct check *check, const uint32_t *operands, uint32_t examples) {
    const uint32_t to = operands[2], from = operands[3], width = operands[4], rows = operands[5];
    if (!is_dtype(to) || !is_dtype(from) || rows > examples) return false;
    return writes(check, operands[0], elements(width, rows, 1), bytes_of(to)) &&
           reads(check, operands[1], elements(width, check->num_rows, 1), bytes_of(from));
}

/* Reductions along an axis: one of no elements has no maximum, and a sum along columns starts from the first. */
static bool check_reduction(const struct check *check, const uint32_t *operands) {
    const uint32_t outer = operands[2], count = operands[3], inner = operands[4];
    return count > 0 && writes_floats(check, operands[0], elements(outer, inner, 1)) &&
           reads_floats(check, operands[1], elements(outer, inner, count));
}

/* What windows are over and what they make, in positions, and their taps; false where they do not go together. */
static bool check_axes(const struct check *check, const struct convolution *conv, uint64_t *inputs, uint64_t *outputs,
                       uint64_t *taps) {
    *inputs = *outputs = *taps = 1;
    for (int i = 0; i < 3; i++) {
        const struct axis *axis = conv->axes + i;
        if (axis->input == 0 || axis->output == 0 || axis->taps == 0) return false;
        if (axis->stride == 0 || axis->stride > MOST_CONV_STEP) return false;
        if (axis->dilation == 0 || axis->dilation > MOST_CONV_STEP) return false;
        if (axis->before > (uint64_t)(axis->taps - 1) * axis->dilation) return false;
        if ((uint64_t)(axis->output - 1) * axis->stride >= (uint64_t)axis->before + axis->input) return false;
        *inputs *= axis->input;
        *outputs *= axis->output;
        *taps *= axis->taps;
        if (*inputs > check->arena_bytes || *outputs > check->arena_bytes || *taps > check->arena_bytes) return false;
    }
    return conv->examples > 0 && conv->channels > 0 && conv->filters > 0;
}

/* operands: dst, two operands, scratch, epilogue or segments, geometry */
static bool check_convolution(const struct check *check, uint32_t opcode, const uint32_t *operands, bool is_shared) {
    const struct convolution *conv = convolution_at(operands + 5);
    const bool is_filter = opcode == OP_CONV_FILTER, is_transposed = opcode == OP_CONV_TRANSPOSE;
    const uint32_t epilogue = is_filter ? 0 : operands[4], segments = is_filter ? operands[4] : 1;
    uint64_t inputs, outputs, taps;
    if (!check_axes(check, conv, &inputs, &outputs, &taps) || conv->groups == 0) return false;
    if (conv->channels % conv->groups != 0 || conv->filters % conv->groups != 0) return false;
    const uint64_t x = volume(conv->examples, inputs, conv->channels);
    const uint64_t g = volume(conv->examples, outputs, conv->filters);
    const uint64_t filter = volume(taps, conv->channels / conv->groups, conv->filters);
    const uint64_t first = is_transposed ? g : x, second = is_filter ? g : filter;
    const uint64_t made = is_filter ? filter : is_transposed ? x : g;
    if (made > check->arena_bytes / 4 || segments == 0 || segments > conv->examples) return false;
    if (!reads_floats(check, operands[1], first) || !reads_floats(check, operands[2], second)) return false;
    if (operands[0] == 0 ? is_filter : !writes_floats(check, operands[0], made)) return false;
    uint64_t scratch = (is_transposed || segments > 1) ? 4 * filter : 0;
    if (operands[0] == 0) scratch += 4 * least(CONV_ROWS, conv->examples) * (made / conv->examples);
    const uint64_t others = is_shared && check->exec[EXEC_WORKERS] > 1 ? check->exec[EXEC_WORKERS] - 1 : 0;
    if (check->exec[EXEC_WORKING] % 4 != 0 || (others > 0 && check->exec[EXEC_WORKING] < scratch)) return false;
    if (!writes_floats(check, operands[3], (scratch + others * check->exec[EXEC_WORKING]) / 4)) return false;
    if (epilogue == 0) return true;
    const uint64_t rows = volume(conv->examples, is_transposed ? inputs : outputs, 1);
    return check_pointwise(check, epilogue, (uint32_t)rows, is_transposed ? conv->channels : conv->filters, true);
}

/* operands: dst, keys, values or gradient, geometry */
static bool check_pool(const struct check *check, uint32_t opcode, const uint32_t *operands) {
    const struct convolution *pool = convolution_at(operands + 3);
    uint64_t inputs, outputs, taps;
    if (!check_axes(check, pool, &inputs, &outputs, &taps)) return false;
    const uint64_t keys = volume(pool->examples, inputs, pool->channels);
    const uint64_t windows = volume(pool->examples, outputs, pool->channels);
    const bool is_spread = opcode == OP_MAX_POOL_SPREAD;
    for (int i = 0; i < 3; i++) {
        if (pool->axes[i].dilation != 1) return false;
    }
    return writes_floats(check, operands[0], is_spread ? keys : windows) && reads_floats(check, operands[1], keys) &&
           reads_floats(check, operands[2], is_spread ? windows : keys);
}

/* operands: dst, keys, values or gradient, scratch, rows, cols, descending */
static bool check_sort(const struct check *check, const uint32_t *operands, bool is_shared) {
    const uint32_t cols = operands[5];
    const uint64_t count = elements(operands[4], cols, 1), scratch = (uint64_t)SORT_SCRATCH * cols;
    const uint64_t others = is_shared && check->exec[EXEC_WORKERS] > 1 ? check->exec[EXEC_WORKERS] - 1 : 0;
    if (cols == 0 || operands[6] > 1 || count > check->arena_bytes / 4) return false;
    if (check->exec[EXEC_WORKING] % 8 != 0 || (others > 0 && check->exec[EXEC_WORKING] < scratch)) return false;
    return writes_floats(check, operands[0], count) && reads_floats(check, operands[1], count) &&
           reads_floats(check, operands[2], count) &&
           writes(check, operands[3], (scratch + others * check->exec[EXEC_WORKING]) / 8, 8);
}

/* The number of operands of an opcode, where that of OP_COPY leaves out what its rank says; 0: no such opcode. */
static uint32_t least_operands(uint32_t opcode) {
    /* One number a digit, since a table would be data of the module's own. */
#define OPERANDS(opcode, count) ((uint64_t)count << 4 * (opcode - 1))
    const uint64_t digits =
        OPERANDS(OP_GATHER_BATCH, 6) | OPERANDS(OP_MATMUL, 9) | OPERANDS(OP_MAP, 3) | OPERANDS(OP_SUM, 5) |
        OPERANDS(OP_REDUCE_MAX, 5) | OPERANDS(OP_ARG_MAX, 4) | OPERANDS(OP_SOFTMAX, 4) | OPERANDS(OP_LOG_SOFTMAX, 4) |
        OPERANDS(OP_COPY, 4) | OPERANDS(OP_FILL, 3) | OPERANDS(OP_CAST, 5) | OPERANDS(OP_GATHER_ROWS, 6) |
        OPERANDS(OP_SCATTER_ADD, 6) | OPERANDS(OP_ONE_HOT, 5) | OPERANDS(OP_RANDOM, 6) | OPERANDS(OP_GUARD, 1);
    /* The same of those from OP_SECTION on, with five bits each. */
#define MORE_OPERANDS(opcode, count) ((uint64_t)(count) << 5 * (opcode - OP_SECTION))
    const uint64_t more = MORE_OPERANDS(OP_SECTION, 2) | MORE_OPERANDS(OP_SUM_SEGMENTS, 6) |
                          MORE_OPERANDS(OP_MATMUL_SEGMENTS, 10) | MORE_OPERANDS(OP_CONV, 5 + CONV_WORDS) |
                          MORE_OPERANDS(OP_CONV_TRANSPOSE, 5 + CONV_WORDS) |
                          MORE_OPERANDS(OP_CONV_FILTER, 5 + CONV_WORDS) | MORE_OPERANDS(OP_MAX_POOL, 3 + CONV_WORDS) |
                          MORE_OPERANDS(OP_MAX_POOL_SPREAD, 3 + CONV_WORDS) | MORE_OPERANDS(OP_MATMUL_STACK, 10) |
                          MORE_OPERANDS(OP_SORT, 7) | MORE_OPERANDS(OP_SORT_SPREAD, 7);
    if (opcode >= OP_SECTION && opcode <= OP_SORT_SPREAD) return more >> 5 * (opcode - OP_SECTION) & 31;
    return opcode >= OP_GATHER_BATCH && opcode <= OP_GUARD ? digits >> 4 * (opcode - 1) & 15 : 0;
}

/* The operands of an instruction that has them all, and whose pointwise program's words are in the arena. */
static bool check_instruction(const struct check *check, const uint32_t *at, uint32_t examples, bool is_shared) {
    const uint32_t *operands = at + 2;
    const uint32_t to = operands[0], from = operands[1];
    switch (at[0]) {
    case OP_GATHER_BATCH: return check_gather_batch(check, operands, examples);
    case OP_MATMUL: return check_matmul(check, operands, 1, 1, is_shared);
    case OP_MATMUL_SEGMENTS: return check_matmul(check, operands, operands[9], 1, is_shared);
    case OP_MATMUL_STACK: return check_matmul(check, operands, 1, operands[9], is_shared);
    case OP_CONV:
    case OP_CONV_TRANSPOSE:
    case OP_CONV_FILTER: return check_convolution(check, at[0], operands, is_shared);
    case OP_MAX_POOL:
    case OP_MAX_POOL_SPREAD: return check_pool(check, at[0], operands);
    case OP_SECTION: return operands[0] <= SECTION_ALONE;
    case OP_MAP: return check_pointwise(check, operands[2], operands[0], operands[1], false);
    case OP_SUM:
    case OP_REDUCE_MAX: return check_reduction(check, operands);
    case OP_SUM_SEGMENTS:
        return operands[3] > 0 && operands[5] > 0 && operands[5] <= operands[2] &&
               writes_floats(check, to, operands[4]) &&
               reads_floats(check, from, elements(operands[2], operands[4], operands[3]));
    case OP_ARG_MAX:
        return operands[3] > 0 && writes(check, to, operands[2], 4) &&
               reads_floats(check, from, elements(operands[2], operands[3], 1));
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX: {
        const uint64_t count = elements(operands[2], operands[3], 1);
        return operands[3] > 0 && writes_floats(check, to, count) && reads_floats(check, from, count);
    }
    case OP_SORT:
    case OP_SORT_SPREAD: return check_sort(check, operands, is_shared);
    case OP_COPY: return check_copy(check, operands, at[1] - 2);
    case OP_FILL: return writes(check, to, operands[1], 4);
    case OP_CAST:
        return is_dtype(operands[2]) && is_dtype(operands[3]) &&
               writes(check, to, operands[4], bytes_of(operands[2])) &&
               reads(check, from, operands[4], bytes_of(operands[3]));
    case OP_GATHER_ROWS:
        return operands[5] > 0 && writes(check, to, elements(operands[3], operands[4], 1), 1) &&
               reads(check, from, elements(operands[5], operands[4], 1), 1) &&
               reads(check, operands[2], operands[3], 4);
    case OP_SCATTER_ADD:
        return writes_floats(check, to, elements(operands[5], operands[4], 1)) &&
               reads_floats(check, from, elements(operands[3], operands[4], 1)) &&
               reads(check, operands[2], operands[3], 4);
    case OP_ONE_HOT:
        return (operands[2] == DTYPE_I32 || operands[2] == DTYPE_U8) &&
               writes_floats(check, to, elements(operands[3], operands[4], 1)) &&
               reads(check, from, operands[3], bytes_of(operands[2]));
    case OP_RANDOM:
        return operands[2] <= 1 && writes_floats(check, to, operands[1]) && reads(check, operands[4], 1, 4) &&
               reads(check, operands[5], 1, 4);
    case OP_GUARD: return reads_floats(check, to, 1);
    default: return false;
    }
}

/*
 * Walks the instructions of a program; the number of the first that is wrong, from 1, or 0. Twice: first
 * to see that they can be walked, and where they and their pointwise programs are (`find`); then, when all that is to
 * be kept is known, what they do.
 */
static uint32_t walk(struct check *check, uint32_t address, uint32_t num_words, uint32_t examples, enum kept kept,
                     bool find) {
    struct extent *all = &check->kept[kept];
    if (find) {
        /* The loop that executes looks at an instruction's second operand before it knows whether there is one. */
        if (!reads(check, address, (uint64_t)num_words + 1, 4)) return 1;
        all->begin = address;
        all->end = address + 4 * (uint64_t)num_words;
    }
    const uint32_t *at = words_at(check->base, address), *end = at + num_words;
    const uint32_t *section = 0, *section_end = at; /* the one that `at` is in, if it is before its end */
    for (uint32_t number = 1; at < end; at += at[1], number++) {
        const bool is_inside = at < section_end;
        if (find) {
            const size_t left = (size_t)(end - at);
            const uint32_t needed = least_operands(at[0]);
            if (needed == 0 || left < 2 || at[1] > left || at[1] < needed + 2) return number;
            if (at[1] != needed + 2 && at[0] != OP_COPY) return number;
            if (is_inside && (at[0] == OP_SECTION || at + at[1] > section_end)) return number;
            if (at[0] == OP_SECTION) {
                if (at[3] > left - at[1]) return number;
                section_end = at + at[1] + at[3];
            }
            const uint32_t pointwise_address = pointwise_of(at);
            struct extent program;
            if (pointwise_address == 0 && at[0] != OP_MAP) continue;
            if (!has_pointwise(check, pointwise_address, &program)) return number;
            if (program.begin < all->begin) all->begin = program.begin;
            if (program.end > all->end) all->end = program.end;
        } else {
            const uint32_t kind = is_inside ? section[2] : SECTION_ALONE;
            if (!check_instruction(check, at, examples, kind != SECTION_ALONE)) return number;
            if (kind == SECTION_EXAMPLES && !can_share_examples(check->base, at, examples)) return number;
            if (kind == SECTION_ROWS && !can_share_rows(check->base, at)) return number;
            if (at[0] == OP_SECTION) {
                section = at;
                section_end = at + at[1] + at[3];
            }
        }
    }
    return 0;
}

/* Keeps `count` words that the execution's word `word` is the address of; nothing else kept may lie there. */
static bool keep_words(struct check *check, uint32_t word, uint64_t count, enum kept kept) {
    const uint32_t address = check->exec[word];
    if (!writes(check, address, count, 4)) return false;
    check->kept[kept] = (struct extent){address, address + 4 * count};
    return true;
}

/* One more than the largest of `count` rows, or 0 if one is negative. */
static uint32_t rows_of(const int32_t *rows, uint32_t count) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i] < 0) return 0;
        if ((uint32_t)rows[i] > largest) largest = (uint32_t)rows[i];
    }
    return largest + 1;
}

/* The result's values, of which the step loop always reads the first, and where it puts them. */
static bool check_result(const struct check *check, const uint32_t *record, uint32_t tail_size) {
    const uint32_t count = record[RESULT_COUNT], *exec = check->exec;
    const bool has_rows = record[RESULT_ROWS] != 0;
    const uint64_t full = elements(count, has_rows ? exec[EXEC_BATCH_SIZE] : 1, 1);
    if (count == 0 || !reads_floats(check, record[RESULT_VALUE], full)) return false;
    const uint64_t tail = tail_size == 0 ? 0 : elements(count, has_rows ? tail_size : 1, 1);
    if (!reads_floats(check, record[RESULT_TAIL_VALUE], tail)) return false;
    if (has_rows) return writes_floats(check, record[RESULT_ROWS], elements(count, exec[EXEC_NUM_EXAMPLES], 1));
    return writes(check, record[RESULT_SUM], count, 8) && writes_floats(check, record[RESULT_LAST], count);
}

INLINE uint32_t wrong(enum check_part part, uint32_t number) {
    return (uint32_t)part << CHECK_PART_SHIFT | least(number, (1u << CHECK_PART_SHIFT) - 1);
}

/* What plan.h says of an execution's words; the number of a wrong one, or EXEC_WORDS. */
static uint32_t check_words(struct check *check) {
    const uint32_t *exec = check->exec;
    const uint32_t num_examples = exec[EXEC_NUM_EXAMPLES], batch_size = exec[EXEC_BATCH_SIZE];
    if (exec[EXEC_VERSION] != PLAN_VERSION) return EXEC_VERSION;
    if (exec[EXEC_STEP] == UINT32_MAX) return EXEC_STEP; /* its epoch may look like the one whose order is at hand */
    if (num_examples == 0) return EXEC_NUM_EXAMPLES;
    if (batch_size == 0 || (batch_size > num_examples && exec[EXEC_TAIL] == 0)) return EXEC_BATCH_SIZE;
    if (!keep_words(check, EXEC_ROWS, num_examples, KEPT_ROWS)) return EXEC_ROWS;
    check->num_rows = rows_of(ints_at(check->base, exec[EXEC_ROWS]), num_examples);
    if (check->num_rows == 0) return EXEC_ROWS;
    if (exec[EXEC_ORDER] != 0) {
        if (!keep_words(check, EXEC_ORDER, num_examples, KEPT_ORDER)) return EXEC_ORDER;
        if (exec[EXEC_ORDER_EPOCH] != UINT32_MAX) {
            const uint32_t rows = rows_of(ints_at(check->base, exec[EXEC_ORDER]), num_examples);
            if (rows == 0 || rows > check->num_rows) return EXEC_ORDER;
        }
    }
    if (!keep_words(check, EXEC_INDICES, batch_size, KEPT_INDICES)) return EXEC_INDICES;
    if (exec[EXEC_NUM_RESULTS] > check->arena_bytes) return EXEC_NUM_RESULTS;
    if (!keep_words(check, EXEC_RESULTS, (uint64_t)RESULT_WORDS * exec[EXEC_NUM_RESULTS], KEPT_RESULTS))
        return EXEC_RESULTS;
    return EXEC_WORDS;
}

uint32_t check_exec(char *base, uint64_t arena_bytes, uint32_t exec_address) {
    struct check check = {.base = base, .arena_bytes = arena_bytes, .exec = words_at(base, exec_address)};
    if (!reads(&check, exec_address, EXEC_WORDS, 4)) return wrong(CHECK_EXEC, EXEC_WORDS);
    check.kept[KEPT_EXEC] = (struct extent){exec_address, exec_address + 4 * (uint64_t)EXEC_WORDS};
    const uint32_t *exec = check.exec;
    const uint32_t word = check_words(&check);
    if (word < EXEC_WORDS) return wrong(CHECK_EXEC, word);
    const uint32_t batch_size = exec[EXEC_BATCH_SIZE], tail_size = exec[EXEC_NUM_EXAMPLES] % batch_size;
    const bool has_tail = exec[EXEC_TAIL] != 0 && tail_size != 0;

    for (int find = 1; find >= 0; find--) {
        uint32_t number = walk(&check, exec[EXEC_PROGRAM], exec[EXEC_PROGRAM_WORDS], batch_size, KEPT_PROGRAM, find);
        if (number != 0) return wrong(CHECK_PROGRAM, number);
        if (has_tail) number = walk(&check, exec[EXEC_TAIL], exec[EXEC_TAIL_WORDS], tail_size, KEPT_TAIL, find);
        if (number != 0) return wrong(CHECK_TAIL, number);
    }
    /* What the step loop itself writes was only held against what was known then: */
    if (!writes(&check, exec[EXEC_STEP_INPUT], 1, 4)) return wrong(CHECK_EXEC, EXEC_STEP_INPUT);
    if (!writes(&check, exec[EXEC_SEED_INPUT], 1, 4)) return wrong(CHECK_EXEC, EXEC_SEED_INPUT);
    for (int i = 0; i < NUM_KEPT; i++) {
        for (int j = 0; j < i; j++) {
            if (overlap(check.kept[i], check.kept[j])) return wrong(CHECK_EXEC, EXEC_PROGRAM);
        }
    }
    for (uint32_t i = 0; i < exec[EXEC_NUM_RESULTS]; i++) {
        if (!check_result(&check, words_at(base, exec[EXEC_RESULTS]) + RESULT_WORDS * i, has_tail ? tail_size : 0))
            return wrong(CHECK_RESULT, i + 1);
    }
    return 0;
}
