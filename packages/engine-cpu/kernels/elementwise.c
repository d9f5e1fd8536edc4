/*
 * The micro-ops of a tape, each a loop of its own over one block. `count` is a multiple of VLEN; a block lies in the
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
LOOP_1(square_roots, square_root(a))
LOOP_LONG(hyperbolic_tangents, hyperbolic_tangent)
LOOP_LONG(logistics, logistic)
LOOP_1(positive_parts, positive_part(a))
LOOP_1(absolutes, absolute(a))
LOOP_1(flush_denormals, flush_denormal(a))
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
    }
}

/* One step of Adam; plan.h has the formulas and the order of the registers. Its quotient and root take the time: the
 * rest is to fit beside them. */
NOINLINE void apply_adam(float *const registers[ADAM_REGISTERS], uint32_t count) {
    float *new_w = registers[0], *new_m = registers[1], *new_v = registers[2];
    const float *w = registers[3], *m = registers[4], *v = registers[5], *g = registers[6];
    const vfloat beta1 = splat(*registers[7]), rest1 = splat(*registers[8]);
    const vfloat beta2 = splat(*registers[9]), rest2 = splat(*registers[10]);
    const vfloat step_size = splat(*registers[11]), correction = splat(*registers[12]), epsilon = splat(*registers[13]);
    for (uint32_t i = 0; i < count; i += VLEN) {
        vfloat gradient = load(g + i);
        vfloat mean = flush_denormal(beta1 * load(m + i) + rest1 * gradient);
        vfloat variance = flush_denormal(beta2 * load(v + i) + rest2 * (gradient * gradient));
        vfloat step = (step_size * mean) / (square_root(variance) * correction + epsilon);
        vfloat weight = load(w + i) - step;
        store(new_m + i, mean);
        store(new_v + i, variance);
        store(new_w + i, weight);
    }
}
