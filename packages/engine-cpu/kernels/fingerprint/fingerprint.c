/*
 * Prints a hash of what each kernel makes of pseudo-random operands, so that two machines, or two compilers, can be held
 * against each other. arm64.mjs does.
 *
 * A hash is FNV-1a, 64 bits, over the words of all results; any NaN counts as one, since its bits are not part of the
 * contract.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamming.h"
#include "kernels.h"

#define ARENA_BYTES (32u << 20)

static char *base;
static uint32_t next_address;
static uint32_t random_state;
static uint64_t hash;

static uint32_t next_random(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state ^ random_state >> 15;
}

/* Mostly numbers around 1 of both signs; some denormal, huge, 0, infinite or NaN. */
static float next_float(bool awkward) {
    const uint32_t bits = next_random();
    if (awkward && bits % 16 == 0) return float_of(next_random());
    if (awkward && bits % 64 == 1) return float_of((bits & 0x80000000u) | 0x7f800000u);
    if (awkward && bits % 64 == 2) return float_of(bits & 0x80000000u);
    return (float)(int32_t)(bits & 0xffffff) * 0x1p-23f - 1.0f;
}

static uint32_t allocate(uint32_t bytes) {
    const uint32_t address = next_address;
    next_address += round_up(bytes, 64);
    if (next_address > ARENA_BYTES) abort();
    memset(base + address, 0, bytes);
    return address;
}

static uint32_t floats(uint32_t count, bool awkward) {
    const uint32_t address = allocate(4 * count);
    for (uint32_t i = 0; i < count; i++) floats_at(base, address)[i] = next_float(awkward);
    return address;
}

/* Whole numbers from `lowest` on. */
static uint32_t integers(uint32_t count, int32_t lowest, uint32_t range) {
    const uint32_t address = allocate(4 * count);
    for (uint32_t i = 0; i < count; i++) ints_at(base, address)[i] = lowest + (int32_t)(next_random() % range);
    return address;
}

static void add_to_hash(uint32_t address, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = words_at(base, address)[i];
        if ((word & 0x7fffffffu) > 0x7f800000u) word = 0x7fc00000u;
        for (int byte = 0; byte < 4; byte++) hash = (hash ^ (word >> 8 * byte & 255)) * 0x100000001b3u;
    }
}

/* Executes one instruction, given its operands. */
static void execute(uint32_t opcode, const uint32_t *operands, uint32_t count) {
    const uint32_t plan = allocate(4 * (count + 3));
    uint32_t *words = words_at(base, plan);
    words[0] = opcode;
    words[1] = count + 2;
    memcpy(words + 2, operands, 4 * count);
    if (execute_instructions(base, 0, plan, count + 2) != EXEC_DONE) abort();
}
#define EXECUTE(opcode, ...) \
    execute(opcode, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static uint32_t write_words(const uint32_t *words, uint32_t count) {
    const uint32_t address = allocate(4 * count);
    memcpy(base + address, words, 4 * count);
    return address;
}
#define WORDS(...) write_words((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void begin(void) {
    next_address = 4096;
    random_state = 12345;
    hash = 0xcbf29ce484222325u;
}

static void end(const char *name) { printf("%s %016llx\n", name, (unsigned long long)hash); }

/* Every 509th f32, whatever it is. */
static void numeric_function(const char *name, uint32_t op) {
    enum { COUNT = 65536 };
    uint32_t bits = 0;
    begin();
    for (int part = 0; part < 128; part++) {
        next_address = 4096;
        const uint32_t from = allocate(4 * COUNT), to = allocate(4 * COUNT);
        for (uint32_t i = 0; i < COUNT; i++, bits += 509) words_at(base, from)[i] = bits;
        const uint32_t program = WORDS(2, 1, 0, REGISTER_FULL, from, REGISTER_FULL, to, op, 1, 0, 0, 0);
        EXECUTE(OP_MAP, 1, COUNT, program);
        add_to_hash(to, COUNT);
    }
    end(name);
}

static const struct {
    uint32_t rows, cols;
} shapes[] = {{1, 1}, {3, 5}, {7, 16}, {10, 10}, {13, 37}, {31, 64}, {20, 257}, {5, 700}};

/* All micro-ops over all kinds of registers, with temps and sums. */
static void pointwise(void) {
    begin();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const uint32_t rows = shapes[s].rows, cols = shapes[s].cols, count = rows * cols;
        for (uint32_t op = MICRO_COPY; op < MICRO_ADAM; op++) {
            next_address = 4096;
            const uint32_t to = allocate(4 * count), sums = allocate(8), columns = allocate(4 * count);
            const uint32_t width = cols <= POINTWISE_BLOCK && cols % LANES == 0 ? cols : 1; /* of the rows' sums */
            const uint32_t parts = width > 1 && rows < 10 ? rows : 1;
            const uint32_t full = floats(count, true), scalar = floats(1, false), row = floats(cols, true);
            const uint32_t col = floats(rows, true), bytes = integers(count, -9, 100), whole = integers(count, -9, 100);
            const uint32_t program = WORDS(
                9, 7, 3, REGISTER_FULL, to, REGISTER_FULL, full, REGISTER_SCALAR, scalar, REGISTER_ROW, row,
                REGISTER_COL, col, REGISTER_FULL_U8, bytes, REGISTER_FULL_I32, whole, REGISTER_TEMP, 0, REGISTER_TEMP,
                1, op, 7, 1, 2, 3, op, 8, 3, 4, 1, op, 0, 7, 8, 5, op, 7, 5, 6, 8, MICRO_ADD, 0, 0, 7, 0, op, 8, 4, 0,
                2, MICRO_SUB, 0, 0, 8, 0, 0, sums, 1, 1, 7, sums + 4, 1, 1, 8, columns, width, parts);
            EXECUTE(OP_MAP, rows, cols, program);
            add_to_hash(to, count);
            add_to_hash(sums, 2);
            add_to_hash(columns, parts * width);
        }
    }
    end("pointwise");
}

static void adam_updates(const char *name, uint32_t op) {
    begin();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        next_address = 4096;
        const uint32_t rows = shapes[s].rows, cols = shapes[s].cols, count = rows * cols;
        const uint32_t w = floats(count, false), m = floats(count, false), v = floats(count, false);
        const uint32_t g = floats(count, true), rates = floats(count, true), scalars = allocate(4 * 7);
        const float values[7] = {0.9f, 0.1f, 0.999f, 0.001f, 0.002f, 1.01f, 1e-7f};
        for (uint32_t i = 0; i < count; i++) floats_at(base, v)[i] = __builtin_fabsf(floats_at(base, v)[i]);
        memcpy(base + scalars, values, sizeof values);
        uint32_t words[3 + 2 * ADAM_REGISTERS + POINTWISE_OP_WORDS] = {ADAM_REGISTERS, 1, 0};
        const uint32_t addresses[7] = {w, m, v, w, m, v, g};
        for (uint32_t r = 0; r < ADAM_REGISTERS; r++) {
            words[3 + 2 * r] = r < 7 ? REGISTER_FULL : REGISTER_SCALAR;
            words[4 + 2 * r] = r < 7 ? addresses[r] : scalars + 4 * (r - 7);
        }
        if (op == MICRO_ADAM_RATES) {
            words[3 + 2 * 11] = REGISTER_FULL;
            words[4 + 2 * 11] = rates;
        }
        words[3 + 2 * ADAM_REGISTERS] = op;
        const uint32_t program = write_words(words, sizeof words / 4);
        for (int step = 0; step < 5; step++) EXECUTE(OP_MAP, rows, cols, program);
        for (int i = 0; i < 3; i++) add_to_hash(addresses[i], count);
    }
    end(name);
}

static void matmuls(void) {
    static const uint32_t sizes[][3] = {{1, 1, 1},     {3, 5, 7},     {10, 10, 784}, {10, 64, 10},   {5, 3, 300},
                                        {61, 33, 129}, {128, 40, 70}, {70, 90, 300}, {17, 530, 260}, {9, 400, 400}};
    begin();
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const uint32_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        for (uint32_t variant = 0; variant < 16; variant++) {
            next_address = 4096;
            const uint32_t flags = variant & 3, has_dst = variant >> 2 & 1, has_epilogue = variant >> 3 || !has_dst;
            const uint32_t a = floats(m * k, false), b = floats(k * n, false), row = floats(n, false);
            const uint32_t dst = allocate(4 * m * n), to = allocate(4 * m * n);
            const uint32_t scratch = allocate(matmul_scratch(m, n, k, flags, has_dst, has_epilogue, 1) + 4);
            const uint32_t program = WORDS(3, 2, 0, REGISTER_PRODUCT, 0, REGISTER_ROW, row, REGISTER_FULL, to,
                                           MICRO_ADD, 2, 0, 1, 0, MICRO_RELU, 2, 2, 0, 0);
            EXECUTE(OP_MATMUL, has_dst ? dst : 0, a, b, m, n, k, flags, scratch, has_epilogue ? program : 0);
            add_to_hash(has_dst ? dst : to, m * n);
            add_to_hash(to, m * n);
        }
    }
    end("matmuls");
    begin();
    for (uint32_t flags = 0; flags < 4; flags++) {
        enum { COUNT = 5, M = 19, N = 37, K = 70 };
        next_address = 4096;
        const uint32_t a = floats(COUNT * M * K, false), b = floats(COUNT * K * N, false), row = floats(N, false);
        const uint32_t dst = allocate(4 * COUNT * M * N), to = allocate(4 * COUNT * M * N);
        const uint32_t scratch = allocate(matmul_scratch(M, N, K, flags, 1, 1, 1) + 4);
        const uint32_t program = WORDS(3, 2, 0, REGISTER_PRODUCT, 0, REGISTER_ROW, row, REGISTER_FULL, to, MICRO_ADD, 2,
                                       0, 1, 0, MICRO_RELU, 2, 2, 0, 0);
        EXECUTE(OP_MATMUL_STACK, dst, a, b, M, N, K, flags, scratch, program, COUNT);
        add_to_hash(dst, COUNT * M * N);
        add_to_hash(to, COUNT * M * N);
    }
    end("stacks of matmuls");
}

static void reductions(void) {
    begin();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const uint32_t rows = shapes[s].rows, cols = shapes[s].cols;
        for (uint32_t inner = 1; inner < 40; inner += 19) {
            for (int awkward = 0; awkward < 2; awkward++) {
                next_address = 4096;
                const uint32_t from = floats(rows * cols * inner, awkward), to = allocate(4 * rows * inner);
                EXECUTE(OP_SUM, to, from, rows, cols, inner);
                add_to_hash(to, rows * inner);
                EXECUTE(OP_REDUCE_MAX, to, from, rows, cols, inner);
                add_to_hash(to, rows * inner);
            }
        }
    }
    end("sums and maxima");
    begin();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const uint32_t rows = shapes[s].rows, cols = shapes[s].cols;
        for (int awkward = 0; awkward < 2; awkward++) {
            next_address = 4096;
            const uint32_t from = floats(rows * cols, awkward), to = allocate(4 * rows * cols);
            EXECUTE(OP_ARG_MAX, to, from, rows, cols);
            add_to_hash(to, rows);
            EXECUTE(OP_SOFTMAX, to, from, rows, cols);
            add_to_hash(to, rows * cols);
            EXECUTE(OP_LOG_SOFTMAX, to, from, rows, cols);
            add_to_hash(to, rows * cols);
        }
    }
    end("softmax and arg-max");
    begin();
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const uint32_t rows = shapes[s].rows, cols = shapes[s].cols;
        next_address = 4096;
        const uint32_t keys = floats(rows * cols, true), values = floats(rows * cols, false);
        const uint32_t to = allocate(4 * rows * cols), scratch = allocate(SORT_SCRATCH * cols);
        for (uint32_t descending = 0; descending < 2; descending++) {
            EXECUTE(OP_SORT, to, keys, values, scratch, rows, cols, descending);
            add_to_hash(to, rows * cols);
            EXECUTE(OP_SORT_SPREAD, to, keys, values, scratch, rows, cols, descending);
            add_to_hash(to, rows * cols);
        }
    }
    end("sorts");
}

static void random_numbers(void) {
    enum { COUNT = 100003 };
    for (uint32_t distribution = 0; distribution < 2; distribution++) {
        begin();
        const uint32_t to = allocate(4 * COUNT), seed = WORDS(77), step = WORDS(123456);
        EXECUTE(OP_RANDOM, to, COUNT, distribution, 0xabcdef, seed, step);
        add_to_hash(to, COUNT);
        end(distribution == 0 ? "uniform numbers" : "normal numbers");
    }
    begin();
    for (uint32_t count = 1; count < 60000; count = 3 * count + 7) {
        next_address = 4096;
        const uint32_t rows = allocate(4 * count);
        for (uint32_t i = 0; i < count; i++) ints_at(base, rows)[i] = (int32_t)i;
        shuffle(ints_at(base, rows), count, 5, count % 11);
        add_to_hash(rows, count);
    }
    end("shuffle");
}

static void layout(void) {
    enum { COUNT = 5003, WIDTH = 11, ROWS = 50 };
    begin();
    for (uint32_t to_dtype = 0; to_dtype < 3; to_dtype++) {
        for (uint32_t from_dtype = 0; from_dtype < 3; from_dtype++) {
            const uint32_t from = from_dtype == DTYPE_F32 ? floats(COUNT, true) : integers(COUNT, -300, 600);
            const uint32_t to = allocate(4 * COUNT);
            for (uint32_t i = 0; from_dtype == DTYPE_F32 && i < COUNT; i++) floats_at(base, from)[i] *= 400.0f;
            EXECUTE(OP_CAST, to, from, to_dtype, from_dtype, COUNT);
            add_to_hash(to, COUNT);
        }
    }
    const uint32_t table = floats(ROWS * WIDTH, false), indices = integers(COUNT, -5, ROWS + 10);
    const uint32_t gathered = allocate(4 * COUNT * WIDTH), scattered = allocate(4 * ROWS * WIDTH);
    EXECUTE(OP_GATHER_ROWS, gathered, table, indices, COUNT, WIDTH, ROWS);
    add_to_hash(gathered, COUNT * WIDTH);
    EXECUTE(OP_SCATTER_ADD, scattered, gathered, indices, COUNT, WIDTH, ROWS);
    add_to_hash(scattered, ROWS * WIDTH);
    EXECUTE(OP_ONE_HOT, gathered, indices, DTYPE_I32, COUNT, WIDTH);
    add_to_hash(gathered, COUNT * WIDTH);
    EXECUTE(OP_COPY, gathered, table, 4, 3, 3, WIDTH, ROWS, ROWS * WIDTH, ROWS, 1, 0, 1, WIDTH);
    add_to_hash(gathered, 3 * ROWS * WIDTH);
    end("casts, gathers and copies");
}

/* Codes of every width, some rows past the last whole block, some labels left out. */
static void hamming_searches(void) {
    enum { ROWS = 5003, QUERIES = 5, CAPACITY = ROWS };
    begin();
    for (uint32_t code_bytes = 1; code_bytes <= MAX_CODE_BYTES; code_bytes++) {
        next_address = 4096;
        const uint32_t block_bytes = (ROWS + BLOCK_ROWS) * code_bytes, record = 4 * SEARCH_WORDS;
        const uint32_t codes = integers(block_bytes / 4 + 1, 0, 0xffffffffu), labels = allocate(ROWS);
        const uint32_t allowed = allocate(256), queries = integers(QUERIES * code_bytes / 4 + 1, 0, 0xffffffffu);
        for (uint32_t row = 0; row < ROWS; row++) base[labels + row] = (char)(next_random() % 4);
        for (uint32_t label = 0; label < 3; label++) base[allowed + label] = 1;
        const uint32_t searches = allocate(QUERIES * record), found = allocate(QUERIES * CAPACITY * 8);
        for (uint32_t q = 0; q < QUERIES; q++) words_at(base, searches + q * record)[SEARCH_RADIUS] = 256;
        const uint32_t scan = WORDS(codes, code_bytes, labels, code_bytes % 2 ? allowed : 0, 0, ROWS, QUERIES, queries,
                                    1 + code_bytes, searches, found, CAPACITY);
        if (!can_scan(base, ARENA_BYTES, scan)) abort();
        hamming_scan(base, words_at(base, scan));
        for (uint32_t q = 0; q < QUERIES; q++) {
            add_to_hash(searches + q * record, SEARCH_DISTANCES);
            add_to_hash(found + q * CAPACITY * 8, 2 * words_at(base, searches + q * record)[SEARCH_NUM_FOUND]);
        }
    }
    end("hamming searches");
}

int main(void) {
    base = aligned_alloc(64, ARENA_BYTES);
    if (!base) return 1;
    numeric_function("exp", MICRO_EXP);
    numeric_function("log", MICRO_LOG);
    numeric_function("log1p", MICRO_LOG1P);
    numeric_function("sqrt", MICRO_SQRT);
    numeric_function("tanh", MICRO_TANH);
    numeric_function("sigmoid", MICRO_SIGMOID);
    numeric_function("flush", MICRO_FLUSH);
    numeric_function("sin", MICRO_SIN);
    numeric_function("cos", MICRO_COS);
    numeric_function("erf", MICRO_ERF);
    pointwise();
    adam_updates("adam", MICRO_ADAM);
    adam_updates("adam with rates", MICRO_ADAM_RATES);
    matmuls();
    reductions();
    random_numbers();
    layout();
    hamming_searches();
    return 0;
}
