/*
 * Runs a pointwise program: its micro-ops, block by block, over the elements of a tensor [rows, cols] in row-major order.
 *
 * A block is POINTWISE_BLOCK elements, whatever the rows are, or all of them where one op works in place. Registers are used
 * where they lie in the arena when a block of them is contiguous there, else from a block of the program's own: a row
 * repeated over narrow rows is laid out once per use, so that each block only begins at another place of the pattern.
 *
 * The last elements, if they are no whole vectors, are staged: copied into blocks of the program's own, computed there,
 * and copied back, so that nothing outside a tensor is read or written.
 */
#include "kernels.h"

INLINE uint32_t kind_of(const struct pointwise *program, uint32_t r) { return program->registers[2 * r]; }
INLINE uint32_t address_of(const struct pointwise *program, uint32_t r) { return program->registers[2 * r + 1]; }

/* Writes `value` to `count` elements and up to VLEN - 1 more. */
INLINE void repeat_value(float *to, float value, uint32_t count) {
    const vfloat all = splat(value);
    for (uint32_t i = 0; i < count; i += VLEN) store(to + i, all);
}

/* The registers that an op reads from a and the next ones, as bits; those it writes are put into program->written. */
static uint64_t registers_read(struct pointwise *program, const uint32_t *op) {
    if (op[0] >= MICRO_ADAM) {
        program->written |= (uint64_t)7 << op[2];
        const uint64_t read = op[0] == MICRO_ADAM ? 0x78 : 0x878;
        return read << op[2]; /* its scalars are read where they are */
    }
    program->written |= (uint64_t)1 << op[1];
    return (uint64_t)1 << op[2] | (uint64_t)1 << op[3] | (uint64_t)1 << op[4];
}

/* A row of at most POINTWISE_BLOCK elements, repeated until a block may begin at any of its columns. */
static void repeat_row(struct pointwise *program, uint32_t r) {
    const float *row = floats_at(program->base, address_of(program, r));
    const uint32_t cols = program->cols, count = cols + least(POINTWISE_BLOCK, round_up(program->rows * cols, VLEN));
    float *pattern = program->own[r];
    for (uint32_t i = 0; i < cols; i++) pattern[i] = row[i];
    for (uint32_t i = cols; i < count; i++) pattern[i] = pattern[i - cols];
}

void pointwise_begin(struct pointwise *program, char *base, uint32_t address, uint32_t rows, uint32_t cols) {
    const uint32_t *words = words_at(base, address);
    program->base = base;
    program->num_registers = words[0];
    program->num_ops = words[1];
    program->num_sums = words[2];
    program->registers = words + 3;
    program->ops = program->registers + 2 * program->num_registers;
    program->sums = program->ops + POINTWISE_OP_WORDS * program->num_ops;
    program->rows = rows;
    program->cols = cols;
    program->written = 0;
    program->num_moving = 0;
    program->most = POINTWISE_BLOCK;
    bool in_place = true;
    uint64_t read = 0;
    for (uint32_t i = 0; i < program->num_ops; i++)
        read |= registers_read(program, program->ops + POINTWISE_OP_WORDS * i);
    for (uint32_t i = 0; i < program->num_sums; i++) {
        read |= (uint64_t)1 << program->sums[POINTWISE_SUM_WORDS * i];
        for (uint32_t lane = 0; lane < LANES; lane++) program->lanes[i][lane] = 0;
    }
    for (uint32_t r = 0; r < program->num_registers; r++) {
        const uint32_t kind = kind_of(program, r);
        if (kind != REGISTER_TEMP && kind != REGISTER_SCALAR) program->moving[program->num_moving++] = (uint8_t)r;
        switch (kind) {
        case REGISTER_TEMP:
            program->block[r] = program->temps[address_of(program, r)];
            in_place = false;
            break;
        case REGISTER_SCALAR:
            program->block[r] = floats_at(base, address_of(program, r));
            if (read >> r & 1) {
                repeat_value(program->own[r], *program->block[r], least(POINTWISE_BLOCK, rows * cols));
                program->block[r] = program->own[r];
                in_place = false;
            }
            break;
        case REGISTER_FULL:
        case REGISTER_PRODUCT: break;
        default:
            if (kind == REGISTER_ROW && cols <= POINTWISE_BLOCK) repeat_row(program, r);
            in_place = false;
            break;
        }
    }
    if (in_place && program->num_ops == 1)
        program->most = UINT32_MAX; /* such as Adam alone: nothing is kept in a block */
}

/* The elements [first, first + count) of a row repeated over rows wider than a block. */
static float *wide_row_block(struct pointwise *program, uint32_t r, uint32_t first_col, uint32_t count, bool staged) {
    float *row = floats_at(program->base, address_of(program, r));
    const uint32_t before_end = program->cols - first_col;
    if (count <= before_end && !staged) return row + first_col;
    const uint32_t first_part = least(count, before_end);
    copy_bytes(program->own[r], row + first_col, 4 * first_part);
    copy_bytes(program->own[r] + first_part, row, 4 * (count - first_part));
    return program->own[r];
}

/* The elements of a column repeated over `cols` columns, from element (row, first_col) on. */
static float *column_block(struct pointwise *program, uint32_t r, uint32_t row, uint32_t first_col, uint32_t count) {
    const float *column = floats_at(program->base, address_of(program, r)) + row;
    uint32_t done = 0, length = program->cols - first_col;
    while (done < count) {
        length = least(length, count - done);
        repeat_value(program->own[r] + done, *column++, length);
        done += length;
        length = program->cols;
    }
    return program->own[r];
}

/* A register that lies in the arena: its block there, or a copy when staged. Registers of the same memory share the
 * copy. */
static float *arena_block(struct pointwise *program, uint32_t r, float *there, uint32_t count, bool staged) {
    if (!staged) return there;
    for (uint32_t other = 0; other < r; other++) {
        if (kind_of(program, other) == kind_of(program, r) && address_of(program, other) == address_of(program, r))
            return program->own[other];
    }
    copy_bytes(program->own[r], there, 4 * count);
    return program->own[r];
}

/* Sets block[r] of all registers for the elements [first, first + count). `product` is that of element `first`. */
static void locate_blocks(struct pointwise *program, float *product, uint32_t first, uint32_t count, bool staged) {
    const uint32_t row = first / program->cols, col = first - row * program->cols;
    for (uint32_t i = 0; i < program->num_moving; i++) {
        const uint32_t r = program->moving[i], address = address_of(program, r);
        switch (kind_of(program, r)) {
        case REGISTER_FULL:
            program->block[r] = arena_block(program, r, floats_at(program->base, address) + first, count, staged);
            break;
        case REGISTER_PRODUCT: program->block[r] = arena_block(program, r, product, count, staged); break;
        case REGISTER_ROW:
            program->block[r] = program->cols <= POINTWISE_BLOCK ? program->own[r] + col
                                                                 : wide_row_block(program, r, col, count, staged);
            break;
        case REGISTER_COL: program->block[r] = column_block(program, r, row, col, count); break;
        case REGISTER_FULL_U8:
            program->block[r] = program->own[r];
            cast_elements(program->own[r], program->base + address + first, DTYPE_F32, DTYPE_U8, count);
            break;
        case REGISTER_FULL_I32:
            program->block[r] = program->own[r];
            cast_elements(program->own[r], ints_at(program->base, address) + first, DTYPE_F32, DTYPE_I32, count);
            break;
        default: break;
        }
    }
}

/* Copies what the ops wrote into staged blocks to where it belongs. */
static void write_back(struct pointwise *program, float *product, uint32_t first, uint32_t count) {
    for (uint32_t r = 0; r < program->num_registers; r++) {
        if (!(program->written >> r & 1)) continue;
        const uint32_t kind = kind_of(program, r);
        if (kind == REGISTER_FULL)
            copy_bytes(floats_at(program->base, address_of(program, r)) + first, program->block[r], 4 * count);
        if (kind == REGISTER_PRODUCT) copy_bytes(product, program->block[r], 4 * count);
    }
}

/* Runs the program over elements [begin, end). `product` is that of element `begin`. */
static void run_elements(struct pointwise *program, float *product, uint32_t begin, uint32_t end) {
    uint32_t count;
    for (uint32_t first = begin; first < end; first += count) {
        count = least(program->most, end - first);
        bool staged = count % VLEN != 0;
        if (staged && count >= POINTWISE_BLOCK / 4) {
            count -= count % VLEN; /* few elements to stage, not many */
            staged = false;
        }
        float *block_product = product + (first - begin);
        locate_blocks(program, block_product, first, count, staged);
        const uint32_t *op = program->ops;
        for (uint32_t i = 0; i < program->num_ops; i++, op += POINTWISE_OP_WORDS) {
            float **block = program->block;
            const uint32_t whole = round_up(count, VLEN);
            if (op[0] >= MICRO_ADAM)
                apply_adam(block + op[2], whole, op[0] == MICRO_ADAM_RATES);
            else
                apply_micro_op(op[0], block[op[1]], block[op[2]], block[op[3]], block[op[4]], whole);
        }
        for (uint32_t i = 0; i < program->num_sums; i++) {
            const uint32_t *sum = program->sums + POINTWISE_SUM_WORDS * i;
            const float *block = program->block[sum[0]];
            if (sum[2] == 1)
                sum_lanes(program->lanes[i], block, first, count);
            else
                add_rows(floats_at(program->base, sum[1]), block, first, count, sum[2], program->rows / sum[3]);
        }
        if (staged) write_back(program, block_product, first, count);
    }
}

void pointwise_run(struct pointwise *program, float *product, uint32_t first_row, uint32_t num_rows) {
    run_elements(program, product, first_row * program->cols, (first_row + num_rows) * program->cols);
}

/* Lists what the program reads and writes of some rows in the arena, at most `most` pieces of memory. */
uint32_t pointwise_ahead(const struct pointwise *program, struct ahead *list, uint32_t most, uint32_t first_row,
                         uint32_t num_rows) {
    const size_t begin = (size_t)first_row * program->cols, end = begin + (size_t)num_rows * program->cols;
    uint32_t count = 0;
    for (uint32_t r = 0; r < program->num_registers && count < most; r++) {
        if (kind_of(program, r) != REGISTER_FULL) continue;
        const float *elements = floats_at(program->base, address_of(program, r));
        const char *at = (const char *)(elements + begin);
        bool is_known = false;
        for (uint32_t i = 0; i < count; i++) is_known |= list[i].at == at;
        if (!is_known) list[count++] = (struct ahead){at, (const char *)(elements + end)};
    }
    return count;
}

void pointwise_end(struct pointwise *program) {
    for (uint32_t i = 0; i < program->num_sums; i++) {
        const uint32_t *sum = program->sums + POINTWISE_SUM_WORDS * i;
        if (sum[2] == 1) *floats_at(program->base, sum[1]) = fold_lanes(program->lanes[i]);
    }
}

/* operands: rows, cols, program */
NOINLINE void map_elements(char *base, const uint32_t *operands, uint32_t first, uint32_t count) {
    struct pointwise program;
    pointwise_begin(&program, base, operands[2], operands[0], operands[1]);
    run_elements(&program, floats_at(base, 0), first, first + count);
    pointwise_end(&program);
}

void map(char *base, const uint32_t *operands) { map_elements(base, operands, 0, operands[0] * operands[1]); }
