/*
 * The kernels as a Node-API addon. build.mjs compiles this file once for each instruction set, into an addon of its own.
 *
 * The addon keeps no state: it loads in any number of threads and environments. The arena comes with each call as a typed array over the whole of it.
 */
#include "node_api_windows.h"
#include <node_api.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "cpu.h"
#include "kernels.h"
#include "multiply_add.h"

/* The arena's start, and its length in bytes; or 0 with an exception pending. */
static char *arena_of(napi_env env, napi_value memory, size_t *length) {
    void *data = 0;
    napi_typedarray_type type;
    if (napi_get_typedarray_info(env, memory, &type, length, &data, 0, 0) != napi_ok || type != napi_uint8_array) {
        napi_throw_type_error(env, 0, "the arena must be a Uint8Array");
        return 0;
    }
    return data;
}

#define MOST_ARGUMENTS 7

/* Reads `count` arguments, those from `first` on as u32; false with an exception pending. */
static bool read_arguments(napi_env env, napi_callback_info info, size_t count, size_t first, napi_value values[],
                           uint32_t numbers[]) {
    size_t given = count;
    if (napi_get_cb_info(env, info, &given, values, 0, 0) != napi_ok || given != count) {
        napi_throw_type_error(env, 0, "wrong number of arguments");
        return false;
    }
    for (size_t i = first; i < count; i++) {
        if (napi_get_value_uint32(env, values[i], &numbers[i]) != napi_ok) {
            napi_throw_type_error(env, 0, "arguments must be numbers");
            return false;
        }
    }
    return true;
}

static napi_value number(napi_env env, uint32_t value) {
    napi_value result = 0;
    napi_create_uint32(env, value, &result);
    return result;
}

/* run(arena, exec, steps, worker): how the chunk ended; EXEC_REFUSED for an execution outside of the arena */
static napi_value run(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t numbers[MOST_ARGUMENTS];
    if (!read_arguments(env, info, 4, 1, values, numbers)) return 0;
    size_t length = 0;
    char *base = arena_of(env, values[0], &length);
    if (!base) return 0;
    const uint64_t end = (uint64_t)numbers[1] + 4 * EXEC_WORDS;
    if (numbers[1] % 4 != 0 || end > length) return number(env, EXEC_REFUSED);
    return number(env, run_steps(base, numbers[1], numbers[2], numbers[3]));
}

/* profile(arena, exec, steps, worker, profile): as run, and writes the worker's profile; EXEC_REFUSED for one outside of
 * the arena, too */
static napi_value profile(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t n[MOST_ARGUMENTS];
    if (!read_arguments(env, info, 5, 1, values, n)) return 0;
    size_t length = 0;
    char *base = arena_of(env, values[0], &length);
    if (!base) return 0;
    const bool has_words = n[1] % 4 == 0 && (uint64_t)n[1] + 4 * EXEC_WORDS <= length && n[4] % 8 == 0 &&
                           (uint64_t)n[4] + 4 * PROFILE_WORDS <= length;
    if (!has_words) return number(env, EXEC_REFUSED);
    const uint64_t records = words_at(base, n[4])[PROFILE_CAPACITY];
    if (n[4] + 4 * (PROFILE_WORDS + SLICE_WORDS * records) > length) return number(env, EXEC_REFUSED);
    return number(env, profile_steps(base, n[1], n[2], n[3], n[4]));
}

/* check(arena, exec): 0, or what is wrong with the execution */
static napi_value check(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t numbers[MOST_ARGUMENTS];
    size_t length = 0;
    if (!read_arguments(env, info, 2, 1, values, numbers)) return 0;
    char *base = arena_of(env, values[0], &length);
    return base ? number(env, check_exec(base, length, numbers[1])) : 0;
}

/* scan(arena, task): 1 when it was done, 0 when it was refused, since it does not stay in the arena */
static napi_value scan(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t numbers[MOST_ARGUMENTS];
    size_t length = 0;
    if (!read_arguments(env, info, 2, 1, values, numbers)) return 0;
    char *base = arena_of(env, values[0], &length);
    if (!base) return 0;
    if (!can_scan(base, length, numbers[1])) return number(env, 0);
    hamming_scan(base, (const uint32_t *)(base + numbers[1]));
    return number(env, 1);
}

/* draw(arena, to, count, distribution, purpose, seed): the first `count` random numbers of step 0, at `to` */
static napi_value draw(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t n[MOST_ARGUMENTS];
    size_t length = 0;
    if (!read_arguments(env, info, 6, 1, values, n)) return 0;
    char *base = arena_of(env, values[0], &length);
    if (!base) return 0;
    if (n[1] % 4 != 0 || (uint64_t)n[1] + 4 * (uint64_t)n[2] > length) {
        napi_throw_type_error(env, 0, "what is drawn must stay in the arena");
        return 0;
    }
    random_fill((float *)(base + n[1]), 0, n[2], n[3], n[4], n[5], 0);
    return 0;
}

/* matmulScratch(m, n, k, flags, hasDst, hasEpilogue, segments): bytes */
static napi_value scratch(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t n[MOST_ARGUMENTS];
    if (!read_arguments(env, info, 7, 0, values, n)) return 0;
    return number(env, matmul_scratch(n[0], n[1], n[2], n[3], n[4], n[5], n[6]));
}

/* multiplyAdd(a, b, c): a * b + c of f32, rounded once */
static napi_value multiply_add_numbers(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS], result = 0;
    uint32_t none[1];
    double given[3];
    if (!read_arguments(env, info, 3, 3, values, none)) return 0;
    for (int i = 0; i < 3; i++) {
        if (napi_get_value_double(env, values[i], &given[i]) != napi_ok) {
            napi_throw_type_error(env, 0, "arguments must be numbers");
            return 0;
        }
    }
    napi_create_double(env, multiply_add_once((float)given[0], (float)given[1], (float)given[2]), &result);
    return result;
}

/* useLargePages(arena): asks the system for large pages, where it gives them only when asked: with small ones, much of a step
 * goes into looking up where they are. Without them all works as well. */
static napi_value use_large_pages(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    size_t length = 0;
    if (!read_arguments(env, info, 1, 1, values, 0)) return 0;
    char *base = arena_of(env, values[0], &length);
    if (!base) return 0;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(base, length, MADV_HUGEPAGE);
#endif
    return 0;
}

/* What a thread does with denormal numbers is in its control register of floating point. */
#if defined(__x86_64__)
#define FLUSHES 0x8040u /* MXCSR: flush to zero what is computed, denormals are zero where they are read */
static uint32_t float_control(void) { return __builtin_ia32_stmxcsr(); }
static void set_float_control(uint32_t word) { __builtin_ia32_ldmxcsr(word); }
#elif defined(__aarch64__)
#define FLUSHES (1u << 24) /* FPCR.FZ: both */
static uint32_t float_control(void) {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return (uint32_t)word;
}
static void set_float_control(uint32_t word) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)word)); }
#else
#define FLUSHES 0u
static uint32_t float_control(void) { return 0; }
static void set_float_control(uint32_t word) { (void)word; }
#endif

/* flushDenormals(): makes this thread take denormal numbers for zeros; what restoreDenormals takes to undo it */
static napi_value begin_flushing(napi_env env, napi_callback_info info) {
    (void)info;
    const uint32_t before = float_control();
    set_float_control(before | FLUSHES);
    return number(env, before);
}

/* restoreDenormals(before) */
static napi_value end_flushing(napi_env env, napi_callback_info info) {
    napi_value values[MOST_ARGUMENTS];
    uint32_t numbers[MOST_ARGUMENTS];
    if (read_arguments(env, info, 1, 0, values, numbers)) set_float_control(numbers[0]);
    return 0;
}

static bool is_same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* supports(name): whether this CPU, and the system, can run the addon compiled for that instruction set */
static napi_value supports(napi_env env, napi_callback_info info) {
    napi_value name, result = 0;
    size_t given = 1, length;
    char set[16] = "";
    napi_get_cb_info(env, info, &given, &name, 0, 0);
    napi_get_value_string_utf8(env, name, set, sizeof set, &length);
    bool is_supported = is_same(set, "portable");
#if defined(__x86_64__)
    if (is_same(set, "sse4.2")) is_supported = cpu_features() & CPU_SSE42;
    if (is_same(set, "avx2")) is_supported = cpu_features() & CPU_AVX2_FMA;
    if (is_same(set, "avx512")) is_supported = cpu_features() & CPU_AVX512;
#elif defined(__aarch64__)
    if (is_same(set, "neon")) is_supported = true; /* part of the architecture */
#endif
    napi_get_boolean(env, is_supported, &result);
    return result;
}

NAPI_MODULE_INIT() {
    napi_value is_fused;
    if (!find_node_api()) return exports;
    napi_get_boolean(env, MULTIPLY_ADD_IS_FUSED, &is_fused);
    const napi_property_descriptor functions[] = {
        {.utf8name = "isFused", .value = is_fused, .attributes = napi_enumerable},
        {.utf8name = "supports", .method = supports, .attributes = napi_enumerable},
        {.utf8name = "run", .method = run, .attributes = napi_enumerable},
        {.utf8name = "profile", .method = profile, .attributes = napi_enumerable},
        {.utf8name = "check", .method = check, .attributes = napi_enumerable},
        {.utf8name = "scan", .method = scan, .attributes = napi_enumerable},
        {.utf8name = "draw", .method = draw, .attributes = napi_enumerable},
        {.utf8name = "matmulScratch", .method = scratch, .attributes = napi_enumerable},
        {.utf8name = "useLargePages", .method = use_large_pages, .attributes = napi_enumerable},
        {.utf8name = "flushDenormals", .method = begin_flushing, .attributes = napi_enumerable},
        {.utf8name = "restoreDenormals", .method = end_flushing, .attributes = napi_enumerable},
        {.utf8name = "multiplyAdd", .method = multiply_add_numbers, .attributes = napi_enumerable},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
    return exports;
}
