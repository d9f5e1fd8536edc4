/*
 * Runs a tape: its micro-ops, block by block, over the elements of a tensor [rows, cols] in row-major order.
 *
 * A block is TAPE_BLOCK elements, whatever the rows are, or all of them where one op works in place. Registers are used
 * where they lie in the arena when a block of them is contiguous there, else from a block of the tape's own: a row
 * repeated over narrow rows is laid out once per run, so that each block only begins at another place of the pattern.
 *
 * The last elements, if they are no whole vectors, are staged: copied into blocks of the tape's own, computed there,
 * and copied back, so that nothing outside a tensor is read or written.
 */
#include "kernels.h"

INLINE uint32_t kind_of(const struct tape *tape, uint32_t r) { return tape->registers[2 * r]; }
INLINE uint32_t address_of(const struct tape *tape, uint32_t r) { return tape->registers[2 * r + 1]; }

/* Writes `value` to `count` elements and up to VLEN - 1 more. */
INLINE void repeat_value(float *to, float value, uint32_t count) {
    const vfloat all = splat(value);
    for (uint32_t i = 0; i < count; i += VLEN) store(to + i, all);
}

/* The registers that an op reads from a and the next ones, as bits; those it writes are put into tape->written. */
static uint64_t registers_read(struct tape *tape, const uint32_t *op) {
    if (op[0] >= MICRO_ADAM) {
        tape->written |= (uint64_t)7 << op[2];
        const uint64_t read = op[0] == MICRO_ADAM ? 0x78 : 0x878;
        return read << op[2]; /* its scalars are read where they are */
    }
    tape->written |= (uint64_t)1 << op[1];
    return (uint64_t)1 << op[2] | (uint64_t)1 << op[3] | (uint64_t)1 << op[4];
}

/* A row of at most TAPE_BLOCK elements, repeated until a block may begin at any of its columns. */
static void repeat_row(struct tape *tape, uint32_t r) {
    const float *row = floats_at(tape->base, address_of(tape, r));
    const uint32_t cols = tape->cols, count = cols + least(TAPE_BLOCK, round_up(tape->rows * cols, VLEN));
    float *pattern = tape->own[r];
    for (uint32_t i = 0; i < cols; i++) pattern[i] = row[i];
    for (uint32_t i = cols; i < count; i++) pattern[i] = pattern[i - cols];
}

void tape_begin(struct tape *tape, char *base, uint32_t address, uint32_t rows, uint32_t cols) {
    const uint32_t *words = words_at(base, address);
    tape->base = base;
    tape->num_registers = words[0];
    tape->num_ops = words[1];
    tape->num_sums = words[2];
    tape->registers = words + 3;
    tape->ops = tape->registers + 2 * tape->num_registers;
    tape->sums = tape->ops + TAPE_OP_WORDS * tape->num_ops;
    tape->rows = rows;
    tape->cols = cols;
    tape->written = 0;
    tape->most = TAPE_BLOCK;
    bool in_place = true;
    uint64_t read = 0;
    for (uint32_t i = 0; i < tape->num_ops; i++) read |= registers_read(tape, tape->ops + TAPE_OP_WORDS * i);
    for (uint32_t i = 0; i < tape->num_sums; i++) {
        read |= (uint64_t)1 << tape->sums[2 * i];
        for (uint32_t lane = 0; lane < LANES; lane++) tape->lanes[i][lane] = 0;
    }
    for (uint32_t r = 0; r < tape->num_registers; r++) {
        switch (kind_of(tape, r)) {
        case REGISTER_TEMP:
            tape->block[r] = tape->temps[address_of(tape, r)];
            in_place = false;
            break;
        case REGISTER_SCALAR:
            tape->block[r] = floats_at(base, address_of(tape, r));
            if (read >> r & 1) {
                repeat_value(tape->own[r], *tape->block[r], least(TAPE_BLOCK, rows * cols));
                tape->block[r] = tape->own[r];
                in_place = false;
            }
            break;
        case REGISTER_FULL:
        case REGISTER_PRODUCT: break;
        default:
            if (kind_of(tape, r) == REGISTER_ROW && cols <= TAPE_BLOCK) repeat_row(tape, r);
            in_place = false;
            break;
        }
    }
    if (in_place && tape->num_ops == 1) tape->most = UINT32_MAX; /* such as Adam alone: nothing is kept in a block */
}

/* The elements [first, first + count) of a row repeated over rows wider than a block. */
static float *wide_row_block(struct tape *tape, uint32_t r, uint32_t first_col, uint32_t count, bool staged) {
    float *row = floats_at(tape->base, address_of(tape, r));
    const uint32_t before_end = tape->cols - first_col;
    if (count <= before_end && !staged) return row + first_col;
    const uint32_t first_part = least(count, before_end);
    copy_bytes(tape->own[r], row + first_col, 4 * first_part);
    copy_bytes(tape->own[r] + first_part, row, 4 * (count - first_part));
    return tape->own[r];
}

/* The elements of a column repeated over `cols` columns, from element (row, first_col) on. */
static float *column_block(struct tape *tape, uint32_t r, uint32_t row, uint32_t first_col, uint32_t count) {
    const float *column = floats_at(tape->base, address_of(tape, r)) + row;
    uint32_t done = 0, length = tape->cols - first_col;
    while (done < count) {
        length = least(length, count - done);
        repeat_value(tape->own[r] + done, *column++, length);
        done += length;
        length = tape->cols;
    }
    return tape->own[r];
}

/* A register that lies in the arena: its block there, or a copy when staged. Registers of the same memory share the
 * copy. */
static float *arena_block(struct tape *tape, uint32_t r, float *there, uint32_t count, bool staged) {
    if (!staged) return there;
    for (uint32_t other = 0; other < r; other++) {
        if (kind_of(tape, other) == kind_of(tape, r) && address_of(tape, other) == address_of(tape, r))
            return tape->own[other];
    }
    copy_bytes(tape->own[r], there, 4 * count);
    return tape->own[r];
}

/* Sets block[r] of all registers for the elements [first, first + count). `product` is that of element `first`. */
static void locate_blocks(struct tape *tape, float *product, uint32_t first, uint32_t count, bool staged) {
    const uint32_t row = first / tape->cols, col = first - row * tape->cols;
    for (uint32_t r = 0; r < tape->num_registers; r++) {
        const uint32_t address = address_of(tape, r);
        switch (kind_of(tape, r)) {
        case REGISTER_FULL:
            tape->block[r] = arena_block(tape, r, floats_at(tape->base, address) + first, count, staged);
            break;
        case REGISTER_PRODUCT: tape->block[r] = arena_block(tape, r, product, count, staged); break;
        case REGISTER_ROW:
            tape->block[r] =
                tape->cols <= TAPE_BLOCK ? tape->own[r] + col : wide_row_block(tape, r, col, count, staged);
            break;
        case REGISTER_COL: tape->block[r] = column_block(tape, r, row, col, count); break;
        case REGISTER_FULL_U8:
            tape->block[r] = tape->own[r];
            cast_elements(tape->own[r], tape->base + address + first, DTYPE_F32, DTYPE_U8, count);
            break;
        case REGISTER_FULL_I32:
            tape->block[r] = tape->own[r];
            cast_elements(tape->own[r], ints_at(tape->base, address) + first, DTYPE_F32, DTYPE_I32, count);
            break;
        default: break;
        }
    }
}

/* Copies what the ops wrote into staged blocks to where it belongs. */
static void write_back(struct tape *tape, float *product, uint32_t first, uint32_t count) {
    for (uint32_t r = 0; r < tape->num_registers; r++) {
        if (!(tape->written >> r & 1)) continue;
        const uint32_t kind = kind_of(tape, r);
        if (kind == REGISTER_FULL)
            copy_bytes(floats_at(tape->base, address_of(tape, r)) + first, tape->block[r], 4 * count);
        if (kind == REGISTER_PRODUCT) copy_bytes(product, tape->block[r], 4 * count);
    }
}

/* Runs the tape over elements [begin, end). `product` is that of element `begin`. */
static void run_elements(struct tape *tape, float *product, uint32_t begin, uint32_t end) {
    uint32_t count;
    for (uint32_t first = begin; first < end; first += count) {
        count = least(tape->most, end - first);
        bool staged = count % VLEN != 0;
        if (staged && count >= TAPE_BLOCK / 4) {
            count -= count % VLEN; /* few elements to stage, not many */
            staged = false;
        }
        float *block_product = product + (first - begin);
        locate_blocks(tape, block_product, first, count, staged);
        const uint32_t *op = tape->ops;
        for (uint32_t i = 0; i < tape->num_ops; i++, op += TAPE_OP_WORDS) {
            float **block = tape->block;
            const uint32_t whole = round_up(count, VLEN);
            if (op[0] >= MICRO_ADAM)
                apply_adam(block + op[2], whole, op[0] == MICRO_ADAM_RATES);
            else
                apply_micro_op(op[0], block[op[1]], block[op[2]], block[op[3]], block[op[4]], whole);
        }
        for (uint32_t i = 0; i < tape->num_sums; i++)
            sum_lanes(tape->lanes[i], tape->block[tape->sums[2 * i]], first, count);
        if (staged) write_back(tape, block_product, first, count);
    }
}

void tape_run(struct tape *tape, float *product, uint32_t first_row, uint32_t num_rows) {
    run_elements(tape, product, first_row * tape->cols, (first_row + num_rows) * tape->cols);
}

void tape_end(struct tape *tape) {
    for (uint32_t i = 0; i < tape->num_sums; i++)
        *floats_at(tape->base, tape->sums[2 * i + 1]) = fold_lanes(tape->lanes[i]);
}

/* operands: rows, cols, tape */
NOINLINE void map_elements(char *base, const uint32_t *operands, uint32_t first, uint32_t count) {
    struct tape tape;
    tape_begin(&tape, base, operands[2], operands[0], operands[1]);
    run_elements(&tape, floats_at(base, 0), first, first + count);
    tape_end(&tape);
}

void map(char *base, const uint32_t *operands) { map_elements(base, operands, 0, operands[0] * operands[1]); }
