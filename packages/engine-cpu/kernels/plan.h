/*
 * The format of a plan: what the planner (src/planner/) writes into the arena and the kernels execute.
 *
 * A plan is 32-bit words. Every address is a byte offset from the start of the arena, as u32. `src/instructions.ts` holds the same
 * numbers for TypeScript; a test compares the two files.
 *
 * An instruction is [opcode, number of words in all, operands ...]. All tensors are row-major without gaps, f32 by default.
 */
#ifndef GRADPOOL_PLAN_H
#define GRADPOOL_PLAN_H

/* Tables, a line for each number: */
/* clang-format off */

#define PLAN_VERSION 10

/* What the kernels need of a stack; each thread has its own. */
#define STACK_BYTES 262144

enum dtype { DTYPE_F32 = 0, DTYPE_I32 = 1, DTYPE_U8 = 2 };

/* The words of an execution: one training, evaluation or prediction. */
enum exec_word {
  EXEC_VERSION = 0,       /* PLAN_VERSION; another is refused */
  EXEC_STOP = 1,          /* set to 1 by any thread: the chunk ends before its next step */
  EXEC_STEP = 2,          /* steps done, over all chunks; published after each step */
  EXEC_STATUS = 3,        /* how the chunk ended: enum exec_status */
  EXEC_LAST_LOSS = 4,     /* f32: the last finite loss; NaN before the first */
  EXEC_SEED = 5,          /* i32: keys random numbers and the order of each epoch */
  EXEC_ROWS = 6,          /* address of i32[num_examples]: the split's rows in their fields */
  EXEC_ORDER = 7,         /* address of i32[num_examples]: the rows in this epoch's order; 0: rows are visited as they stand */
  EXEC_ORDER_EPOCH = 8,   /* the epoch whose order EXEC_ORDER holds; -1: none yet */
  EXEC_NUM_EXAMPLES = 9,
  EXEC_BATCH_SIZE = 10,
  EXEC_INDICES = 11,      /* address of i32[batch_size]: the rows of the current batch, written by the step loop */
  EXEC_STEP_INPUT = 12,   /* address of i32: the step's number for the program, written by the step loop */
  EXEC_SEED_INPUT = 13,   /* address of i32: the seed for the program, written by the step loop */
  EXEC_PROGRAM = 14,      /* address of the instructions of a full batch */
  EXEC_PROGRAM_WORDS = 15,
  EXEC_TAIL = 16,         /* address of the instructions of the shorter last batch; 0: none */
  EXEC_TAIL_WORDS = 17,
  EXEC_NUM_RESULTS = 18,
  EXEC_RESULTS = 19,      /* address of num_results records of RESULT_WORDS words */
  EXEC_WORKERS = 22,      /* threads that run this chunk together, each with a number of its own, from 0; 0 is 1 */
  EXEC_WORKING = 23,      /* bytes from the working memory (operand `scratch`) of one worker to the next one's */
  EXEC_SPINS = 24,        /* how often a waiting worker looks before it sleeps */
  EXEC_BARRIER_TIMEOUT = 25, /* milliseconds that a worker waits for the others before it abandons the chunk */
  /* What workers wait on has a cache line of its own: */
  EXEC_ARRIVED = 32,      /* workers that wait for the others */
  EXEC_GENERATION = 33,   /* how often all have arrived */
  EXEC_ABANDONED = 34,    /* set to 1 by any thread: nobody waits any longer */
  EXEC_SECTION_STATUS = 35, /* enum exec_status, from the worker that ran while the others waited */
  EXEC_WORDS = 48
};

/* EXEC_ABANDONED_CHUNK: a worker was gone; what the chunk has written is to be thrown away. */
enum exec_status { EXEC_DONE = 0, EXEC_STOPPED = 1, EXEC_NOT_FINITE = 2, EXEC_REFUSED = 3, EXEC_ABANDONED_CHUNK = 4 };

/* What is wrong with an execution that is refused before it begins: a number in CHECK_PART_SHIFT bits, and above them the part it is of. */
enum check_part {
  CHECK_EXEC = 1,          /* the execution's word of that number; EXEC_WORDS: its address */
  CHECK_RESULT = 2,       /* the record of that result, from 1 */
  CHECK_PROGRAM = 3,      /* the instruction of a full batch, from 1 */
  CHECK_TAIL = 4          /* the instruction of the shorter last batch, from 1 */
};
#define CHECK_PART_SHIFT 24

/*
 * A result of the program. Most are averaged: summed over the steps, each step weighted by its number of examples. Of others, whose first axis is the batch, the rows of
 * all examples are collected, each in its place in the order of the pass.
 */
enum result_word {
  RESULT_COUNT = 0,       /* number of elements; of one example's row, where rows are collected */
  RESULT_VALUE = 1,       /* address of f32[count], or of f32[batch, count]; full batch */
  RESULT_TAIL_VALUE = 2,  /* the same of the shorter last batch */
  RESULT_SUM = 3,         /* address of f64[count]: += value * examples after each step, in step order; 0 where rows are collected */
  RESULT_LAST = 4,        /* address of f32[count]: the values at the last step, for progress; 0 where rows are collected */
  RESULT_ROWS = 5,        /* address of f32[num_examples, count], where rows are collected; else 0 */
  RESULT_WORDS = 6
};

/*
 * A profile: what a worker did in some of the steps, from one end of a slice to the next. PROFILE_WORDS words, aligned to 8 bytes, and behind them PROFILE_COUNT
 * records of SLICE_WORDS words. Times are milliseconds of the system's monotonic clock.
 */
enum profile_word {
  PROFILE_FROM = 0,       /* the first step of which it tells, as EXEC_STEP counts */
  PROFILE_TO = 1,         /* the step after the last one */
  PROFILE_CAPACITY = 2,   /* records that there is room for; what comes after is left out */
  PROFILE_COUNT = 3,      /* records */
  PROFILE_WORDS = 4
};

enum slice_word {
  SLICE_STEP = 0,
  SLICE_WHAT = 1,         /* enum slice_what, or SLICE_INSTRUCTION and the word at which the instruction is in its program */
  SLICE_BEGIN = 2,        /* f64 */
  SLICE_END = 4,          /* f64 */
  SLICE_WORDS = 6
};

enum slice_what {
  SLICE_WAIT = 0,         /* for the other workers */
  SLICE_BETWEEN = 1,      /* results added up, the next batch put where the program reads it */
  SLICE_INSTRUCTION = 2
};

enum opcode {
  OP_GATHER_BATCH = 1,    /* dst, field, dst dtype, field dtype, elements per row, rows: rows of the field by EXEC_INDICES, cast */
  OP_MATMUL = 2,          /* dst, a, b, m, n, k, flags, scratch, epilogue: see below */
  OP_MAP = 3,             /* rows, cols, program: runs the pointwise program over rows x cols elements */
  OP_SUM = 4,             /* dst, src, outer, count, inner: dst[o, i] = sum over c of src[o, c, i] */
  OP_REDUCE_MAX = 5,      /* dst, src, outer, count, inner */
  OP_ARG_MAX = 6,         /* dst i32[rows], src, rows, cols: the first of equals; the first NaN wins */
  OP_SOFTMAX = 7,         /* dst, src, rows, cols */
  OP_LOG_SOFTMAX = 8,     /* dst, src, rows, cols */
  OP_COPY = 9,            /* dst, src, bytes per element (1 or 4), rank (0..8), extents[rank], dst strides[rank], src strides[rank], in elements; src stride 0 repeats */
  OP_FILL = 10,           /* dst, words, bits: count 32-bit words set to these bits */
  OP_CAST = 11,           /* dst, src, dst dtype, src dtype, count; f32 to integers truncates and saturates, NaN gives 0 */
  OP_GATHER_ROWS = 12,    /* dst, table, indices i32[n], n, bytes per row, rows of the table; an index outside gives zeros */
  OP_SCATTER_ADD = 13,    /* dst[rows, ...], updates, indices i32[n], n, elements per row, rows: zeroed first, added in index order; an index outside is left out */
  OP_ONE_HOT = 14,        /* dst, src, src dtype (i32 or u8), count, depth; a class outside gives zeros */
  OP_RANDOM = 15,         /* dst, count, distribution (0 uniform, 1 normal), purpose, address of seed, address of step */
  OP_SECTION = 20,        /* kind, words: how workers share the instructions in the next so many words; see below */
  OP_SUM_SEGMENTS = 21,   /* dst, src, rows, count, inner, segments: dst[i] = sum over r and c of src[r, c, i], in segments of r: see below */
  OP_MATMUL_SEGMENTS = 22, /* as OP_MATMUL, and segments: see below */
  OP_CONV = 23,           /* dst, x, filter, scratch, epilogue, geometry[CONV_WORDS]: see below */
  OP_CONV_TRANSPOSE = 24, /* dst, g, filter, scratch, epilogue, geometry */
  OP_CONV_FILTER = 25,    /* dst, x, g, scratch, segments, geometry */
  OP_MAX_POOL = 26,       /* dst, keys, values, geometry: of each window and channel the value whose key is largest, the first of equals, the first NaN before all */
  OP_MAX_POOL_SPREAD = 27, /* dst, keys, g, geometry: dst[in] = 0, and each g added, in order, where its window's largest key is */
  OP_MATMUL_STACK = 28,   /* as OP_MATMUL, and count: as many products, whose a, b and dst lie one behind the other; see below */
  OP_SORT = 29,           /* dst, keys, values, scratch, rows, cols, descending (0 or 1): the values of each row in the order of their keys: see below */
  OP_SORT_SPREAD = 30,    /* dst, keys, g, scratch, rows, cols, descending: dst[i] of each row = g[j] where OP_SORT takes its value j from i */
  OP_GUARD = 16           /* address of f32: ends the chunk with EXEC_NOT_FINITE, before the instructions that follow, unless it is finite */
};

enum matmul_flags { MATMUL_TRANSPOSE_A = 1, MATMUL_TRANSPOSE_B = 2 };

/*
 * OP_MATMUL: product[i, j] = sum over c = 0 .. k-1, in ascending order, of a(i, c) * b(c, j): total = fma(a(i, c), b(c, j), total), rounded once, from +0 on;
 * +0 is added at the end, so that no product is -0. The bits depend on neither blocking nor vector width; and a term with a factor of 0 may be left out where
 * the other factor is finite. a is stored [m, k], or [k, m] with MATMUL_TRANSPOSE_A; b is stored [k, n], or [n, k] with MATMUL_TRANSPOSE_B.
 *
 * `dst` is f32[m, n], or 0 when only the epilogue wants the product. `epilogue`, if not 0, is run over each block of finished rows while
 * it is in cache; its PRODUCT registers are that block. `scratch` has matmul_scratch(m, n, k, flags, has dst, has epilogue) bytes.
 *
 * Of OP_MATMUL_STACK, `scratch` has what one product needs, and the epilogue is run over the rows of all products, one behind the other.
 */

/*
 * Sorting: keys are in ascending order, -0 being equal to +0, and NaN last; or in descending order, and NaN first. Equal keys stay in the order of their columns.
 * `scratch` is aligned to 8 bytes and has 16 bytes for each column.
 */

/*
 * Windows over three spatial axes, of which unused ones have extent 1. The geometry is [examples, channels, filters, groups, 3 x (input, output, taps, stride, dilation, before)]:
 * tap t of window o is at o * stride + t * dilation - before along its axis; taps outside of the input are left out. Values are channels last: x is
 * f32[examples, inputs, channels], g and what windows make f32[examples, outputs, filters], filter f32[taps, channels / groups, filters]. A filter of group i of the
 * filters sees the channels of group i. Of pooling, filters = channels and groups = 1.
 *
 * The sums are chains of fused multiply-adds as a product's (OP_MATMUL), in this order:
 *   OP_CONV: dst[n, o, f] over taps in row-major order, then channels in ascending order.
 *   OP_CONV_TRANSPOSE: dst[n, i, c] over taps in row-major order, then filters in ascending order, for the windows whose tap is at i.
 *   OP_CONV_FILTER: dst[t, c, f] over examples, then outputs in row-major order, whose tap t is inside; `segments` cuts the examples (see below).
 *
 * `scratch`, in floats: CONV_ROWS examples of dst if dst is 0, and for OP_CONV_TRANSPOSE the filter's elements before them; of OP_CONV_FILTER with segments > 1, the
 * filter's. The epilogue is run over the finished elements of up to CONV_ROWS examples, as rows of filters (OP_CONV) or channels.
 */
#define CONV_WORDS 22
#define CONV_ROWS 6

/*
 * Segments: an axis cut into `segments` parts, as even as can be, the longer ones first; each part is multiplied, or summed, as if it were all, and the results
 * are added in order. OP_MATMUL_SEGMENTS cuts c, OP_SUM_SEGMENTS cuts r.
 */

/*
 * Workers: several threads may run one chunk together, each all of its steps. A program is then cut into sections.
 *   SECTION_EXAMPLES: each worker executes every instruction, for its share of the batch's examples: the first axis of what is written, and of what is read
 *     for the same example, is a multiple of the batch. Nothing there depends on another worker's share.
 *   SECTION_ROWS: products, maps and sums of segments; each worker makes its share of the rows, or elements, of each.
 *   SECTION_ALONE: when all workers have arrived, the last of them executes the instructions, and the others wait.
 * Sections of the first two kinds that follow each other have one of the last kind, which may be empty, between them. Every element is made by the same operations
 * in the same order, whoever makes it, so no bit depends on the number of workers.
 */
enum section { SECTION_EXAMPLES = 0, SECTION_ROWS = 1, SECTION_ALONE = 2 };

/*
 * A pointwise program (the epilogue of a product that ends with one): a straight line of elementwise micro-ops run block by block (see BLOCK) over rows x cols elements, so that values between its ops never leave the first-level cache:
 *   [registers, ops, sums,
 *    registers x (kind, address),
 *    ops x (micro-op, destination register, a, b, c),
 *    sums x (register, dst, columns, parts)]
 * A register that an op writes is TEMP or FULL. A FULL register may be read and written (in place). Reads within a block precede writes of the same op.
 * A sum adds up all elements of a register into the scalar `dst`, in the lane structure of OP_SUM with inner = 1; then columns and parts are 1.
 * Or it adds up the rows of each of `parts` equal parts, in ascending order as OP_SUM with outer = parts and inner = cols does, into f32[parts, cols] `dst`; then columns
 * is cols, a multiple of 16 up to POINTWISE_BLOCK.
 */
#define POINTWISE_BLOCK 256
#define POINTWISE_MAX_REGISTERS 64
#define POINTWISE_MAX_TEMPS 24
#define POINTWISE_MAX_SUMS 16
#define POINTWISE_OP_WORDS 5
#define POINTWISE_SUM_WORDS 4

enum register_kind {
  REGISTER_TEMP = 0,      /* a block of its own, reused for each block; address is its number among the temps, 0 .. POINTWISE_MAX_TEMPS-1 */
  REGISTER_FULL = 1,      /* f32[rows, cols] */
  REGISTER_SCALAR = 2,    /* f32, the same for all elements */
  REGISTER_ROW = 3,       /* f32[cols], the same for all rows */
  REGISTER_COL = 4,       /* f32[rows], the same for all columns */
  REGISTER_PRODUCT = 5,   /* the finished rows of the product whose epilogue this is; may be written too */
  REGISTER_FULL_U8 = 6,   /* u8[rows, cols], read as f32 */
  REGISTER_FULL_I32 = 7   /* i32[rows, cols], read as f32 */
};

enum micro_op {
  MICRO_COPY = 0,
  MICRO_NEG = 1, MICRO_EXP = 2, MICRO_LOG = 3, MICRO_SQRT = 4, MICRO_TANH = 5, MICRO_SIGMOID = 6, MICRO_RELU = 7, MICRO_ABS = 8, MICRO_FLUSH = 9,
  MICRO_ADD = 10, MICRO_SUB = 11, MICRO_MUL = 12, MICRO_DIV = 13, MICRO_MAX = 14, MICRO_MIN = 15,
  MICRO_LESS = 16, MICRO_LESS_EQUAL = 17, MICRO_EQUAL = 18,
  MICRO_SELECT = 19,      /* a is the condition */
  MICRO_SQUARE = 20,      /* a * a */
  MICRO_LOG1P = 21,
  MICRO_FLUSH_BELOW = 22, /* a, or +0 where |a| < b */
  MICRO_SIN = 23, MICRO_COS = 24, MICRO_ERF = 25,
  MICRO_POW = 26,         /* a to the power b */
  MICRO_ADAM = 27, MICRO_ADAM_RATES = 28
};

/*
 * MICRO_ADAM: one step of Adam (Kingma & Ba 2015, algorithm 1). Its operand a is the first of ADAM_REGISTERS consecutive registers; destination, b and c are unused:
 *   a+0 w', a+1 m', a+2 v'  written (FULL; they may be the same memory as w, m, v)
 *   a+3 w,  a+4 m,  a+5 v,  a+6 g   read (any kind)
 *   a+7 beta1, a+8 1-beta1, a+9 beta2, a+10 1-beta2, a+11 step size, a+12 correction, a+13 epsilon   (SCALAR)
 *   m' = flush(beta1*m + (1-beta1)*g)
 *   v' = flush(beta2*v + (1-beta2)*(s*s)), s = g, or +0 where |g| < 2^-58
 *   w' = w - (stepSize*n) / (sqrt(v')*correction + epsilon), n = m', or +0 where |m'| < 2^-111
 * Each product, sum, quotient and root rounds once, in the order written, so the bits are those of the same ops one by one.
 * MICRO_ADAM_RATES: the same, but a+11, the step size, may be of any kind: elements have step sizes of their own.
 */
#define ADAM_REGISTERS 14

/*
 * Sums of contiguous elements (OP_SUM with inner = 1, and a pointwise program's sums): element e goes to lane e mod 16; lanes start at 0 and add in ascending order; then lane l += lane l+8
 * (l < 8), l += l+4 (l < 4), l += l+2 (l < 2), and lane 0 + lane 1 is the sum. With inner > 1, each dst element is summed over c in ascending order, starting from src[o, 0, i].
 *
 * Random numbers: Philox4x32-10 (Salmon et al. 2011). Element e of a tensor: key = (seed, purpose), counter = (e / 4, step, 0, 0), word e mod 4.
 *   uniform: (word >> 8) * 2^-24
 *   normal:  x = (2*(word >> 9) + 1 - 2^23) * 2^-23, exact; then sqrt(2) * erfinv(x) by Giles' single-precision polynomial (GPU Computing Gems, 2011), with w = -log((1-x)*(1+x))
 *            by the log of numeric.h
 * The order of epoch E: Fisher-Yates over the rows as they stand: for i = n-1 down to 1, swap i with (word * (i + 1)) >> 32, where word: key = (seed, 0x790c294e: FNV-1a of
 * "shuffle"), counter = (i / 4, E, 0, 0), word i mod 4.
 */
/* clang-format on */
#endif
