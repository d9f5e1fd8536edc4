/*
 * Times products of matrices on one core, beside the peak of its multiply-add and the sgemm of other libraries. run.mjs
 * compiles this file together with the kernels and prints what it writes:
 *
 *     products ROUNDS [PATH SYMBOL BITS_OF_INT]...
 *
 * Each round has a short turn of everything, so that what else the machine does takes from all alike. A line is
 * "m n k flags" and, for the peak, the kernels and each library, the highest rate of all rounds and its quartiles, in
 * GFLOP/s. With SHAPE="m n k flags", for that
 * product alone.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels.h"
#include "matmul.h"
#include "multiply_add.h"

#define MOST_LIBRARIES 4
#define TURN_NANOSECONDS 400000
#define MOST_ROUNDS 1000

enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

typedef void sgemm_32(int order, int a_form, int b_form, int m, int n, int k, float alpha, const float *a, int a_stride,
                      const float *b, int b_stride, float beta, float *c, int c_stride);
typedef void sgemm_64(int order, int a_form, int b_form, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                      int64_t a_stride, const float *b, int64_t b_stride, float beta, float *c, int64_t c_stride);

struct library {
    sgemm_32 *call_32;
    sgemm_64 *call_64;
};

struct shape {
    uint32_t m, n, k, flags;
};

static const struct shape shapes[] = {
    {32, 32, 32, 0},
    {64, 64, 64, 0},
    {128, 128, 128, 0},
    {512, 512, 512, 0},
    {1024, 1024, 1024, 0},
    /* layers forward; gradients of weights, with a transposed; gradients of inputs, with b transposed */
    {128, 512, 784, 0},
    {784, 512, 128, 1},
    {128, 784, 512, 2},
    {128, 256, 512, 0},
    {512, 256, 128, 1},
    {128, 512, 256, 2},
    {512, 1024, 784, 0},
    {1024, 1024, 512, 1},
    {512, 1024, 1024, 2},
    {10, 64, 784, 0},
    {784, 64, 10, 1},
    {10, 784, 64, 2},
    {784, 64, 10, 0},
    {10, 784, 64, 0},
    {64, 784, 10, 1},
    {10, 64, 784, 2},
    {10, 10, 784, 0},
    {784, 10, 10, 1},
    {128, 10, 256, 0},
    {256, 10, 128, 1},
    {128, 256, 10, 2},
};

static char *arena;
static uint32_t arena_next;

static uint32_t allocate(uint64_t num_floats) {
    const uint32_t at = arena_next;
    arena_next = round_up(at + (uint32_t)(4 * num_floats), 64) + 64;
    return at;
}

static uint32_t scattered(uint32_t count) {
    const uint32_t at = allocate(count);
    for (uint32_t i = 0; i < count; i++) floats_at(arena, at)[i] = (float)((i + 1) * 2654435761u) * 0x1p-32f - 0.5f;
    return at;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

#define CHAINS 12 /* of sums, each of which waits for its last addition: more than two ports times four cycles */
static volatile float kept;

/* Multiplies and adds in registers alone; how many floating-point operations that were. */
static NOINLINE double peak_turn(uint32_t steps) {
    vfloat total[CHAINS];
    vfloat factor = splat(0.5f), one = splat(1.0f);
    for (int i = 0; i < CHAINS; i++) total[i] = splat((float)i);
    for (uint32_t s = 0; s < steps; s++) {
        for (int i = 0; i < CHAINS; i++) total[i] = multiply_add(total[i], factor, one);
    }
    for (int i = 1; i < CHAINS; i++) total[0] += total[i];
    kept = total[0][0];
    return 2.0 * VLEN * CHAINS * steps;
}

static uint32_t operands[9];

static void call(const struct library *library, struct shape s) {
    if (!library) {
        matmul(arena, operands, 1);
        return;
    }
    const bool a_turned = s.flags & MATMUL_TRANSPOSE_A, b_turned = s.flags & MATMUL_TRANSPOSE_B;
    const int a_form = a_turned ? TRANSPOSED : AS_IS, b_form = b_turned ? TRANSPOSED : AS_IS;
    const int a_stride = (int)(a_turned ? s.m : s.k), b_stride = (int)(b_turned ? s.k : s.n);
    float *c = floats_at(arena, operands[0]);
    const float *a = floats_at(arena, operands[1]), *b = floats_at(arena, operands[2]);
    if (library->call_32)
        library->call_32(ROW_MAJOR, a_form, b_form, (int)s.m, (int)s.n, (int)s.k, 1, a, a_stride, b, b_stride, 0, c,
                         (int)s.n);
    else
        library->call_64(ROW_MAJOR, a_form, b_form, s.m, s.n, s.k, 1, a, a_stride, b, b_stride, 0, c, s.n);
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct library open_library(char **words) {
    struct library library = {0};
    void *const handle = dlopen(words[0], RTLD_NOW | RTLD_LOCAL);
    void *const symbol = handle ? dlsym(handle, words[1]) : 0;
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    if (!strcmp(words[2], "64"))
        library.call_64 = (sgemm_64 *)symbol;
    else
        library.call_32 = (sgemm_32 *)symbol;
    return library;
}

int main(int argc, char **argv) {
    struct library libraries[MOST_LIBRARIES];
    const char *const given = getenv("SHAPE");
    struct shape asked;
    if (given && sscanf(given, "%u %u %u %u", &asked.m, &asked.n, &asked.k, &asked.flags) != 4) exit(1);
    const int rounds = argc > 1 ? (int)least((uint32_t)atoi(argv[1]), MOST_ROUNDS) : 100;
    int num_libraries = 0;
    for (int i = 2; i + 3 <= argc && num_libraries < MOST_LIBRARIES; i += 3)
        libraries[num_libraries++] = open_library(argv + i);
    static double rates[MOST_LIBRARIES + 2][MOST_ROUNDS];
    arena = aligned_alloc(1 << 21, 1 << 28);
    const uint32_t peak_steps = TURN_NANOSECONDS / CHAINS;
    const size_t num_shapes = given ? 1 : sizeof shapes / sizeof *shapes;
    for (size_t which = 0; which < num_shapes; which++) {
        const struct shape s = given ? asked : shapes[which];
        const double flops = 2.0 * s.m * s.n * s.k;
        arena_next = 64;
        const uint32_t c = allocate((uint64_t)s.m * s.n), a = scattered(s.m * s.k), b = scattered(s.k * s.n);
        const uint32_t scratch = allocate(matmul_scratch(s.m, s.n, s.k, s.flags, 1, 0, 1) / 4 + 1);
        const uint32_t all[9] = {c, a, b, s.m, s.n, s.k, s.flags, scratch, 0};
        memcpy(operands, all, sizeof all);
        int calls[MOST_LIBRARIES + 1];
        for (int who = -1; who < num_libraries; who++) {
            const struct library *library = who < 0 ? 0 : libraries + who;
            call(library, s);
            double start = now(), took;
            int count = 0;
            do {
                call(library, s);
                count++;
                took = now() - start;
            } while (took < 10 * TURN_NANOSECONDS);
            calls[who + 1] = count / 10 > 0 ? count / 10 : 1;
        }
        for (int round = 0; round < rounds; round++) {
            double start = now();
            const double done = peak_turn(peak_steps);
            rates[0][round] = done / (now() - start);
            for (int who = -1; who < num_libraries; who++) {
                const struct library *library = who < 0 ? 0 : libraries + who;
                call(library, s);
                start = now();
                for (int i = 0; i < calls[who + 1]; i++) call(library, s);
                rates[who + 2][round] = flops * calls[who + 1] / (now() - start);
            }
        }
        printf("%u %u %u %u", s.m, s.n, s.k, s.flags);
        for (int who = 0; who < num_libraries + 2; who++) {
            qsort(rates[who], (size_t)rounds, sizeof(double), by_size);
            printf(" %.3f %.3f %.3f", rates[who][rounds - 1], rates[who][rounds * 3 / 4], rates[who][rounds / 4]);
        }
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
