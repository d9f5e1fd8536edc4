/*
 * The clock of profiles.
 */
#include "kernels.h"

#ifdef __wasm__
/* WebAssembly has no clock of its own: the host gives it. */
__attribute__((import_module("env"), import_name("now"))) double host_now(void);

double now_ms(void) { return host_now(); }
#elif defined(_WIN32)
__declspec(dllimport) int QueryPerformanceCounter(int64_t *ticks);
__declspec(dllimport) int QueryPerformanceFrequency(int64_t *ticks_per_second);

double now_ms(void) {
    int64_t ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    return 1e3 * (double)ticks / (double)per_second;
}
#else
#include <time.h>

double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}
#endif
