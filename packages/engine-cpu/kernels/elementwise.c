/*
 * The micro-ops of a pointwise program, each a loop of its own over one block. `count` is a multiple of VLEN; a block lies in the
 * first-level cache.
 *
 * Four vectors go through a loop's body together: all loads, then all stores, so that their latencies overlap.
 */
#include "kernels.h"
#include "numeric.h"

#define UNROLL 4

#define LOOP_1(name, expression)                                                \
    static NOINLINE void name(float *to, const float *from_a, uint32_t count) { \
        for (; count >= UNROLL * VLEN; count -= UNROLL * VLEN) {                \
            vfloat result[UNROLL];                                              \
            HIDE(from_a);                                                       \
            HIDE(to);                                                           \
            for (int u = 0; u < UNROLL; u++) {                                  \
                const vfloat a = load(from_a + u * VLEN);                       \
                result[u] = expression;                                         \
            }                                                                   \
            for (int u = 0; u < UNROLL; u++) store(to + u * VLEN, result[u]);   \
            from_a += UNROLL * VLEN;                                            \
            to += UNROLL * VLEN;                                                \
        }                                                                       \
        for (uint32_t i = 0; i < count; i += VLEN) {                            \
            const vfloat a = load(from_a + i);                                  \
            store(to + i, expression);                                          \
        }                                                                       \
    }

#define LOOP_2(name, expression)                                                                     \
    static NOINLINE void name(float *to, const float *from_a, const float *from_b, uint32_t count) { \
        for (; count >= UNROLL * VLEN; count -= UNROLL * VLEN) {                                     \
            vfloat result[UNROLL];                                                                   \
            HIDE(from_a);                                                                            \
            HIDE(from_b);                                                                            \
            HIDE(to);                                                                                \
            for (int u = 0; u < UNROLL; u++) {                                                       \
                const vfloat a = load(from_a + u * VLEN), b = load(from_b + u * VLEN);               \
                result[u] = expression;                                                              \
            }                                                                                        \
            for (int u = 0; u < UNROLL; u++) store(to + u * VLEN, result[u]);                        \
            from_a += UNROLL * VLEN;                                                                 \
            from_b += UNROLL * VLEN;                                                                 \
            to += UNROLL * VLEN;                                                                     \
        }                                                                                            \
        for (uint32_t i = 0; i < count; i += VLEN) {                                                 \
            const vfloat a = load(from_a + i), b = load(from_b + i);                                 \
            store(to + i, expression);                                                               \
        }                                                                                            \
    }

/* Functions of many instructions: one vector at a time, whose own steps are independent enough. */
#define LOOP_LONG(name, function)                                                           \
    static NOINLINE void name(float *to, const float *from, uint32_t count) {               \
        for (uint32_t i = 0; i < count; i += VLEN) store(to + i, function(load(from + i))); \
    }

LOOP_1(copy_block, a)
LOOP_1(negate, -a)
LOOP_LONG(exponentials, exponential)
LOOP_LONG(logarithms, logarithm)
LOOP_LONG(logarithms_of_one_and, logarithm_of_one_and)
LOOP_1(square_roots, square_root(a))
LOOP_LONG(hyperbolic_tangents, hyperbolic_tangent)
LOOP_LONG(logistics, logistic)
LOOP_LONG(errors, error_function)
LOOP_1(positive_parts, positive_part(a))
LOOP_1(absolutes, absolute(a))
LOOP_1(flush_denormals, flush_denormal(a))
LOOP_2(flush_below, keep(~(absolute(a) < b), a))
LOOP_1(squares, (a * a))
LOOP_2(add, a + b)
LOOP_2(subtract, a - b)
LOOP_2(multiply, (a * b))
LOOP_2(divide, a / b)
LOOP_2(larger_of, larger(a, b))
LOOP_2(smaller_of, smaller(a, b))
LOOP_2(less, keep(a < b, splat(1.0f)))
LOOP_2(less_equal, keep(a <= b, splat(1.0f)))
LOOP_2(equal, keep(a == b, splat(1.0f)))

static NOINLINE void select_elements(float *to, const float *condition, const float *a, const float *b,
                                     uint32_t count) {
    for (uint32_t i = 0; i < count; i += VLEN)
        store(to + i, choose(load(condition + i) != 0.0f, load(a + i), load(b + i)));
}

void apply_micro_op(uint32_t op, float *to, const float *a, const float *b, const float *c, uint32_t count) {
    switch (op) {
    case MICRO_COPY: return copy_block(to, a, count);
    case MICRO_NEG: return negate(to, a, count);
    case MICRO_EXP: return exponentials(to, a, count);
    case MICRO_LOG: return logarithms(to, a, count);
    case MICRO_SQRT: return square_roots(to, a, count);
    case MICRO_TANH: return hyperbolic_tangents(to, a, count);
    case MICRO_SIGMOID: return logistics(to, a, count);
    case MICRO_RELU: return positive_parts(to, a, count);
    case MICRO_ABS: return absolutes(to, a, count);
    case MICRO_FLUSH: return flush_denormals(to, a, count);
    case MICRO_ADD: return add(to, a, b, count);
    case MICRO_SUB: return subtract(to, a, b, count);
    case MICRO_MUL: return multiply(to, a, b, count);
    case MICRO_DIV: return divide(to, a, b, count);
    case MICRO_MAX: return larger_of(to, a, b, count);
    case MICRO_MIN: return smaller_of(to, a, b, count);
    case MICRO_LESS: return less(to, a, b, count);
    case MICRO_LESS_EQUAL: return less_equal(to, a, b, count);
    case MICRO_EQUAL: return equal(to, a, b, count);
    case MICRO_SELECT: return select_elements(to, a, b, c, count);
    case MICRO_SQUARE: return squares(to, a, count);
    case MICRO_FLUSH_BELOW: return flush_below(to, a, b, count);
    case MICRO_LOG1P: return logarithms_of_one_and(to, a, count);
    case MICRO_SIN: return sines(to, a, count);
    case MICRO_COS: return cosines(to, a, count);
    case MICRO_ERF: return errors(to, a, count);
    case MICRO_POW: return powers(to, a, b, count);
    }
}

/* What a step of Adam reads and writes; plan.h has the formulas and the order of the registers. */
struct adam {
    float *new_w, *new_m, *new_v;
    const float *w, *m, *v, *g, *step_sizes;
    vfloat beta1, rest1, beta2, rest2, step_size, correction, epsilon;
};

INLINE void adam_step(const struct adam *adam, uint32_t i, const bool aside, const bool has_rates) {
    vfloat gradient = load(adam->g + i);
    vfloat mean = flush_denormal(adam->beta1 * load(adam->m + i) + adam->rest1 * gradient);
    vfloat variance = flush_denormal(adam->beta2 * load(adam->v + i) + adam->rest2 * square_from_58(gradient));
    vfloat root = aside ? square_root_aside(variance) : square_root(variance);
    vfloat step_size = has_rates ? load(adam->step_sizes + i) : adam->step_size;
    vfloat step = (step_size * flush_below_111(mean)) / (root * adam->correction + adam->epsilon);
    vfloat weight = load(adam->w + i) - step;
    store(adam->new_m + i, mean);
    store(adam->new_v + i, variance);
    store(adam->new_w + i, weight);
}

/* Quotients and roots take the time: every other root goes without the divider, which is then as busy as the rest. */
INLINE void adam_steps(const struct adam *adam, uint32_t count, const bool has_rates) {
    uint32_t i = 0;
    for (; i + 2 * VLEN <= count; i += 2 * VLEN) {
        adam_step(adam, i, false, has_rates);
        adam_step(adam, i + VLEN, true, has_rates);
    }
    if (i < count) adam_step(adam, i, false, has_rates);
}

/* One step of Adam; with rates, each element has a step size of its own. */
NOINLINE void apply_adam(float *const registers[ADAM_REGISTERS], uint32_t count, bool has_rates) {
    const struct adam adam = {registers[0],          registers[1],          registers[2],         registers[3],
                              registers[4],          registers[5],          registers[6],         registers[11],
                              splat(*registers[7]),  splat(*registers[8]),  splat(*registers[9]), splat(*registers[10]),
                              splat(*registers[11]), splat(*registers[12]), splat(*registers[13])};
    if (has_rates)
        adam_steps(&adam, count, true);
    else
        adam_steps(&adam, count, false);
}
